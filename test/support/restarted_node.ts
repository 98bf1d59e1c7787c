/**
 * Real nodes that are killed and come back on their ports and their data, or on an older copy of it;
 * publishers that go on through all of that; and what can be read from a node in the end.
 */
import { cpSync, rmSync } from "node:fs";
import { type NodeProcess, startNodeProcess, temporaryDirectory } from "./process.ts";

export class RestartedNode {
  node!: NodeProcess;
  /** From the next start on. */
  flags: readonly string[];
  readonly name: string;
  readonly dataDir = temporaryDirectory();
  #ports: readonly string[] = [];

  constructor(name: string, flags: readonly string[] = []) {
    this.name = name;
    this.flags = flags;
  }

  static async start(name: string, flags: readonly string[] = []): Promise<RestartedNode> {
    const node = new RestartedNode(name, flags);
    await node.start();
    return node;
  }

  get http(): string {
    return this.node.http;
  }

  get httpPort(): number {
    return Number(new URL(this.node.http).port);
  }

  async start(): Promise<void> {
    const flags = ["--node-name", this.name, ...this.flags, ...this.#ports];
    this.node = await startNodeProcess({ dataDir: this.dataDir, flags });
    const { mqttPort } = this.node;
    this.#ports = ["--mqtt-port", String(mqttPort), "--http-port", String(this.httpPort)];
  }

  /** kill -9, and up again. */
  async restart(): Promise<void> {
    await this.node.kill();
    await this.start();
  }

  /** Restarts it with another upstream. */
  async moveTo(upstreamUrl: string): Promise<void> {
    const at = this.flags.indexOf("--upstream");
    const others = at < 0 ? this.flags : this.flags.toSpliced(at, 2);
    this.flags = [...others, "--upstream", upstreamUrl];
    await this.restart();
  }

  /** Kills it, and copies what is on its disk; start it afterwards. */
  async killedImage(): Promise<string> {
    await this.node.kill();
    const image = temporaryDirectory();
    cpSync(this.dataDir, image, { recursive: true });
    return image;
  }

  /** Kills it, and puts an image back; start it afterwards. */
  async killedRestore(image: string): Promise<void> {
    await this.node.kill();
    rmSync(this.dataDir, { recursive: true });
    cpSync(image, this.dataDir, { recursive: true });
  }
}

const WINDOW = 20;
const PAUSE_MS = 20;

/** Publishes "name:n" for n = 0, 1, 2 …; what is not acknowledged is given up, never sent again. */
export abstract class Publisher {
  readonly acknowledged = new Set<string>();
  readonly name: string;
  protected readonly target: RestartedNode;
  protected stopped = false;
  #next = 0;

  constructor(name: string, target: RestartedNode) {
    this.name = name;
    this.target = target;
  }

  stop(): void {
    this.stopped = true;
  }

  abstract run(): Promise<void>;

  protected window(): string[] {
    return Array.from({ length: WINDOW }, () => `${this.name}:${this.#next++}`);
  }
}

export class HttpPublisher extends Publisher {
  readonly topic: string;

  constructor(name: string, target: RestartedNode, topic = "http-load") {
    super(name, target);
    this.topic = topic;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      if (!await this.publish(this.window())) await sleep(100);
      await sleep(PAUSE_MS);
    }
  }

  /** Publishes so many, and resolves when all are acknowledged. */
  async some(count: number): Promise<void> {
    for (const end = this.acknowledged.size + count; this.acknowledged.size < end;) {
      if (!await this.publish(this.window())) throw new Error(`${this.name} was not acknowledged`);
    }
  }

  protected async publish(values: readonly string[]): Promise<boolean> {
    try {
      const url = `${this.target.http}/v1/topics/${this.topic}/records?key=${this.name}`;
      const headers = { "content-type": "text/plain" };
      const signal = AbortSignal.timeout(5_000);
      const body = values.join("\n");
      const answer = await fetch(url, { method: "POST", headers, body, signal });
      await answer.body?.cancel();
      if (!answer.ok) return false;
      for (const value of values) this.acknowledged.add(value);
      return true;
    } catch {
      return false;
    }
  }
}

const CAUGHT_UP_MS = 60_000;

/** All values at a node, once those are among them, or once the time is up. */
export async function caughtUp(at: RestartedNode, wanted: readonly string[]): Promise<string[]> {
  const endMs = Date.now() + CAUGHT_UP_MS;
  for (;;) {
    const held = await everything(at.http);
    const known = new Set(held);
    if (wanted.every((value) => known.has(value)) || Date.now() > endMs) return held;
    await sleep(300);
  }
}

/** What is wrong with what is held; empty lists where each is there once and in order. */
export function faultsOf(held: readonly string[], publishers: readonly Publisher[]): object {
  const counts = Map.groupBy(held, (value) => value);
  const acknowledged = publishers.flatMap((publisher) => [...publisher.acknowledged]);
  const disordered = publishers.map(({ name }) => name).filter((name) => {
    const numbers = held.filter((value) => value.startsWith(`${name}:`))
      .map((value) => Number(value.split(":")[1]));
    return numbers.some((number, at) => at > 0 && number < numbers[at - 1]!);
  });
  return {
    missing: acknowledged.filter((value) => !counts.has(value)),
    doubled: [...counts].filter(([, twice]) => twice.length > 1).map(([value]) => value),
    disordered,
  };
}

export const NO_FAULTS = { missing: [], doubled: [], disordered: [] };

export interface LossTotals {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly ledgered: number;
}

/** The account of a node over all its logs. */
export async function lossTotals(http: string): Promise<LossTotals> {
  const answer = await fetch(`${http}/v1/losses`);
  return (await answer.json() as { totals: LossTotals }).totals;
}

/** Asks again and again until it is so, or the time is up; then the last answer is returned. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isSo: (value: T) => boolean,
  limitMs = 30_000,
): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (isSo(value) || Date.now() > endMs) return value;
    await sleep(200);
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

/** The first word of every record that can be read, partition by partition. */
export async function everything(http: string): Promise<string[]> {
  const { topics } = await (await fetch(`${http}/v1/topics`)).json() as { topics: TopicJson[] };
  const values: string[] = [];
  for (const { topic, partitions } of topics) {
    for (let partition = 0; partition < partitions.length; partition++) {
      const path = `${http}/v1/topics/${topic}/partitions/${partition}/records`;
      for (let from = "earliest";;) {
        const answer = await fetch(`${path}?offset=${from}&max_records=5000`);
        if (!answer.ok) throw new Error(await answer.text());
        const page = await answer.json() as PageJson;
        values.push(...page.records.map(({ value }) => value.split(" ")[0]!));
        if (String(page.next_offset) === from) break;
        from = String(page.next_offset);
      }
    }
  }
  return values;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
