/**
 * The ledger: every range of records that left a log without being delivered, and why. It is kept
 * in a journal that needs no free space, because the moment it is needed most is a full disk.
 *
 *     ["next", id]                             the id the next entry takes
 *     ["entry", row]                           an entry, in a snapshot
 *     ["start", directory, offset, held, settled]     a log start offset, and what had been delivered
 *     ["void", log_id, from, to, kind, by]     offsets of another node's log that a lane passed; of
 *                                              the kinds of {@linkcode VoidRange}
 *     ["rewritten", directory, base_offset]    a segment whose file may be another than it was
 *     ["change", {remove, entries, start, void, rewritten}]     one decision: all of it, or nothing
 *
 * An eviction is one change that holds its entries and the new log start offset. Deleting the files
 * is clean-up, and is done again at start.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import {
  LEDGER_BYTES_MAX,
  LEDGER_CHANGE_ENTRIES_MAX,
  LEDGER_ENTRIES_MAX,
  LEDGER_STEP_BYTES,
} from "../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Checksum } from "../format/journal_entry.ts";
import type { Disk } from "./disk.ts";
import { Journal, type SnapshotEntry } from "./journal.ts";
import {
  decodeEntry,
  encodeEntry,
  type EntryRow,
  type LedgerEntry,
  logEntries,
  type NewLedgerEntry,
  outcomeOf,
  partOf,
  type SkipWord,
  within,
  without,
} from "./ledger_entry.ts";
import { LedgerEntries, type PartitionPlace } from "./ledger_entries.ts";
import { decodeVoidRange, encodeVoidRange, type VoidRange, type VoidRow } from "./void_range.ts";

export { encodeEntry } from "./ledger_entry.ts";
export type {
  EntryRow,
  LedgerEntry,
  LedgerReason,
  LedgerState,
  NewLedgerEntry,
} from "./ledger_entry.ts";

export const LEDGER_PATHS = ["ledger-a", "ledger-b"] as const;

/** A partition's log start offset, and how far it had been delivered when it was set. */
export interface LogStart {
  readonly offset: Offset;
  readonly held: Offset;
  readonly settled: Offset;
}

/** One decision. */
export interface LedgerChange {
  readonly remove?: readonly number[];
  readonly entries?: readonly NewLedgerEntry[];
  readonly start?: { readonly directory: string } & LogStart;
  readonly void?: VoidRange;
  /** A segment is about to be written anew, without the records of `entries`. */
  readonly rewritten?: { readonly directory: string; readonly baseOffset: Offset };
}

export interface LedgerOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Entries above which neighbours are joined. */
  readonly entriesMax?: number;
}

export class Ledger {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #journal: Journal;
  /** Entries above which neighbours are joined. */
  #entriesMax: number;
  /** Not tried again before there are so many. */
  #joinAbove = 0;
  readonly #entries = new LedgerEntries();
  #starts = new Map<string, LogStart>();
  #voids: VoidRange[] = [];
  #nextId = 1;
  /** Entries that a decision on its way takes out: no other may take them out again. */
  readonly #leaving = new Map<number, Promise<unknown>>();
  /** Entries on their way: no other may be made of the same records meanwhile. */
  readonly #arriving = new Set<LedgerEntry>();
  /** Base offsets of segments written anew, by directory. */
  readonly #rewritten = new Map<string, Set<Offset>>();

