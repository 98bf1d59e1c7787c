/**
 * Counts what a gateway acknowledged, and says what is wrong with what a centre holds.
 */
import type { StoreSettings } from "../../src/store/settings.ts";
import type { LogFields, Logger } from "../../src/base/log.ts";
import { OperatingError } from "../../src/base/errors.ts";
import { diceOf } from "./dice.ts";
import { FlakyLink, type LinkFaults } from "./flaky_link.ts";
import { HandClock } from "./hand_clock.ts";
import type { CrashModel } from "./simulated_disk.ts";
import { type ReadRecord, SimulatedNode } from "./replication_world.ts";

const LINES_KEPT = 12;

export class ReplicationOracle {
  readonly clock = new HandClock();
  readonly dice: () => number;
  readonly gateway: SimulatedNode;
  readonly centre: SimulatedNode;
  readonly link: FlakyLink;
  /** Payloads, by the partition they went to at the gateway, in the order they were published. */
  readonly #published: string[][] = [];
  readonly #acknowledged = new Set<string>();
  /** Publishes not answered, by the gateway's run; those of a run that died never are. */
  readonly #underWay = new Map<number, number>();
  readonly #lines: string[] = [];
  #next = 0;

  constructor(seed: number, settings: Partial<StoreSettings>, crashModel?: CrashModel) {
    this.dice = diceOf(seed);
    const common = { clock: this.clock, settings, crashModel, logger: this.#logger() };
    this.gateway = new SimulatedNode({ ...common, name: "gateway", seed: 2 * seed });
    this.centre = new SimulatedNode({ ...common, name: "centre", seed: 2 * seed + 1 });
    this.link = new FlakyLink(this.clock, this.dice);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Whether the gateway believes that everything was delivered. */
  get settled(): boolean {
    const { gateway, centre } = this;
    return !gateway.crashed && !centre.crashed && (this.#underWay.get(gateway.run) ?? 0) === 0 &&
      gateway.forwarder?.status().lagRecords === 0;
  }

  /** Keeps the last lines, for a failure's message. */
  #logger(): Logger {
    const keep = (level: string) => (event: string, fields: LogFields = {}) => {
      this.#lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
      if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    };
    return { debug() {}, info() {}, warn: keep("warn"), error: keep("error") };
  }

  /** For a failure's message. */
  status(): Record<string, unknown> {
    const { gateway, centre } = this;
    return {
      lines: this.#lines,
      crashed: [gateway.crashed, centre.crashed],
      publishing: this.#underWay.get(gateway.run),
      forwarder: gateway.forwarder?.status(),
      lost: [gateway, centre].map(({ store }) => [...store.ledger.entries()]),
      ranges: [...centre.store.ranges.all()].map(({ logId, watermark, expected, source }) => ({
        logId,
        watermark,
        expected,
        partition: source.partition,
      })),
      logs: gateway.store.topic("logs")?.partitions.map((log) => ({
        chain: gateway.store.logs.chain("logs", log.index).map((row) => row.logId),
        highWatermark: log.highWatermark,
        forwarded: gateway.store.forwarded.of("logs", log.index),
      })),
    };
  }

  async start(): Promise<void> {
    await this.centre.start();
    this.link.serve = this.centre.serve();
    await this.gateway.start();
    this.gateway.forward(this.link);
  }

  async restart(node: SimulatedNode): Promise<void> {
    if (node === this.centre) this.link.serve = null;
    node.crash();
    await node.start();
    if (node === this.centre) this.link.serve = node.serve();
    else node.forward(this.link);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.centre.stop();
  }

  /** Publishes without waiting for the acknowledgement. */
  publish(partition: number, count: number): void {
    const values = Array.from({ length: count }, () => `${partition}:${this.#next++}`);
    (this.#published[partition] ??= []).push(...values);
    const { run } = this.gateway;
    this.#count(run, 1);
    void this.gateway.append("logs", partition, values).then((acknowledged) => {
      this.#count(run, -1);
      if (acknowledged) { for (const value of values) this.#acknowledged.add(value); }
    });
  }

  async checkpoint(node: SimulatedNode): Promise<void> {
    try {
      await node.store.checkpoint();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
    }
  }

  drawFaults(): LinkFaults {
    const { dice } = this;
    return {
      loseRequest: dice() * 0.3,
      loseAnswer: dice() * 0.3,
      repeat: dice() * 0.3,
      damage: dice() * 0.1,
      delayMs: dice() * 200,
    };
  }

  /** What is missing, doubled or out of order; unacknowledged records may be there, once. */
  wrongsOf(records: readonly ReadRecord[]): string[] {
    const wrongs: string[] = [];
    const seen = new Set<string>();
    for (const { value } of records) {
      if (seen.has(value)) wrongs.push(`${value} twice`);
      seen.add(value);
    }
    for (const value of this.#acknowledged) if (!seen.has(value)) wrongs.push(`${value} missing`);
    this.#published.forEach((published, partition) => {
      const held = records.map(({ value }) => value).filter((value) =>
        value.startsWith(`${partition}:`)
      );
      const order = published.filter((value) => seen.has(value));
      if (held.join() !== order.join() && new Set(held).size === held.length) {
        wrongs.push(`partition ${partition} out of order: ${held.join(" ")}`);
      }
    });
    return wrongs;
  }

  #count(run: number, change: number): void {
    this.#underWay.set(run, (this.#underWay.get(run) ?? 0) + change);
  }
}
