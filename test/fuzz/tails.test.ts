/**
 * Tails at random: records come, readers come, take, stop taking, go and come back with the last id
 * they had, filters among them, and records are given up under them. Held against one rule: in each
 * partition a reader goes from where it began to the end without a step that it was not told of; what
 * a filter passes over is no step for it. Pieces are dropped all the time: the budget is small.
 */
import { describe, expect, it } from "vitest";
import { RecordFilter } from "../../src/egress/record_filter.ts";
import { PieceBudget } from "../../src/egress/tail/piece_ring.ts";
import { TailFeed } from "../../src/egress/tail/tail_feed.ts";
import {
  cursorText,
  placeAt,
  placeOfCursor,
  type TailPlace,
} from "../../src/egress/tail/tail_place.ts";
import { TailReader } from "../../src/egress/tail/tail_reader.ts";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { Query } from "../../src/protocol/http/query.ts";
import { diceOf } from "../support/dice.ts";
import { EventParser } from "../support/event_stream.ts";
import { openTailWorld, type TailWorld } from "../support/tail_world.ts";

const SEEDS = Array.from({ length: 12 }, (_, nth) => 511_000 + nth);
const STEPS = 300;
const PARTITIONS = 3;
const BUDGET_BYTES = 200_000;
const ODD = "odd";

/** What one of them saw, and is due. */
class Watched {
  readonly #next: number[];
  readonly #wantsOdd: boolean;
  readonly #why: string;
  #parser = new EventParser();
  #reader: TailReader | null = null;
  #taking: Promise<void> | null = null;
  failure: unknown = null;

  constructor(place: TailPlace, wantsOdd: boolean, why: string) {
    this.#next = place.map(({ offset }) => offset);
    this.#wantsOdd = wantsOdd;
    this.#why = why;
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  get reader(): TailReader | null {
    return this.#reader;
  }

  follow(reader: TailReader): void {
    this.#reader = reader;
    const { lastEventId } = this.#parser;
    this.#parser = new EventParser();
    this.#parser.lastEventId = lastEventId;
  }

  /** Begins to take a piece, unless it is at it. */
  take(): void {
    const reader = this.#reader;
    if (reader === null || this.#taking !== null) return;
    this.#taking = reader.next().then((bytes) => {
      this.#taking = null;
      if (bytes !== null && this.#reader === reader) this.#see(bytes);
    }).catch((error) => {
      this.failure ??= error;
    });
  }

  /** Goes; what is on its way to it then is not seen. */
  async leave(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    reader?.close();
    await this.#taking;
  }

  isThrough(world: TailWorld): boolean {
    return world.topic.partitions.every(({ index, highWatermark }) => {
      const left = highWatermark - this.#next[index]!;
      return left <= 0 || (this.#wantsOdd && left === 1 && highWatermark % 2 === 1);
    });
  }

  #see(bytes: Uint8Array): void {
    for (const { type, data } of this.#parser.push(bytes)) {
      const { partition, offset, from, to } = JSON.parse(data);
      const due = this.#next[partition]!;
      const at = type === "gap" ? from : offset;
      // A filter wants every other record.
      const passed = this.#wantsOdd && at === due + 1 && at % 2 === (type === "gap" ? at % 2 : 1);
      expect(at === due || passed, `${this.#why}: ${at} in ${partition}, due ${due}`).toBe(true);
      this.#next[partition] = type === "gap" ? to : offset + 1;
    }
  }
}

describe("tails", () => {
  it.each(SEEDS)("tell of each step, seed %i", async (seed) => {
    const roll = diceOf(seed);
    const below = (end: number) => Math.floor(roll() * end);
    const world = await openTailWorld({ partitions: PARTITIONS });
    const { topic, scope, options, clock, store } = world;
    const budget = new PieceBudget(BUDGET_BYTES);
    const turns = new ScanTurns(clock);
    const filter = RecordFilter.ofQuery(new Query(`/?contains=${ODD}`, ["contains"]));
    const feedOf = (wantsOdd: boolean) =>
      new TailFeed(scope, { ...options, ...(wantsOdd && { filter }), timers: clock, budget });
    const feeds = [feedOf(false), feedOf(true)];
    store.commits.observe(() => feeds.forEach((feed) => feed.advance()));
    const counts = Array.from({ length: PARTITIONS }, () => 0);

    const put = async () => {
      const partition = below(PARTITIONS);
      const values = Array.from({ length: 1 + below(5) }, () => {
        const parity = counts[partition]!++ % 2 === 1 ? ODD : "even";
        return `${parity} ${"x".repeat(below(8_000))}`;
      });
      await world.put(partition, ...values);
    };
    const open = (watched: Watched, wantsOdd: boolean, place: TailPlace) =>
      watched.follow(
        new TailReader({
          ...{ feed: feeds[wantsOdd ? 1 : 0]!, budget, turns, place },
          opening: `id: ${cursorText(topic, place)}\n\n`,
          monotonicMs: () => clock.monotonicMs(),
          closed() {},
        }),
      );

    for (let nth = 0; nth < 20; nth++) await put();
    const all = Array.from({ length: 6 }, (_, nth) => {
      const place = placeAt(scope, roll() < 0.5 ? "earliest" : "latest");
      const wantsOdd = nth % 3 === 2;
      const watched = new Watched(place, wantsOdd, `seed ${seed}, reader ${nth}`);
      open(watched, wantsOdd, place);
      return { watched, wantsOdd, place };
    });
    for (let step = 0; step < STEPS; step++) {
      const { watched, wantsOdd, place } = all[below(all.length)]!;
      const what = below(20);
      if (what < 6) await put();
      else if (what < 16) watched.take();
      else if (what < 17) await watched.leave();
      else if (what < 18 && watched.reader === null) {
        const id = watched.lastEventId;
        open(watched, wantsOdd, id === "" ? place : placeOfCursor(scope, id));
      } else if (what < 19) await new Promise((resolve) => setTimeout(resolve, 0));
      else if (below(4) === 0) {
        const log = topic.partitions[below(PARTITIONS)]!;
        const { logStartOffset, highWatermark } = log;
        await store.space.wipe(log, logStartOffset + below(highWatermark - logStartOffset + 1));
      }
      for (const { watched: { failure } } of all) if (failure !== null) throw failure;
      expect(budget.bytes, `seed ${seed}`).toBeLessThan(2 * BUDGET_BYTES);
    }
    for (const { watched, wantsOdd, place } of all) {
      if (watched.reader !== null) continue;
      const id = watched.lastEventId;
      open(watched, wantsOdd, id === "" ? place : placeOfCursor(scope, id));
    }
    for (let tries = 0; !all.every(({ watched }) => watched.isThrough(world)); tries++) {
      expect(tries, `seed ${seed}: all come to the end`).toBeLessThan(20_000);
      for (const { watched } of all) {
        if (watched.failure !== null) throw watched.failure;
        watched.take();
      }
      if (tries % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    for (const { watched } of all) await watched.leave();
    expect(budget.bytes).toBe(0);
  });
});
