/**
 * Real processes, real disks, a bad uplink: gateway and centre are killed (kill -9) in turn while
 * MQTT and HTTP clients publish, and the link between them drops connections. In the end every
 * record that was acknowledged is at the centre once, and each publisher's are in order.
 *
 * LOGBOOM_KILLS says how often; a few in CI, 50 and more for the record. LOGBOOM_SEED replays the
 * link's and the killer's draws, though not what the scheduler made of them.
 */
import mqtt from "mqtt";
import { expect, it } from "vitest";
import { diceOf } from "../support/dice.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import { type NodeProcess, startNodeProcess, temporaryDirectory } from "../support/process.ts";

const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 4);
const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const PUBLISHERS = 4;
const WINDOW = 20;
const PAUSE_MS = 20;
const CAUGHT_UP_MS = 60_000;

const FAULTS = { refuse: 0.1, cut: 0.01, stall: 0.02, stallMs: 300 };

it(
  `delivers every acknowledged record once and in order, through ${KILLS} kills (seed ${SEED})`,
  async () => {
    const dice = diceOf(SEED);
    const centre = new KilledNode("centre", ["--default-partitions", "3"]);
    await centre.start();
    const proxy = await FlakyProxy.start(centre.httpPort, { dice, faults: FAULTS });
    const upstream = ["--upstream", `http://127.0.0.1:${proxy.port}`];
    const gateway = new KilledNode("gateway", ["--default-partitions", "2", ...upstream]);
    await gateway.start();

    const publishers = Array.from(
      { length: PUBLISHERS },
      (_, at) =>
        at % 2 === 0 ? new MqttPublisher(`m${at}`, gateway) : new HttpPublisher(`h${at}`, gateway),
    );
    const loads = publishers.map((publisher) => publisher.run());
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(300 + dice() * 1_000);
      await (kill % 2 === 0 ? gateway : centre).restart();
    }
    await sleep(500);
    for (const publisher of publishers) publisher.stop();
    await Promise.all(loads);

    const acknowledged = publishers.flatMap((publisher) => [...publisher.acknowledged]);
    const held = await caughtUp(centre, acknowledged);
    const counts = Map.groupBy(held, (value) => value);
    expect(acknowledged.filter((value) => !counts.has(value)), "missing").toEqual([]);
    expect([...counts].filter(([, twice]) => twice.length > 1).map(([value]) => value), "doubled")
      .toEqual([]);
    for (const { name } of publishers) {
      const numbers = held.filter((value) => value.startsWith(`${name}:`))
        .map((value) => Number(value.split(":")[1]));
      expect(numbers, `order of ${name}`).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS * 10);
    process.stdout.write(
      `${KILLS} kills, ${proxy.cuts} cuts: ${acknowledged.length} acknowledged, ` +
        `${held.length} at the centre\n`,
    );
    await proxy.stop();
    await gateway.node.stop();
    await centre.node.stop();
  },
  120_000 + KILLS * 15_000,
);

/** A node that keeps its ports and its data over kills. */
class KilledNode {
  node!: NodeProcess;
  readonly #dataDir = temporaryDirectory();
  readonly #name: string;
  readonly #flags: readonly string[];
  #ports: readonly string[] = [];

  constructor(name: string, flags: readonly string[]) {
    this.#name = name;
    this.#flags = flags;
  }

  get httpPort(): number {
    return Number(new URL(this.node.http).port);
  }

