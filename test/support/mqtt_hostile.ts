/**
 * A node, a bystander it serves, and what a hostile client does to it: the case states the clause
 * and what must come of it; afterwards the bystander and a new client are still served.
 */
import { expect } from "vitest";
import { connect, type Version } from "./mqtt_bytes.ts";
import { RawMqttClient } from "./mqtt_raw_client.ts";
import { type NodeProcess, startNodeProcess } from "./process.ts";

export type Outcome =
  /** Closed without a word of MQTT. */
  | "closed"
  /** Taken, and the connection goes on. */
  | "served"
  /** MQTT 5: a DISCONNECT with this code, then closed; MQTT 3.1.1: closed. */
  | { readonly disconnect: number }
  /** A CONNACK with this code, then closed. */
  | { readonly connack: number }
  /** This packet with this reason code, and the connection goes on. */
  | {
    readonly answer: "puback" | "pubrec" | "pubcomp" | "suback" | "unsuback";
    readonly code: number;
  };

export interface HostileCase {
  readonly name: string;
  /** Of MQTT 5 where none is said; "own" where the standard leaves it to the server. */
  readonly clause: string;
  readonly version: Version;
  /** Null: nothing is said before. */
  readonly connected: boolean;
  /** Each is written by itself, a moment after the one before. */
  readonly send: readonly Uint8Array[];
  readonly outcome: Outcome;
}

/**
 * Resident memory may be so much larger after all of it: the heap of a node that was just started
 * grows with its first work, and does not shrink by as much. What one case could cost is more.
 */
const KEPT_BYTES_MAX = 96 * 1024 * 1024;

/** As `deno task serve` has it. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };

export class HostileWorld {
  readonly node: NodeProcess;
  readonly #bystander: RawMqttClient;
  readonly #memoryBefore: number;
  #visits = 0;

  private constructor(node: NodeProcess, bystander: RawMqttClient, memoryBefore: number) {
    this.node = node;
    this.#bystander = bystander;
    this.#memoryBefore = memoryBefore;
  }

  static async start(flags: readonly string[] = []): Promise<HostileWorld> {
    const node = await startNodeProcess({ lifetime: "file", flags, env: ENVIRONMENT });
    const bystander = await visitor(node, 5, "bystander");
    await bystander.publish("bystander", "first", { qos: 1 });
    return new HostileWorld(node, bystander, await metric(node, "process_resident_memory_bytes"));
  }

  open(version: Version): Promise<RawMqttClient> {
    return RawMqttClient.open({ host: this.node.mqttHost, port: this.node.mqttPort }, version);
  }

  connect(version: Version, clientId = `hostile-${++this.#visits}`): Promise<RawMqttClient> {
    return visitor(this.node, version, clientId);
  }

  async run({ version, connected, send, outcome }: HostileCase): Promise<void> {
    const client = connected ? await this.connect(version) : await this.open(version);
    for (const bytes of send) {
      client.send(bytes);
      if (send.length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await check(client, outcome);
    client.drop();
    await this.serves();
  }

  /** The bystander and a new client are served. */
  async serves(): Promise<void> {
    const puback = await this.#bystander.publish("bystander", "still", { qos: 1 });
    expect(puback?.code).toBeLessThan(0x80);
    const fresh = await this.connect(4, `fresh-${++this.#visits}`);
    await fresh.publish("fresh", "here", { qos: 1 });
    await fresh.leave();
  }

  /** What they made the node hold is given back. */
  async isBack(moreBytes = 0): Promise<void> {
    await until("connections", () => metric(this.node, "logboom_mqtt_connections"), 1);
    expect(await metric(this.node, "logboom_ingress_in_flight_bytes")).toBe(0);
    const now = () => metric(this.node, "process_resident_memory_bytes");
    await until("bytes of memory", now, this.#memoryBefore + KEPT_BYTES_MAX + moreBytes);
  }
}

/** Within half a minute it is no more than that. */
async function until(what: string, read: () => Promise<number>, most: number): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (await read() <= most) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(await read(), what).toBeLessThanOrEqual(most);
}

/** The sum of a metric over its labels. */
export async function metric(node: NodeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}[ {]`).test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function visitor(
  node: NodeProcess,
  version: Version,
  clientId: string,
): Promise<RawMqttClient> {
  const client = await RawMqttClient.open({ host: node.mqttHost, port: node.mqttPort }, version);
  client.send(connect({ version, clientId }));
  expect((await client.take("connack")).code).toBe(0);
  return client;
}

async function check(client: RawMqttClient, outcome: Outcome): Promise<void> {
  if (outcome === "served") return await client.ping();
  if (typeof outcome === "object" && "answer" in outcome) {
    const answer = await client.take(outcome.answer);
    expect(answer.codes?.[0] ?? answer.code).toBe(outcome.code);
    return await client.ping();
  }
  const said = (await client.ended()).map(({ type, code }) => ({ type, code }));
  if (outcome === "closed") expect(said).toEqual([]);
  else if ("connack" in outcome) expect(said).toEqual([{ type: "connack", code: outcome.connack }]);
  else if (client.version === 4) expect(said).toEqual([]);
  else expect(said.at(-1)).toEqual({ type: "disconnect", code: outcome.disconnect });
}
