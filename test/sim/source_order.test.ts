/**
 * The order of source, whatever arrives in whatever order. Method: two chains of logs and records of
 * the node's own come into one partition: batch by batch, ahead of their turn, never (lost, or void),
 * or by another path than their lane says; a checkpoint is taken now and then, and the power goes at
 * any step. Meanwhile readers follow the order of source with pages of their own sizes, and their
 * cursors survive the crashes. In the end each of them has met every record exactly once, each log in
 * its own order, and every log behind its predecessor.
 *
 * `LOGBOOM_SOURCE_ORDER_SEEDS=1000` for the long run, `LOGBOOM_SOURCE_ORDER_SEED=7` for one.
 */
import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import type { OffsetRange } from "../../src/base/types.ts";
import { isAtEnd, readSourcePage, type SourcePlace } from "../../src/egress/source_page.ts";
import { decodeCursor, encodeCursor } from "../../src/protocol/http/cursor.ts";
import type { ReceivedLog } from "../../src/store/received_ranges.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode, turns } from "../support/replication_world.ts";
import { seededRandom } from "../support/stores.ts";

const SEEDS = Number(process.env["LOGBOOM_SOURCE_ORDER_SEEDS"] ?? 65);
const ONLY = process.env["LOGBOOM_SOURCE_ORDER_SEED"];
const TOPIC_ID = "00112233445566778899aabbccddeeff";
const core = testCore();

type Fate = "sent" | "lost" | "void" | "elsewhere";

interface Part extends OffsetRange {
  readonly fate: Fate;
}

interface Source {
  readonly logId: string;
  readonly parts: readonly Part[];
  readonly predecessor: Source | null;
  readonly end: number;
}

const valuesOf = ({ logId }: Source, { from, to }: OffsetRange) =>
  Array.from({ length: to - from }, (_, at) => `${logId.slice(-2)}:${from + at}`);

class Story {
  readonly #next: () => number;
  readonly #clock = new HandClock();
  readonly #node: SimulatedNode;
  readonly #sources: Source[] = [];
  readonly #readers: Reader[] = [];
  readonly #own: string[] = [];
  /** Own records that were not acknowledged: they may be there nevertheless. */
  readonly #unsure = new Set<string>();
  #busy = new Set<Source>();
  crashes = 0;
  spliced = 0;

