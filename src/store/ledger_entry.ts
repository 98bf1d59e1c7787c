/**
 * One entry of the ledger: a range of one log that is not delivered, and why.
 *
 * @module
 */
import type { Logger } from "../base/log.ts";
import type { LogId, Offset, OffsetRange, TopicName } from "../base/types.ts";

export const LEDGER_REASONS = [
  "evicted",
  "retention",
  "corrupt",
  "lost_at_receiver",
  "rejected",
  "wiped",
] as const;

export type LedgerReason = typeof LEDGER_REASONS[number];

/**
 * `provisional` until the receiver told which of its offsets it lacks; `final` after that;
 * `reversed` when the records turned up again.
 */
export type LedgerState = "provisional" | "final" | "reversed";

export interface LedgerEntry extends OffsetRange {
  readonly id: number;
  /** Null where damage left no way to tell whose the records were. */
  readonly logId: LogId | null;
  readonly topic: TopicName;
  readonly partition: number;
  /** Records in it. */
  readonly count: number;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly reason: LedgerReason;
  readonly state: LedgerState;
  /** Wall clock, as it was. */
  readonly atMs: number;
}

export type NewLedgerEntry = Omit<LedgerEntry, "id" | "atMs">;

/** Also what `/v1/losses` shows. */
export interface EntryRow {
  readonly id: number;
  readonly log_id: LogId | null;
  readonly topic: TopicName;
  readonly partition: number;
  readonly from: Offset;
  readonly to: Offset;
  readonly count: number;
  readonly bytes: number;
  readonly min_timestamp: number;
  readonly max_timestamp: number;
  readonly reason: LedgerReason;
  readonly state: LedgerState;
  readonly at: number;
}

export function encodeEntry(entry: LedgerEntry): EntryRow {
  return {
    id: entry.id,
    log_id: entry.logId,
    topic: entry.topic,
    partition: entry.partition,
    from: entry.from,
    to: entry.to,
    count: entry.count,
    bytes: entry.bytes,
    min_timestamp: entry.minTimestamp,
    max_timestamp: entry.maxTimestamp,
    reason: entry.reason,
    state: entry.state,
    at: entry.atMs,
  };
}

export function decodeEntry(row: EntryRow): LedgerEntry {
  const { log_id, min_timestamp, max_timestamp, at, ...same } = row;
  return {
    ...same,
    logId: log_id,
    minTimestamp: min_timestamp,
    maxTimestamp: max_timestamp,
    atMs: at,
  };
}

/** Whether two neighbours can be one. */
export function joins(a: LedgerEntry, b: LedgerEntry): boolean {
  return a.to === b.from && a.reason === b.reason && a.state === b.state && a.topic === b.topic &&
    a.partition === b.partition;
}

export function join(a: LedgerEntry, b: LedgerEntry): LedgerEntry {
  return {
    ...a,
    to: b.to,
    count: a.count + b.count,
    bytes: a.bytes + b.bytes,
    minTimestamp: Math.min(a.minTimestamp, b.minTimestamp),
    maxTimestamp: Math.max(a.maxTimestamp, b.maxTimestamp),
  };
}

/** A part of an entry; its records are taken to be of one size. */
export function partOf<Entry extends Pick<NewLedgerEntry, "from" | "to" | "count" | "bytes">>(
  entry: Entry,
  { from, to }: OffsetRange,
): Entry {
  if (from === entry.from && to === entry.to) return entry;
  const share = (to - from) / (entry.to - entry.from);
  const count = Math.round(entry.count * share);
  return { ...entry, from, to, count, bytes: Math.round(entry.bytes * share) };
}

/** What a receiver said of a range that was skipped: which of its offsets it lacks. */
export interface SkipWord extends OffsetRange {
  readonly logId: LogId;
  readonly lacking: readonly OffsetRange[];
}

/** What becomes of a provisional entry: what is lacking is final, what was not told of stays open. */
export function outcomeOf(entry: LedgerEntry, words: readonly SkipWord[]): NewLedgerEntry[] {
  const lost: OffsetRange[] = [];
  let open: OffsetRange[] = [entry];
  for (const word of words) {
    for (const told of within(word, open)) lost.push(...within(told, word.lacking));
    open = open.flatMap((part) => without(part, [word]));
  }
  return [
    ...lost.map((range) => ({ ...partOf(entry, range), state: "final" as const })),
    ...open.map((range) => partOf(entry, range)),
  ];
}

/** What of a range is in none of the others, which are sorted. */
export function without(range: OffsetRange, taken: readonly OffsetRange[]): OffsetRange[] {
  const left: { from: Offset; to: Offset }[] = [];
  let at = range.from;
  for (const { from, to } of taken) {
    if (to <= at) continue;
    if (from >= range.to) break;
    if (from > at) left.push({ from: at, to: from });
    at = Math.max(at, to);
  }
  if (at < range.to) left.push({ from: at, to: range.to });
  return left;
}

/** The parts of others that lie in a range. */
export function within(range: OffsetRange, others: readonly OffsetRange[]): OffsetRange[] {
  return others
    .map(({ from, to }) => ({ from: Math.max(from, range.from), to: Math.min(to, range.to) }))
    .filter(({ from, to }) => from < to);
}

/** Entries of one decision beyond which they are logged in one line. */
const LINES_AT_ONCE_MAX = 4;

/** A line an entry; but thinning makes hundreds, and what logs is on a disk, too. */
export function logEntries(logger: Logger, entries: readonly LedgerEntry[]): void {
  const [first] = entries;
  if (first !== undefined && entries.length > LINES_AT_ONCE_MAX) {
    const records = entries.reduce((sum, { count }) => sum + count, 0);
    const { topic, partition, reason, state } = first;
    const range = { topic, partition, from: first.from, to: entries.at(-1)!.to };
    logger.warn("ledgered", { ...range, entries: entries.length, records, reason, state });
    return;
  }
  for (const { logId, topic, partition, from, to, count, reason, state } of entries) {
    const coordinates = { log_id: logId, topic, partition, from, to };
    logger.warn("ledgered", { ...coordinates, records: count, reason, state });
  }
}
