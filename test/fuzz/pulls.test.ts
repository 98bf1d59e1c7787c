/**
 * Pulls at random: records come, in several partitions and with clocks that lie, partitions are
 * added, the oldest are given up, and readers of every kind go on page by page: of one partition or
 * of all, in either order, filtered or not, by pages of every size. Held against one rule: each
 * record that a reader wants it gets once, and in its partition's order, or it is told that there
 * was something it missed.
 */
import { describe, expect, it } from "vitest";
import { diceOf, pick } from "../support/dice.ts";
import { type HttpWorld, openHttpWorld } from "../support/http_world.ts";
import { SMALL_STORE } from "../support/stores.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 10);
const FIRST = Number(process.env["SEED"] ?? 1);
const STEPS = 150;
const ALL = "/v1/topics/t/records";
const RECORDS = "application/vnd.logboom.records+json";
const START_MS = 1_700_000_000_000;

interface Written {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string;
  readonly value: string;
}

interface Page {
  readonly records: readonly Written[];
  readonly gaps: readonly Missed[];
  readonly next_offset?: number;
  readonly cursor?: string;
}

interface Missed {
  readonly partition?: number;
  readonly from: number;
  readonly to: number;
}

interface Filter {
  readonly query: string;
  wants(record: Written): boolean;
}

const FILTERS: readonly Filter[] = [
  { query: "", wants: () => true },
  { query: "&key=odd", wants: ({ key }) => key === "odd" },
  { query: "&contains=7", wants: ({ value }) => value.includes("7") },
  { query: `&since=${START_MS + 500}`, wants: ({ timestamp }) => timestamp >= START_MS + 500 },
  {
    query: `&until=${START_MS + 400}&key=even`,
    wants: ({ timestamp, key }) => timestamp < START_MS + 400 && key === "even",
  },
];

/** One reader, and what it was given and told. */
class Puller {
  readonly why: string;
  readonly #world: HttpWorld;
  readonly #path: string;
  readonly #filter: Filter;
  readonly #partition: number | null;
  readonly #byOffset: boolean;
  #place = "";
  readonly seen: Written[] = [];
  readonly told: Missed[] = [];

  constructor(world: HttpWorld, dice: () => number) {
    this.#world = world;
    this.#filter = pick(dice, FILTERS);
    this.#partition = dice() < 0.5 ? null : 0;
    const inSourceOrder = dice() < 0.4;
    this.#byOffset = this.#partition !== null && !inSourceOrder;
    const path = this.#partition === null ? ALL : "/v1/topics/t/partitions/0/records";
    const order = inSourceOrder ? "&order=source" : "";
    this.#path = `${path}?source=false${order}${this.#filter.query}`;
    this.why = this.#path;
  }

  /** True once there was nothing to be had. */
  async pull(size: string): Promise<boolean> {
    const response = await this.#world.get(`${this.#path}${size}${this.#place}`);
    const answer = await response.json();
    if (response.status === 416) {
      const { missed, cursor, log_start_offset: start } = answer;
      this.told.push(...missed);
      this.#place = this.#byOffset ? `&offset=${start}` : `&cursor=${cursor}`;
      return false;
    }
    expect(response.status, JSON.stringify(answer)).toBe(200);
    const { records, gaps, next_offset, cursor } = answer as Page;
    this.seen.push(...records);
    this.told.push(...gaps);
    const place = this.#byOffset ? `&offset=${next_offset}` : `&cursor=${cursor}`;
    const still = place === this.#place && records.length + gaps.length === 0;
    this.#place = place;
    return still;
  }

  /** @param from where the log of each partition began when it came */
  check(written: readonly Written[], from: readonly number[]): void {
    const last = new Map<number, number>();
    for (const { partition, offset } of this.seen) {
      expect(offset, this.why).toBeGreaterThan(last.get(partition) ?? -1);
      last.set(partition, offset);
    }
    const seen = new Set(this.seen.map(nameOf));
    const due = written.filter((record) => this.#filter.wants(record))
      .filter(({ partition }) => this.#partition === null || partition === this.#partition)
      .filter(({ partition, offset }) => offset >= (from[partition] ?? 0));
    const unheard = due.filter((record) => !seen.has(nameOf(record)) && !this.#knowsOf(record));
    expect(unheard, this.why).toEqual([]);
    expect([...seen].every((name) => due.some((record) => nameOf(record) === name))).toBe(true);
  }

  #knowsOf({ partition, offset }: Written): boolean {
    return this.told.some((gap) =>
      (gap.partition ?? 0) === partition && gap.from <= offset && offset < gap.to
    );
  }
}

function nameOf({ partition, offset }: Written): string {
  return `${partition}@${offset}`;
}

async function write(world: HttpWorld, dice: () => number, written: Written[]): Promise<void> {
  const partition = Math.floor(dice() * world.store.topic("t")!.partitions.length);
  const stretch = START_MS + 200 * (Math.floor(written.length / 60) % 5);
  const records = Array.from({ length: 1 + Math.floor(dice() * 8) }, () => ({
    timestamp: stretch + Math.floor(dice() * 200),
    key: dice() < 0.3 ? "odd" : "even",
    value: `${written.length} ${"-".repeat(Math.floor(dice() * 400))}`,
  }));
  const answer = await world.post(
    `${ALL}?partition=${partition}`,
    RECORDS,
    JSON.stringify(records),
  );
  expect(answer.status).toBe(200);
  const { base_offset } = await answer.json();
  records.forEach((record, at) => written.push({ ...record, partition, offset: base_offset + at }));
}

async function giveUp(world: HttpWorld, dice: () => number): Promise<void> {
  const log = pick(dice, world.store.topic("t")!.partitions);
  const { logStartOffset: start, highWatermark: end } = log;
  const before = start + Math.floor(dice() * (end - start) / 2);
  const path = `/v1/topics/t/partitions/${log.index}/records?before=${before}`;
  expect((await world.request("DELETE", path)).status).toBe(200);
}

async function run(seed: number): Promise<void> {
  const dice = diceOf(seed);
  const topicDefaults = { ...SMALL_STORE.topicDefaults, segmentBytes: 2_000 };
  const world = await openHttpWorld({
    store: { settings: { defaultPartitions: 2, topicDefaults } },
  });
  await world.store.createTopic("t");
  const written: Written[] = [];
  const pullers: { readonly puller: Puller; readonly from: readonly number[] }[] = [];
  const size = () =>
    pick(dice, ["", "&max_records=1", "&max_records=3", "&max_bytes=1", "&max_bytes=900"]);
  for (let step = 0; step < STEPS; step++) {
    const what = dice();
    const { partitions } = world.store.topic("t")!;
    if (what < 0.4) await write(world, dice, written);
    else if (what < 0.46) await giveUp(world, dice);
    else if (what < 0.48 && partitions.length < 5) {
      await world.store.changes.change("t", { partitions: partitions.length + 1 });
    } else if (what < 0.6) {
      const from = partitions.map(({ logStartOffset }) => logStartOffset);
      const puller = new Puller(world, dice);
      pullers.push({ puller, from });
      await puller.pull(size());
    } else if (pullers.length > 0) {
      // Something may be given up in the midst of it.
      const pulling = pick(dice, pullers).puller.pull(size());
      if (dice() < 0.2) await giveUp(world, dice);
      await pulling;
    }
  }
  for (const { puller, from } of pullers) {
    while (!await puller.pull(size()));
    puller.check(written, from);
  }
}

describe("pulls at random", () => {
  it.each(Array.from({ length: SEEDS }, (_, nth) => FIRST + nth))("seed %i", run, 60_000);
});