  constructor(seed: number) {
    this.#next = seededRandom(seed).next;
    this.#node = new SimulatedNode({
      name: "centre",
      seed,
      clock: this.#clock,
      settings: { checkpointBytes: 4_000, originJournalBytes: 1024 },
    });
    for (const [chain, logs] of [3, 2].entries()) this.#addChain(chain, logs);
    for (const pageMax of [1, 2, 7, 1_000]) this.#readers.push(new Reader(pageMax));
  }

  async run(): Promise<void> {
    await this.#start();
    for (let round = 0; round < 60; round++) {
      if (this.#pick(4) === 0) this.#node.crashAfter(1 + this.#pick(40));
      const doing = Array.from({ length: 1 + this.#pick(4) }, () => this.#act());
      if (this.#pick(3) === 0) doing.push(this.#readSome());
      await Promise.all(doing);
      if (this.#pick(6) === 0) this.#clock.advance(1_000);
      await turns(1);
      if (this.#node.crashed || this.#pick(12) === 0) {
        this.#node.crash();
        this.crashes++;
        await this.#start();
      }
      this.#node.disarm();
    }
    await this.#finish();
  }

  /** Everything comes in the end, and everyone reads it. */
  async #finish(): Promise<void> {
    for (let tries = 0; this.#sources.some((source) => !this.#isWhole(source)); tries++) {
      if (tries > 500) throw new Error("the senders never come to an end");
      for (const source of this.#sources) {
        await this.#sendNext(source);
        await this.#fillNext(source);
      }
    }
    await this.#node.store.checkpoint();
    for (const reader of this.#readers) {
      while (!await reader.read(this.#node)) { /* goes on */ }
      for (const source of this.#sources) {
        const sent = source.parts.filter(({ fate }) => fate === "sent" || fate === "elsewhere");
        const expected = sent.flatMap((part) => valuesOf(source, part));
        const of = `${source.logId.slice(-2)}:`;
        expect(reader.seen.filter((value) => value.startsWith(of)), reader.name).toEqual(expected);
        const before = source.predecessor;
        if (before === null) continue;
        const last = reader.seen.findLastIndex((value) => value.startsWith(before.logId.slice(-2)));
        const first = reader.seen.findIndex((value) => value.startsWith(of));
        expect(first === -1 || last < first, `${reader.name}: ${of} waits`).toBe(true);
      }
      const own = reader.seen.filter((value) => value.startsWith("own"));
      const sure = this.#own.filter((value) => !this.#unsure.has(value) || own.includes(value));
      expect(own, reader.name).toEqual(sure);
    }
    this.spliced += this.#readers.reduce((sum, { spliced }) => sum + spliced, 0);
  }

  async #start(): Promise<void> {
    await this.#node.start();
    this.#busy = new Set();
    await this.#node.store.createTopic("logs");
    for (const { logId, predecessor, parts, end: _ } of this.#sources) {
      const firstOffset = parts[0]!.from;
      await this.#node.store.ranges.announce({
        ...{ logId, peer: "gateway", gateway: "site", topic: "logs", partition: 0, firstOffset },
        predecessor: predecessor?.logId ?? null,
        predecessorEnd: predecessor?.end ?? 0,
        root: this.#sources[0]!.logId,
      });
    }
  }

  async #act(): Promise<void> {
    const kind = this.#pick(12);
    if (kind === 0) return void await this.#appendOwn();
    if (kind === 1) return await this.#checkpoint();
    const source = this.#sources[this.#pick(this.#sources.length)]!;
    if (this.#busy.has(source)) return;
    this.#busy.add(source);
    const { run } = this.#node;
    if (kind < 6) await this.#sendLive(source);
    else if (kind < 8) await this.#fillNext(source);
    else await this.#sendNext(source);
    if (this.#node.run === run) this.#busy.delete(source);
  }

  /** Readers come while it is written, and perhaps the power goes before it is durable. */
  async #checkpoint(): Promise<void> {
    const release = this.#node.disk.holdSyncs();
    const writing = this.#node.store.checkpoint().catch(() => {});
    await this.#readSome();
    if (this.#pick(2) === 0) this.#node.crashAfter(1);
    release();
    await writing;
  }

  /** The strict or backlog lane. */
  async #sendNext(source: Source): Promise<void> {
    const log = this.#received(source);
    const part = source.parts.find(({ from }) => from === log.watermark);
    if (part !== undefined) await this.#take(source, part, null);
  }

  /** A live lane: begins anywhere, and goes on for a while. */
  async #sendLive(source: Source): Promise<void> {
    let at = this.#pick(source.parts.length);
    const opening = source.parts[at]!.from;
    for (let more = this.#pick(5); more >= 0 && at < source.parts.length; more--, at++) {
      const part = source.parts[at]!;
      if (part.fate !== "elsewhere") await this.#take(source, part, [opening]);
    }
  }

  /** The other path: brings what lies elsewhere, from the front of a range. */
  async #fillNext(source: Source): Promise<void> {
    const { elsewhere } = this.#received(source);
    const open = elsewhere[this.#pick(elsewhere.length)];
    const part = source.parts.find(({ from }) => from === open?.from);
    if (part !== undefined) await this.#receive(source, part, null);
  }

  async #take(source: Source, part: Part, openings: number[] | null): Promise<void> {
    const { fate } = part;
    if (fate === "sent") return await this.#receive(source, part, openings);
    const reason = fate === "lost" ? "evicted" : fate;
    const count = part.to - part.from;
    const loss = fate === "lost" ? { count, bytes: 1, minTimestamp: 0, maxTimestamp: 0 } : null;
    try {
      const options = { openings, peer: "gateway" };
      await this.#node.store.ranges.skipRun(source.logId, [{ ...part, reason, loss }], options);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
    }
  }

  async #receive(source: Source, part: Part, openings: number[] | null): Promise<void> {
    const { store } = this.#node;
    const { logId } = source;
    const log = store.topic("logs")!.partitions[0]!;
    try {
      if (store.ranges.judge(logId, part, openings) === "duplicate") return;
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      return;
    }
    store.ranges.note(logId, part.from, part.to);
    const batch = batchOf(core, valuesOf(source, part), { logId, baseOffset: part.from });
    await new Promise<void>((resolve) => {
      const base = log.appendReplicated(batch, {
        committed(_log, error) {
          store.ranges.settle(logId, part, error === null, base + part.to - part.from);
          resolve();
        },
      });
    });
  }

  async #appendOwn(): Promise<void> {
    const value = `own:${this.#own.length}`;
    this.#own.push(value);
    if (!await this.#node.append("logs", 0, [value])) this.#unsure.add(value);
  }

  async #readSome(): Promise<void> {
    for (const reader of this.#readers) {
      if (this.#pick(2) === 0) await reader.read(this.#node);
    }
  }

  #received({ logId }: Source): ReceivedLog {
    return this.#node.store.ranges.get(logId)!;
  }

  #isWhole(source: Source): boolean {
    const { contiguous } = this.#received(source);
    return contiguous >= source.end;
  }

  #addChain(chain: number, logs: number): void {
    let predecessor: Source | null = null;
    for (let at = 0; at < logs; at++) {
      let from: number = predecessor?.end ?? 0;
      const parts: Part[] = [];
      for (let count = 4 + this.#pick(10); count > 0; count--) {
        const to = from + 1 + this.#pick(3);
        const fate = (["lost", "void", "elsewhere"] as const)[this.#pick(14)] ?? "sent";
        parts.push({ from, to, fate });
        from = to;
      }
      predecessor = { logId: `00000000000000${chain + 1}${at}`, parts, predecessor, end: from };
      this.#sources.push(predecessor);
    }
  }

  #pick(below: number): number {
    return Math.floor(this.#next() * below);
  }
}

