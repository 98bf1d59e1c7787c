/**
 * From flags, environment and file to one frozen, validated Config. Flag > environment > file >
 * default. Whatever is wrong is said in one sentence that uses the name the operator wrote.
 *
 * @module
 */
import { Misfit, type Read, type Reader } from "./config/reader.ts";
import { NODE_SETTINGS, SETTINGS, STRUCTURES, TOPIC_SETTINGS } from "./config/settings.ts";
import {
  type Given,
  type GivenSettings,
  invalid,
  readEnvironment,
  readFile,
  readFlags,
} from "./config/sources.ts";
import { messageOf } from "./base/errors.ts";
import { SOURCES_MAX } from "./base/door_limits.ts";
import { LINK_WINDOWS_MAX } from "./base/link_limits.ts";

type Values<T extends Readonly<Record<string, { readonly read: Reader<unknown> }>>> = {
  readonly [K in keyof T]: Read<T[K]["read"]>;
};

type Unset =
  | "connections_per_address_max"
  | "cors_origins"
  | "disk_budget_bytes"
  | "link_bytes_per_day"
  | "link_bytes_per_month"
  | "link_bytes_per_second"
  | "mqtt_bytes_per_second_max"
  | "mqtt_client_bytes_per_second_max"
  | "mqtt_client_publishes_per_second_max"
  | "mqtt_connects_per_second_max"
  | "mqtt_publishes_per_second_max"
  | "node_name"
  | "tls_cert"
  | "tls_key"
  | "upstream"
  | "upstream_token";
type NodeValues = Values<typeof NODE_SETTINGS>;

/** Keys are the settings' own, in snake_case; see config/settings.ts for their meaning. */
export type Config =
  & Readonly<Omit<NodeValues, Unset>>
  & Readonly<
    { node_name: string } & { [K in Exclude<Unset, "node_name">]: NodeValues[K] | null }
  >
  & Values<typeof TOPIC_SETTINGS>
  & { readonly [K in keyof typeof STRUCTURES]: Readonly<Read<(typeof STRUCTURES)[K]>> };

export type Credential = Config["credentials"][number];
export type SourceSetting = Config["sources"][number];
export type RouteSetting = Config["routes"][number];
export type TopicOverrides = Config["topics"][string];

export interface ConfigSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string;
  readonly hostName: () => string;
}

const EMPTY_STRUCTURES: Readonly<Record<string, unknown>> = {
  routes: [],
  credentials: [],
  link_windows: [],
  sources: [],
  topics: {},
};

/** @throws {OperatingError} `invalid_config`, with a sentence that says what to change. */
export function loadConfig(sources: ConfigSources): Config {
  const flags = readFlags(sources.args);
  const variables = readEnvironment(sources.env);
  const file = openFile(flags.get("config") ?? variables.get("config"), sources);

  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const given = flags.get(key) ?? variables.get(key) ?? file.get(key);
    config[key] = given === undefined ? setting.default ?? null : valueOf(given, setting.read);
  }
  for (const [key, read] of Object.entries(STRUCTURES)) {
    const given = file.get(key);
    config[key] = given === undefined ? EMPTY_STRUCTURES[key] : valueOf(given, read);
  }
  config.node_name ??= sources.hostName();
  const whole = config as unknown as Config;
  checkRelations(whole);
  return deepFreeze(whole);
}

function openFile(given: Given | undefined, sources: ConfigSources): GivenSettings {
  if (given === undefined) return new Map();
  const path = String(given.value);
  let content: string;
  try {
    content = sources.readFile(path);
  } catch (error) {
    throw invalid(`Cannot read ${path}, named by ${given.name}: ${messageOf(error)}`);
  }
  return readFile(path, content);
}

function valueOf(given: Given, read: Reader<unknown>): unknown {
  try {
    return read(given.value);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const place = [given.name, ...error.path].join(", ");
    // A secret is never shown back.
    const hidden = error.given === undefined || /token|password|^sources.* mqtt$/.test(place);
    const shown = hidden ? "" : ` ${JSON.stringify(error.given)}`;
    throw invalid(`Cannot use ${place}${shown}: ${error.message}`);
  }
}

/** What no single value can be blamed for. */
function checkRelations(config: Config): void {
  const { mqtt_port, mqtts_port, http_port, https_port, tls_cert, tls_key } = config;
  if ([mqtt_port, mqtts_port, http_port, https_port].every((port) => port === null)) {
    throw invalid("Cannot start with --mqtt-port off and --http-port off: nothing would listen");
  }
  if ((tls_cert === null) !== (tls_key === null)) {
    throw invalid("Cannot use one of tls_cert and tls_key without the other");
  }
  const secure = mqtts_port === null ? "https_port" : "mqtts_port";
  if (config[secure] !== null && tls_cert === null) {
    throw invalid(`Cannot use ${secure} without tls_cert and tls_key: TLS needs a certificate`);
  }
  if (!isLoopback(config.host) && config.credentials.length === 0 && !config.allow_anonymous) {
    throw invalid(
      `Cannot listen on ${config.host} without credentials: anyone in reach could publish and ` +
        "read; add credentials to the file given by --config, or accept that with --allow-anonymous",
    );
  }
  if (config.in_flight_bytes_per_connection_max > config.in_flight_bytes_max) {
    throw invalid(
      "Cannot use in_flight_bytes_per_connection_max: it is above in_flight_bytes_max",
    );
  }
  const policies = [config, ...Object.values(config.topics)];
  for (const { disk_policy, severity_field } of policies) {
    if (disk_policy !== "keep_errors" || (severity_field ?? config.severity_field) !== "") continue;
    throw invalid(
      "Cannot use disk_policy keep_errors without severity_field: it would keep nothing",
    );
  }
  if (config.link_windows.length > LINK_WINDOWS_MAX) {
    throw invalid(`Cannot use link_windows: there may be at most ${LINK_WINDOWS_MAX}`);
  }
  const internal = [...config.routes.map(({ topic }) => topic), ...Object.keys(config.topics)]
    .find((topic) => topic.startsWith("__"));
  if (internal !== undefined) {
    throw invalid(`Cannot use topic "${internal}": "__" marks internal ones`);
  }
  checkSources(config);
  const names = config.credentials.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`Cannot use credentials: "${twice}" stands there twice`);
}

function checkSources({ node_name, sources }: Config): void {
  if (sources.length > SOURCES_MAX) {
    throw invalid(`Cannot use sources: there may be at most ${SOURCES_MAX}`);
  }
  const names = sources.map((source) => sourceNames(source, node_name).name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw invalid(`Cannot use sources: two are named "${twice}"; give each a name of its own`);
}

/** What a source is called, and calls itself, where the file does not say. */
export function sourceNames(
  { mqtt, name = new URL(mqtt).host, client_id }: SourceSetting,
  nodeName: string,
): { readonly name: string; readonly clientId: string } {
  return { name, clientId: client_id ?? `logboom-${nodeName}-${name}` };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
