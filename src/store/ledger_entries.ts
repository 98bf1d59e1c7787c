/**
 * The entries of the ledger in memory: by id, by log, and those that count by offset, so that what
 * is known of a range is found without a look at all the rest: a log may have tens of thousands.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import {
  join,
  joins,
  type LedgerEntry,
  type NewLedgerEntry,
  type SkipWord,
} from "./ledger_entry.ts";

/** Joined by one decision. */
const JOINED_AT_ONCE_MAX = 1_000;

/** Where the records are that belonged to nobody knows whom. */
export type PartitionPlace = Pick<LedgerEntry, "topic" | "partition">;

interface LogEntries {
  readonly ids: Set<number>;
  /** Made when first asked for. */
  standing: StandingEntries | null;
}

export class LedgerEntries {
  /** How many came so far. */
  made = 0;
  readonly #entries = new Map<number, LedgerEntry>();
  readonly #byLog = new Map<LogId | null, LogEntries>();

  get size(): number {
    return this.#entries.size;
  }

  get(id: number): LedgerEntry | undefined {
    return this.#entries.get(id);
  }

  /** In the order they were made. */
  values(): Iterable<LedgerEntry> {
    return this.#entries.values();
  }

  logIds(): Iterable<LogId | null> {
    return this.#byLog.keys();
  }

  put(entry: LedgerEntry): void {
    this.made++;
    this.delete(entry.id);
    this.#entries.set(entry.id, entry);
    const known = this.#byLog.get(entry.logId) ?? { ids: new Set(), standing: null };
    this.#byLog.set(entry.logId, known);
    known.ids.add(entry.id);
    if (counts(entry)) known.standing?.add(entry);
  }

  delete(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    const known = this.#byLog.get(entry.logId)!;
    known.ids.delete(id);
    if (counts(entry)) known.standing?.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#byLog.clear();
  }

  /** Those of a log, in the order they were made. */
  of(logId: LogId | null): LedgerEntry[] {
    return Array.from(this.#byLog.get(logId)?.ids ?? [], (id) => this.#entries.get(id)!);
  }

  /** Those of a log that count and have a part of `range`, by offset. */
  standing(logId: LogId | null, range?: OffsetRange): LedgerEntry[] {
    const known = this.#byLog.get(logId);
    if (known === undefined) return [];
    known.standing ??= new StandingEntries(this.of(logId).filter(counts));
    return range === undefined ? known.standing.all() : known.standing.touching(range);
  }

  /** The provisional entries that something was told of; those of nobody's records only `here`. */
  toldOf(words: readonly SkipWord[], here: PartitionPlace): Map<LedgerEntry, SkipWord[]> {
    const told = new Map<LedgerEntry, SkipWord[]>();
    for (const word of words) {
      if (word.from >= word.to) continue;
      const nobodys = this.standing(null, word)
        .filter(({ topic, partition }) => topic === here.topic && partition === here.partition);
      for (const entry of [...this.standing(word.logId, word), ...nobodys]) {
        if (entry.state !== "provisional") continue;
        const known = told.get(entry);
        if (known === undefined) told.set(entry, [word]);
        else known.push(word);
      }
    }
    return told;
  }

  /** Neighbours of one log, reason and state, and what can take their place. */
  neighbours(isLeaving: (entry: LedgerEntry) => boolean) {
    const remove = new Set<number>();
    const entries: NewLedgerEntry[] = [];
    for (const logId of this.#byLog.keys()) {
      let last: LedgerEntry | null = null;
      for (const entry of this.standing(logId)) {
        if (remove.size >= JOINED_AT_ONCE_MAX) break;
        if (isLeaving(entry)) continue;
        if (last !== null && joins(last, entry)) {
          if (remove.has(last.id)) entries.pop();
          remove.add(last.id).add(entry.id);
          last = join(last, entry);
          entries.push(last);
        } else {
          last = entry;
        }
      }
    }
    return { remove: [...remove], entries };
  }
}

/** Sorted by offset. Those of one log lie apart as a rule; where they do not, they are found too. */
class StandingEntries {
  readonly #sorted: LedgerEntry[];
  /** The furthest end of each and all before it. */
  readonly #reach: Offset[] = [];

  constructor(entries: LedgerEntry[]) {
    this.#sorted = entries.sort((a, b) => a.from - b.from);
    for (const { to } of entries) this.#reach.push(Math.max(to, this.#reach.at(-1) ?? to));
  }

  all(): LedgerEntry[] {
    return [...this.#sorted];
  }

  touching({ from, to }: OffsetRange): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (let at = firstAbove(this.#reach, from); at < this.#sorted.length; at++) {
      const entry = this.#sorted[at]!;
      if (entry.from >= to) break;
      if (entry.to > from) found.push(entry);
    }
    return found;
  }

  add(entry: LedgerEntry): void {
    const at = this.#firstFrom(entry.from + 1);
    this.#sorted.splice(at, 0, entry);
    this.#reach.splice(at, 0, Number.NaN);
    this.#measure(at);
  }

  delete(entry: LedgerEntry): void {
    const at = this.#sorted.indexOf(entry, this.#firstFrom(entry.from));
    this.#sorted.splice(at, 1);
    this.#reach.splice(at, 1);
    this.#measure(at);
  }

  /** The first entry that begins at `offset` or above it. */
  #firstFrom(offset: Offset): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]!.from < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** From `first` on, until nothing changes. */
  #measure(first: number): void {
    let reach = this.#reach[first - 1] ?? Number.NEGATIVE_INFINITY;
    for (let at = first; at < this.#sorted.length; at++) {
      reach = Math.max(reach, this.#sorted[at]!.to);
      if (this.#reach[at] === reach) return;
      this.#reach[at] = reach;
    }
  }
}

function counts({ state }: LedgerEntry): boolean {
  return state !== "reversed";
}

/** Index of the first above `value` in what never falls. */
function firstAbove(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