  async start(): Promise<void> {
    const flags = ["--node-name", this.#name, ...this.#flags, ...this.#ports];
    this.node = await startNodeProcess({ dataDir: this.#dataDir, flags });
    const { mqttPort } = this.node;
    this.#ports = ["--mqtt-port", String(mqttPort), "--http-port", String(this.httpPort)];
  }

  async restart(): Promise<void> {
    await this.node.kill();
    await this.start();
  }
}

/** Publishes "name:n" for n = 0, 1, 2 …; what is not acknowledged is given up, never sent again. */
abstract class Publisher {
  readonly acknowledged = new Set<string>();
  readonly name: string;
  protected readonly gateway: KilledNode;
  protected stopped = false;
  #next = 0;

  constructor(name: string, gateway: KilledNode) {
    this.name = name;
    this.gateway = gateway;
  }

  stop(): void {
    this.stopped = true;
  }

  abstract run(): Promise<void>;

  protected next(): string {
    return `${this.name}:${this.#next++}`;
  }
}

class HttpPublisher extends Publisher {
  async run(): Promise<void> {
    while (!this.stopped) {
      const values = Array.from({ length: WINDOW }, () => this.next());
      try {
        const url = `${this.gateway.node.http}/v1/topics/http-load/records?key=${this.name}`;
        const headers = { "content-type": "text/plain" };
        const signal = AbortSignal.timeout(5_000);
        const body = values.join("\n");
        const answer = await fetch(url, { method: "POST", headers, body, signal });
        await answer.body?.cancel();
        if (answer.ok) { for (const value of values) this.acknowledged.add(value); }
      } catch {
        await sleep(100);
      }
      await sleep(PAUSE_MS);
    }
  }
}

class MqttPublisher extends Publisher {
  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.#session();
      } catch {
        await sleep(100);
      }
    }
  }

  async #session(): Promise<void> {
    const url = `mqtt://127.0.0.1:${this.gateway.node.mqttPort}`;
    const client = mqtt.connect(url, { reconnectPeriod: 0, clean: true, connectTimeout: 2_000 });
    const closed = new Promise<never>((_, reject) => {
      client.on("close", () => reject(new Error("closed")));
      client.on("error", reject);
    });
    closed.catch(() => {});
    try {
      await Promise.race([closed, new Promise((resolve) => client.once("connect", resolve))]);
      while (!this.stopped) {
        const values = Array.from({ length: WINDOW }, () => this.next());
        await Promise.race([
          closed,
          Promise.all(values.map((value) => this.#publish(client, value))),
        ]);
        await sleep(PAUSE_MS);
      }
    } finally {
      await client.endAsync(true).catch(() => {});
    }
  }

  #publish(client: mqtt.MqttClient, value: string): Promise<void> {
    return new Promise((resolve, reject) => {
      client.publish(`load/${this.name}`, value, { qos: 1 }, (error) => {
        if (error) return reject(error);
        this.acknowledged.add(value);
        resolve();
      });
    });
  }
}

/** All values at the centre, once those are among them, or once the time is up. */
async function caughtUp(centre: KilledNode, wanted: readonly string[]): Promise<string[]> {
  const endMs = Date.now() + CAUGHT_UP_MS;
  for (;;) {
    const held = await everything(centre.node.http);
    const known = new Set(held);
    if (wanted.every((value) => known.has(value)) || Date.now() > endMs) return held;
    await sleep(500);
  }
}

interface TopicJson {
  readonly topic: string;
  readonly partitions: readonly unknown[];
}

interface PageJson {
  readonly records: readonly { readonly value: string }[];
  readonly next_offset: number;
}

async function everything(http: string): Promise<string[]> {
  const { topics } = await (await fetch(`${http}/v1/topics`)).json() as { topics: TopicJson[] };
  const values: string[] = [];
  for (const { topic, partitions } of topics) {
    for (let partition = 0; partition < partitions.length; partition++) {
      for (let offset = 0;;) {
        const path = `/v1/topics/${topic}/partitions/${partition}/records`;
        const answer = await fetch(`${http}${path}?offset=${offset}`);
        if (!answer.ok) throw new Error(await answer.text());
        const page = await answer.json() as PageJson;
        values.push(...page.records.map(({ value }) => value));
        if (page.next_offset === offset) break;
        offset = page.next_offset;
      }
    }
  }
  return values;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