/** Follows one partition, page by page; what it keeps between two is the cursor's text. */
class Reader {
  readonly name: string;
  readonly seen: string[] = [];
  spliced = 0;
  readonly #pageMax: number;
  #cursor: string | null = null;
  #reading = false;

  constructor(pageMax: number) {
    this.#pageMax = pageMax;
    this.name = `pages of ${pageMax}`;
  }

  /** Reads a page, one at a time; returns whether there is nothing more now. */
  async read(node: SimulatedNode): Promise<boolean> {
    if (this.#reading) return false;
    this.#reading = true;
    try {
      return await this.#read(node);
    } finally {
      this.#reading = false;
    }
  }

  async #read(node: SimulatedNode): Promise<boolean> {
    const { store, run } = node;
    const log = store.topic("logs")!.partitions[0]!;
    const order = store.ranges.inOrder("logs", 0);
    const place = this.#place();
    const page = await readSourcePage(log, place, {
      ...{ core: store.core, inflate: () => new Uint8Array(), order },
      ...{ maxRecords: this.#pageMax, maxBytes: 1_000_000 },
    });
    // What a dying process sent never arrived.
    if (node.crashed || node.run !== run) return false;
    expect(page.after.length).toBe(page.records.length);
    const standings = [{ epoch: 0, ...page.next }];
    this.#cursor = encodeCursor({ topicId: TOPIC_ID, source: { partition: 0 }, standings });
    this.seen.push(...page.records.map(({ value }) => new TextDecoder().decode(value!)));
    this.spliced += page.after.filter(({ splice }) => splice !== null).length;
    return isAtEnd(log, order, page.next);
  }

  #place(): SourcePlace {
    if (this.#cursor === null) return { offset: 0, splice: null };
    const { offset, splice } = decodeCursor(this.#cursor).standings[0]!;
    return { offset, splice: splice ?? null };
  }
}

describe("the order of source", () => {
  it(`holds for every reader, over ${SEEDS} seeds`, { timeout: 600_000 }, async () => {
    const first = ONLY === undefined ? 1 : Number(ONLY);
    const last = ONLY === undefined ? SEEDS : first;
    let [crashes, spliced] = [0, 0];
    for (let seed = first; seed <= last; seed++) {
      const story = new Story(seed);
      try {
        await story.run();
      } catch (error) {
        throw new Error(`LOGBOOM_SOURCE_ORDER_SEED=${seed}`, { cause: error });
      }
      crashes += story.crashes;
      spliced += story.spliced;
    }
    expect(crashes).toBeGreaterThan(0);
    expect(spliced).toBeGreaterThan(0);
  });
});