  private constructor({ disk, crc32c, clock, logger, entriesMax }: LedgerOptions) {
    this.#entriesMax = entriesMax ?? LEDGER_ENTRIES_MAX;
    this.#clock = clock;
    this.#logger = logger;
    this.#journal = Journal.open({
      disk,
      crc32c,
      logger,
      paths: LEDGER_PATHS,
      stepBytes: LEDGER_STEP_BYTES,
      maxBytes: LEDGER_BYTES_MAX,
      replay: (payload) => this.#replay(payload),
      snapshot: () => this.#snapshot(),
    });
  }

  /** Reads what is there. Call {@linkcode prepare} before the first change. */
  static open(options: LedgerOptions): Ledger {
    return new Ledger(options);
  }

  prepare(): Promise<void> {
    return this.#journal.prepare();
  }

  get bytes(): number {
    return this.#journal.bytes;
  }

  /** The entries it may come to where the disk is small: each takes a part of it for good. */
  limitEntries(entriesMax: number): void {
    this.#entriesMax = Math.min(this.#entriesMax, entriesMax);
  }

  /** Whether there are as many entries as there should be. */
  get full(): boolean {
    return this.#entries.size >= this.#entriesMax;
  }

  /** Entries that came to be seen here: it grows with each, and not while one is on its way. */
  get made(): number {
    return this.#entries.made;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All entries, in the order they were made. */
  entries(): Iterable<LedgerEntry> {
    return this.#entries.values();
  }

  /** The entries of a log, in the order they were made. */
  of(logId: LogId | null): LedgerEntry[] {
    return this.#entries.of(logId);
  }

  /** Logs with entries, or that had some; null among them where there are some of nobody. */
  logIds(): Iterable<LogId | null> {
    return this.#entries.logIds();
  }

  /** Those of a log that count, by offset; of those in `range` a part at least lies in it. */
  standing(logId: LogId | null, range?: OffsetRange): LedgerEntry[] {
    return this.#entries.standing(logId, range);
  }

  /** Offsets in a range of a log that count as not delivered. */
  countOf(logId: LogId, range: OffsetRange): number {
    if (this.#entries.size === 0) return 0;
    return within(range, this.standing(logId, range))
      .reduce((sum, { from, to }) => sum + to - from, 0);
  }

  logStart(directory: string): LogStart | undefined {
    return this.#starts.get(directory);
  }

  /** By directory; of partitions that were given up with their topic, too. */
  logStarts(): Iterable<[string, LogStart]> {
    return this.#starts;
  }

  voids(): readonly VoidRange[] {
    return this.#voids;
  }

  /** Segments of a directory that are there anew, or may be: as long as they can be there at all. */
  rewritten(directory: string): Offset[] {
    return [...this.#rewritten.get(directory) ?? []];
  }

  /**
   * Makes a decision; it counts, and is durable, once this resolves with the new entries. Of those
   * only what no other says already is entered: no record is ledgered twice.
   */
  async change(change: LedgerChange): Promise<LedgerEntry[]> {
    const atMs = this.#clock.wallMs();
    const replaced = new Set(change.remove);
    const entries = (change.entries ?? [])
      .flatMap((entry) => this.#notYet(entry, replaced))
      .map((entry) => ({ ...entry, id: this.#nextId++, atMs }));
    const row: ChangeRow = {
      ...(change.remove?.length ? { remove: change.remove } : {}),
      ...(entries.length > 0 ? { entries: entries.map(encodeEntry) } : {}),
      ...(change.start ? { start: encodeStart(change.start.directory, change.start) } : {}),
      ...(change.void ? { void: encodeVoidRange(change.void) } : {}),
      ...(change.rewritten
        ? { rewritten: [change.rewritten.directory, change.rewritten.baseOffset] }
        : {}),
    };
    for (const entry of entries) this.#arriving.add(entry);
    try {
      await this.#journal.append([["change", row]], { synced: () => this.#apply(row) });
    } finally {
      for (const entry of entries) this.#arriving.delete(entry);
    }
    logEntries(this.#logger, entries);
    if (this.#entries.size > Math.max(this.#entriesMax, this.#joinAbove)) await this.#join();
    return entries;
  }

  /** What of an entry stands in no other, but for those it takes the place of. */
  #notYet(entry: NewLedgerEntry, replaced: ReadonlySet<number>): NewLedgerEntry[] {
    const isSame = ({ topic, partition, logId, id }: LedgerEntry) =>
      topic === entry.topic && partition === entry.partition && logId === entry.logId &&
      !replaced.has(id);
    const known = [...this.standing(entry.logId, entry), ...this.#arriving].filter(isSame);
    if (known.length === 0 || entry.state === "reversed") return [entry];
    known.sort((a, b) => a.from - b.from);
    return without(entry, known).map((range) => partOf(entry, range));
  }

  /**
   * The receiver told which offsets of provisional entries it lacks: those become final, the others
   * were delivered after all. Requests follow one another without waiting, so it may be told twice;
   * and it may be told of a part: of the rest it has to be asked still. All in one decision.
   *
   * @param at where entries of nobody's records count, too
   */
  async resolve(words: readonly SkipWord[], at: PartitionPlace): Promise<LedgerEntry[]> {
    const made: LedgerEntry[] = [];
    for (;;) {
      // Looked for anew each time: what was answered in part is another entry then.
      const told = this.#entries.toldOf(words, at);
      if (told.size === 0) return made;
      const leaving = [...told.keys()].find(({ id }) => this.#leaving.has(id));
      if (leaving !== undefined) {
        await this.#leaving.get(leaving.id);
        continue;
      }
      const remove: number[] = [];
      const entries: NewLedgerEntry[] = [];
      for (const [entry, ofEntry] of told) {
        if (Math.max(remove.length, entries.length) >= LEDGER_CHANGE_ENTRIES_MAX) break;
        remove.push(entry.id);
        entries.push(...outcomeOf(entry, ofEntry));
      }
      made.push(...await this.#replace(remove, entries));
    }
  }

  /** Records of it turned up again, or a part of them: that stays, and counts no longer. */
  async reverse(id: number, part?: OffsetRange): Promise<void> {
    const leaving = this.#leaving.get(id);
    if (leaving !== undefined) await leaving;
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.state === "reversed") return;
    const range = part ?? entry;
    await this.#replace([id], [
      ...without(entry, [range]).map((left) => partOf(entry, left)),
      { ...partOf(entry, range), state: "reversed" },
    ]);
  }

  /** Drops void ranges that both checkpoints hold by now; `watermarkOf` tells how far those go. */
  forgetVoids(watermarkOf: (logId: LogId) => Offset | undefined): void {
    this.#voids = this.#voids.filter(({ logId, to }) => to > (watermarkOf(logId) ?? 0));
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  /** Joins neighbours of one log, reason and state, so that the ledger has an end. */
  async #join(): Promise<void> {
    const isLeaving = ({ id }: LedgerEntry) => this.#leaving.has(id);
    const { remove, entries } = this.#entries.neighbours(isLeaving);
    this.#joinAbove = this.#entries.size - remove.length + JOIN_AGAIN_AFTER;
    if (remove.length > 0) await this.#replace(remove, entries);
  }

  /** Entries stay until their successors are durable, and are taken out once. */
  async #replace(
    remove: readonly number[],
    entries: readonly NewLedgerEntry[],
  ): Promise<LedgerEntry[]> {
    const decided = this.change({ remove, entries });
    for (const id of remove) this.#leaving.set(id, decided);
    try {
      return await decided;
    } finally {
      for (const id of remove) this.#leaving.delete(id);
    }
  }

  #replay(payload: unknown): void {
    if (payload === null) {
      this.#entries.clear();
      this.#starts.clear();
      this.#rewritten.clear();
      this.#voids = [];
      return;
    }
    // The checksum holds, so this is what this file wrote.
    const row = payload as SnapshotRow;
    if (row[0] === "next") this.#nextId = Math.max(this.#nextId, row[1]);
    else if (row[0] === "entry") this.#put(row[1]);
    else if (row[0] === "start") this.#setStart(row.slice(1) as unknown as StartRow);
    else if (row[0] === "void") {
      this.#voids.push(decodeVoidRange(row.slice(1) as unknown as VoidRow));
    } else if (row[0] === "rewritten") this.#noteRewritten([row[1], row[2]]);
    else if (row[0] === "change") this.#apply(row[1]);
  }

  #apply({ remove, entries, start, void: voided, rewritten }: ChangeRow): void {
    for (const id of remove ?? []) this.#entries.delete(id);
    for (const row of entries ?? []) this.#put(row);
    if (start) this.#setStart(start);
    if (voided) this.#voids.push(decodeVoidRange(voided));
    if (rewritten) this.#noteRewritten(rewritten);
  }

  #noteRewritten([directory, baseOffset]: RewrittenRow): void {
    const known = this.#rewritten.get(directory) ?? new Set();
    this.#rewritten.set(directory, known.add(baseOffset));
  }

  #put(row: EntryRow): void {
    this.#nextId = Math.max(this.#nextId, row.id + 1);
    this.#entries.put(decodeEntry(row));
  }

  /** Never back: after damage the journal may be read out of order. */
  #setStart([directory, offset, held, settled]: StartRow): void {
    if (offset < (this.#starts.get(directory)?.offset ?? 0)) return;
    this.#starts.set(directory, { offset, held, settled });
  }

  *#snapshotRows(): Iterable<SnapshotRow> {
    yield ["next", this.#nextId];
    for (const entry of this.#entries.values()) yield ["entry", encodeEntry(entry)];
    for (const [directory, start] of this.#starts) {
      yield ["start", ...encodeStart(directory, start)];
    }
    for (const range of this.#voids) yield ["void", ...encodeVoidRange(range)];
    for (const [directory, bases] of this.#rewritten) {
      // The segment before the log start may hold it, and those before that are gone.
      const start = this.#starts.get(directory)?.offset ?? 0;
      const kept = [...bases].sort((a, b) => a - b).filter((base, at, all) =>
        base >= start || (all[at + 1] ?? Infinity) > start
      );
      for (const base of kept) yield ["rewritten", directory, base];
    }
  }

  #snapshot(): SnapshotEntry[] {
    return Array.from(this.#snapshotRows(), (payload) => ({ payload }));
  }
}

/** Entries made until it is looked again for neighbours, which is dear. */
const JOIN_AGAIN_AFTER = 16;

type StartRow = readonly [directory: string, offset: number, held: number, settled: number];

interface ChangeRow {
  readonly remove?: readonly number[];
  readonly entries?: readonly EntryRow[];
  readonly start?: StartRow;
  readonly void?: VoidRow;
  readonly rewritten?: RewrittenRow;
}

type RewrittenRow = readonly [directory: string, baseOffset: Offset];

type SnapshotRow =
  | readonly ["next", number]
  | readonly ["entry", EntryRow]
  | readonly ["start", ...StartRow]
  | readonly ["void", ...VoidRow]
  | readonly ["rewritten", ...RewrittenRow]
  | readonly ["change", ChangeRow];

function encodeStart(directory: string, { offset, held, settled }: LogStart): StartRow {
  return [directory, offset, held, settled];
}
