/**
 * Where settings come from: flags over environment over file. Each value keeps the name under which
 * the operator wrote it, so that a complaint about it uses that name.
 *
 * @module
 */
import { parse as parseYaml } from "yaml";
import { messageOf, OperatingError } from "../base/errors.ts";
import { didYouMean } from "./nearest.ts";
import { SETTINGS, STRUCTURES } from "./settings.ts";

export const ENV_PREFIX = "LOGBOOM_";

/** Variables of the same prefix that are for the command line tools, not for a node. */
const CLIENT_VARIABLES = ["LOGBOOM_URL", "LOGBOOM_TOKEN"];

export interface Given {
  /** As the operator wrote it: "--mqtt-port", "LOGBOOM_MQTT_PORT" or "mqtt_port in gateway.yaml". */
  readonly name: string;
  readonly value: unknown;
}

/** Keys in snake_case to what was given for them. */
export type GivenSettings = ReadonlyMap<string, Given>;

const KEYS = new Set([...Object.keys(SETTINGS), "config"]);

export function flagName(key: string): string {
  return `--${key.replaceAll("_", "-")}`;
}

export function variableName(key: string): string {
  return `${ENV_PREFIX}${key.toUpperCase()}`;
}

/** Reads `--key value`, `--key=value` and a bare `--key`, which stands for true. */
export function readFlags(args: readonly string[]): GivenSettings {
  const given = new Map<string, Given>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (!arg.startsWith("--")) throw invalid(`Cannot use argument "${arg}": flags begin with --`);
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const key = name.slice(2).replaceAll("-", "_");
    if (!KEYS.has(key) || name.includes("_")) {
      const hint = didYouMean(name.replaceAll("_", "-"), [...KEYS].map(flagName));
      throw invalid(`Cannot use flag ${name}: there is no such flag${hint}`);
    }
    if (given.has(key)) throw invalid(`Cannot use flag ${name}: it is given twice`);
    let value = equals < 0 ? "" : arg.slice(equals + 1);
    const next = args[at + 1];
    if (equals < 0 && next !== undefined && !next.startsWith("--")) {
      value = next;
      at++;
    }
    given.set(key, { name, value });
  }
  return given;
}

export function readEnvironment(env: Readonly<Record<string, string>>): GivenSettings {
  const given = new Map<string, Given>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || CLIENT_VARIABLES.includes(name)) continue;
    const key = name.slice(ENV_PREFIX.length).toLowerCase();
    if (!KEYS.has(key) || name !== variableName(key)) {
      const hint = didYouMean(name, [...KEYS].map(variableName));
      throw invalid(`Cannot use environment variable ${name}: there is no such setting${hint}`);
    }
    given.set(key, { name, value });
  }
  return given;
}

/** Reads the YAML file. Values stay as they are; `config` itself cannot stand in a file. */
export function readFile(path: string, content: string): GivenSettings {
  const given = new Map<string, Given>();
  const known = [...Object.keys(SETTINGS), ...Object.keys(STRUCTURES)];
  for (const [key, value] of Object.entries(mapIn(path, content))) {
    if (!known.includes(key)) {
      const hint = didYouMean(key, known);
      throw invalid(`Cannot use ${path}: there is no setting "${key}"${hint}`);
    }
    // A key without a value is a line someone left to fill in later.
    if (value !== null) given.set(key, { name: `${key} in ${path}`, value });
  }
  return given;
}

function mapIn(path: string, content: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parseYaml(content);
  } catch (error) {
    const line = messageOf(error).split("\n")[0]!.replace(/:$/, "");
    throw invalid(`Cannot read ${path}: ${line}`);
  }
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed === "object" && !Array.isArray(parsed)) return { ...parsed };
  throw invalid(`Cannot read ${path}: expected a map of settings`);
}

export function invalid(message: string): OperatingError {
  return new OperatingError("invalid_config", message);
}
