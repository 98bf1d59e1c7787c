/**
 * A case of the MQTT conformance suite: named by the clauses it holds the server to, run once for
 * each version that has them.
 *
 *     clause({ v4: "3.1.0-1", v5: "3.1.0-1" }, "closes when …", async ({ open }) => { … });
 *
 * The server is our node as a process, one for each test file, or the broker that
 * LOGBOOM_TEST_BROKER names as host:port (LOGBOOM_TEST_BROKER_WS: its WebSocket as a URL). What
 * a case needs that such a broker need not have is skipped there by name. With
 * LOGBOOM_TEST_TRANSPORT=websocket all of it goes over WebSocket.
 *
 * src/ingress/mqtt/CLAUSES.md lists every clause; test/conformance/mqtt/clauses.test.ts reads the
 * calls of `clause` in the sources, so its first argument is always written out.
 */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, type ConnectOptions, type Version } from "./mqtt_bytes.ts";
import { type Address, RawMqttClient } from "./mqtt_raw_client.ts";
import type { Received } from "./mqtt_reader.ts";
import { type NodeProcess, startNodeProcess } from "./process.ts";

export interface Clauses {
  /** Of MQTT 3.1.1, separated by spaces. */
  readonly v4?: string;
  /** Of MQTT 5. */
  readonly v5?: string;
  /** It starts a node of ours, set up for it: skipped against another broker. */
  readonly ours?: true;
}

type ConnectExtras = Omit<ConnectOptions, "version"> & { readonly version?: Version };

/** One case at work: what it opens is closed after it. */
export interface World {
  readonly version: Version;
  /** The server's MQTT port. */
  readonly server: Address;
  /** Its WebSocket, null where it has none. */
  readonly webSocketUrl: string | null;
  /** A topic name of this case alone. */
  topic(name?: string): string;
  /** A client identifier of this case alone, fit for every server. */
  clientId(name?: string): string;
  /** A connection that has said nothing yet. */
  open(version?: Version): Promise<RawMqttClient>;
  /** A connected client. */
  connect(options?: ConnectExtras): Promise<RawMqttClient>;
  /** Sends one CONNECT and returns what is left of the connection after it. */
  refused(options: ConnectExtras): Promise<Received[]>;
}

/** Whether the server is our own node. */
export const isOwnServer = process.env["LOGBOOM_TEST_BROKER"] === undefined;
const OVER_WEBSOCKET = process.env["LOGBOOM_TEST_TRANSPORT"] === "websocket";
const MS = 60_000;

let node: NodeProcess | null = null;

beforeAll(async () => {
  if (isOwnServer) {
    node = await startNodeProcess({ lifetime: "file", flags: ["--mqtt-websocket", "true"] });
  }
});

afterAll(async () => {
  await node?.kill();
});

export function clause(
  of: Clauses,
  title: string,
  run: (world: World) => Promise<void>,
): void {
  for (const [version, clauses] of [[4, of.v4], [5, of.v5]] as const) {
    if (clauses === undefined) continue;
    const name = `MQTT ${version === 4 ? "3.1.1" : "5"} ${namesOf(clauses)} ${title}`;
    const test = of.ours === true && !isOwnServer ? it.skipIf(true) : it.concurrent;
    test(name, async () => {
      const opened: RawMqttClient[] = [];
      try {
        await run(worldOf(version, opened));
      } finally {
        for (const client of opened) client.drop();
      }
    }, MS);
  }
}

/** `"3.1.0-1 3.1.0-2"` to `"[MQTT-3.1.0-1] [MQTT-3.1.0-2]"`. */
function namesOf(clauses: string): string {
  return clauses.split(" ").map((one) => `[MQTT-${one}]`).join(" ");
}

function worldOf(version: Version, opened: RawMqttClient[]): World {
  const unique = randomBytes(6).toString("hex");
  const server = serverAddress();
  const open = async (one: Version = version) => {
    const client = OVER_WEBSOCKET
      ? await RawMqttClient.openWebSocket(webSocketUrl()!, one)
      : await RawMqttClient.open(server, one);
    opened.push(client);
    return client;
  };
  const send = async (options: ConnectExtras) => {
    const client = await open(options.version);
    client.send(connect({ version, clientId: `c${randomBytes(8).toString("hex")}`, ...options }));
    return client;
  };
  return {
    version,
    server,
    webSocketUrl: webSocketUrl(),
    topic: (name = "t") => `${unique}/${name}`,
    clientId: (name = "c") => `${unique}${name}`,
    open,
    connect: async (options = {}) => {
      const client = await send(options);
      client.connack = await client.next();
      expect(client.connack.type).toBe("connack");
      expect(client.connack.code).toBe(0);
      return client;
    },
    refused: async (options) => (await send(options)).ended(),
  };
}

function serverAddress(): Address {
  if (node !== null) return { host: node.mqttHost, port: node.mqttPort };
  const [host, port] = process.env["LOGBOOM_TEST_BROKER"]!.split(":");
  return { host: host!, port: Number(port) };
}

function webSocketUrl(): string | null {
  if (node !== null) return `${node.http.replace(/^http/, "ws")}/mqtt`;
  return process.env["LOGBOOM_TEST_BROKER_WS"] ?? null;
}

/**
 * The server closes the connection. MQTT 5 may be told why before, with one of these codes; MQTT
 * 3.1.1 is told nothing.
 */
export async function expectFault(
  client: RawMqttClient,
  ...codes: readonly number[]
): Promise<void> {
  const left = await client.ended();
  const last = left.filter(({ type }) => type === "disconnect");
  expect(last.length).toBeLessThanOrEqual(1);
  if (last.length === 0) return;
  expect(left.at(-1)).toBe(last[0]);
  if (codes.length > 0) expect(codes).toContain(last[0]!.code);
}

/** Nothing but a CONNACK that refuses, or nothing at all. */
export function expectRefusal(left: readonly Received[], ...codes: readonly number[]): void {
  expect(left.length).toBeLessThanOrEqual(1);
  for (const { type, code } of left) {
    expect(type).toBe("connack");
    expect(code).toBeGreaterThan(0);
    if (codes.length > 0) expect(codes).toContain(code);
  }
}

/** Runs every case, and fails with all that failed, each by its name. */
export async function eachOf<Case>(
  cases: Iterable<readonly [string, Case]>,
  run: (one: Case, name: string) => Promise<void>,
): Promise<void> {
  const failures: string[] = [];
  await Promise.all([...cases].map(async ([name, one]) => {
    try {
      await run(one, name);
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }));
  expect(failures).toEqual([]);
}

/** Milliseconds as a promise: for intervals the protocol measures itself. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
