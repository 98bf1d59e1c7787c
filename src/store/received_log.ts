/**
 * One log of another node, as the received ranges know it.
 *
 * @module
 */
import { ISLANDS_MAX } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import type { LaneStanding, Openings } from "./lane_rules.ts";
import type { Holders } from "./holders.ts";
import { without } from "./ledger_entry.ts";
import { pathsOf } from "./log_paths.ts";
import { type Declaration, isDeclaredBy, type OpenRange, type RangeSet } from "./range_set.ts";
import type { LogOrder } from "./source_order.ts";
import { VoidRuns } from "./void_runs.ts";

/** A log as its gateway announces it. */
export interface AnnouncedLog {
  readonly logId: LogId;
  /** The peer that announces it: its credential's name, or its node id. */
  readonly peer: string;
  /** Secret of the log's origin, where the peer shows it. */
  readonly pathKey?: string | null;
  readonly gateway: string;
  /** At the origin. */
  readonly topic: TopicName;
  readonly partition: number;
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
}

export interface LostRange extends OffsetRange {
  readonly reason: string;
}

/** Adds it to those that are lost already, which are sorted and apart; like neighbours become one. */
export function addLost(lost: LostRange[], { from, to, reason }: LostRange): void {
  const at = firstEndingAbove(lost, from);
  const known: LostRange[] = [];
  for (let next = at; next < lost.length && lost[next]!.from < to; next++) known.push(lost[next]!);
  for (const range of without({ from, to }, known)) {
    let [first, count, added] = [firstEndingAbove(lost, range.from), 0, { ...range, reason }];
    const after = lost[first];
    if (after?.from === added.to && after.reason === reason) {
      [count, added] = [1, { ...added, to: after.to }];
    }
    const before = lost[first - 1];
    if (before?.to === added.from && before.reason === reason) {
      [first, count, added] = [first - 1, count + 1, { ...added, from: before.from }];
    }
    lost.splice(first, count, added);
  }
}

/** What of a range is among those that are lost. */
export function lostWithin(lost: readonly LostRange[], { from, to }: OffsetRange): OffsetRange[] {
  const found: OffsetRange[] = [];
  for (let at = firstEndingAbove(lost, from); at < lost.length && lost[at]!.from < to; at++) {
    found.push({ from: Math.max(from, lost[at]!.from), to: Math.min(to, lost[at]!.to) });
  }
  return found;
}

function firstEndingAbove(ranges: readonly OffsetRange[], offset: Offset): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.to <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface ReceivedLog {
  readonly logId: LogId;
  /** The peer that announced it first. */
  readonly peer: string;
  /** Every peer that may speak for it; see log_paths.ts. */
  readonly paths: readonly string[];
  /** Passed on upstream, and shown to nobody else. */
  readonly pathKey: string | null;
  readonly gateway: string;
  readonly source: { readonly topic: TopicName; readonly partition: number };
  readonly target: { readonly topic: TopicName; readonly partition: number };
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
  /** Source offsets below it are durable here, or ledgered, or lie elsewhere. */
  readonly watermark: Offset;
  /** Source offsets below it are durable here, or ledgered, and none of them lies elsewhere. */
  readonly contiguous: Offset;
  /** The offset the next batch must begin with: the watermark, and what is queued on top of it. */
  readonly expected: Offset;
  readonly islands: readonly OffsetRange[];
  /** What the watermark or an island passed and another node holds: it may still come. */
  readonly elsewhere: readonly OpenRange[];
  /** Sorted and apart. */
  readonly lost: readonly LostRange[];
  /** Offsets that never held a record of it: below those two, and of all that was passed. */
  readonly voids: { readonly contiguous: number; readonly watermark: number; readonly all: number };
  /** A successor was announced, and all of this one is here. */
  readonly closed: boolean;
}

/** What the sender knows of a range it ledgered; a void range never held records. */
export interface Loss {
  readonly count: number;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
}

export interface SkipOptions {
  /** What is known of the records; null where there were none, or where they lie elsewhere. */
  readonly loss: Loss | null;
  /** Where its lane may begin islands; null for a strict or a backlog lane. */
  readonly openings?: Openings;
  /** Who skips. */
  readonly peer?: string;
}

export interface PersistedSkip extends LostRange, Required<Pick<SkipOptions, "loss" | "peer">> {
  /** It counts in the order of source from the next checkpoint on; see source_order.ts. */
  readonly late: boolean;
  /** Where it lies, if elsewhere. */
  readonly holders?: Holders;
}

export function declarationOf(
  { peer, holders }: Pick<PersistedSkip, "peer" | "holders">,
): Declaration {
  return { by: peer, ...(holders && { holders }) };
}

/** What the ranges hold of one log. */
export interface RangeEntry {
  readonly logId: LogId;
  row: AnnouncedLogRow | null;
  readonly firstOffset: Offset;
  readonly target: { readonly topic: TopicName; readonly partition: number };
  committed: RangeSet;
  /** `committed` and what is queued; the same object while nothing is. */
  noted: RangeSet;
  queued: number;
  /** What is queued and begins an island. */
  begun: number;
  /** What arrived out of its order; null while nothing did. */
  order: LogOrder | null;
  /** Who waits until nothing is queued. */
  readonly idle: (() => void)[];
  readonly lost: LostRange[];
  /** Null while every offset held a record. */
  voids: VoidRuns | null;
  localEnd: Offset;
  /** Where it ends, once a successor said so. */
  end: Offset | null;
}

/** A log nothing more is known of. */
export function newEntry(
  { logId, firstOffset, target }: Pick<RangeEntry, "logId" | "firstOffset" | "target">,
  committed: RangeSet,
): RangeEntry {
  return {
    logId,
    row: null,
    firstOffset,
    target,
    committed,
    noted: committed,
    queued: 0,
    begun: 0,
    order: null,
    idle: [],
    lost: [],
    voids: null,
    localEnd: 0,
    end: null,
  };
}

/** The log as others see it. */
export function view(entry: RangeEntry, row: AnnouncedLogRow): ReceivedLog {
  return {
    logId: row.logId,
    peer: row.peer,
    paths: pathsOf(row),
    pathKey: row.pathKey ?? null,
    gateway: row.gateway,
    source: { topic: row.topic, partition: row.partition },
    target: entry.target,
    firstOffset: row.firstOffset,
    predecessor: row.predecessor,
    predecessorEnd: row.predecessorEnd,
    root: row.root,
    watermark: entry.committed.watermark,
    contiguous: entry.committed.contiguous,
    expected: entry.noted.watermark,
    islands: entry.committed.islands.slice(0, ISLANDS_MAX),
    elsewhere: entry.committed.open,
    lost: entry.lost,
    voids: voidsOf(entry),
    closed: row.closed !== null,
  };
}

function voidsOf({ voids, committed }: RangeEntry): ReceivedLog["voids"] {
  if (voids === null) return NO_VOIDS;
  const [contiguous, watermark] = [committed.contiguous, committed.watermark].map((end) =>
    voids.below(end)
  ) as [number, number];
  return { contiguous, watermark, all: voids.total };
}

const NO_VOIDS = { contiguous: 0, watermark: 0, all: 0 };

/** [from, to) will not come, and its ranges do not hold it yet. */
export function countSkip(entry: RangeEntry, { from, to }: OffsetRange, isVoid: boolean): void {
  if (isVoid) entry.voids ??= VoidRuns.of(entry.firstOffset, entry.committed);
  entry.voids?.add(from, to, isVoid);
}

/** What a log holds, in the eyes of one of its paths: what others passed as elsewhere is not here. */
export function heldFor(
  { watermark, islands, elsewhere }: Pick<ReceivedLog, "watermark" | "islands" | "elsewhere">,
  peer: string,
): { readonly held: Offset; readonly islands: readonly OffsetRange[] } {
  const lacking = elsewhere.filter((range) => !isDeclaredBy(range, peer));
  if (lacking.length === 0) return { held: watermark, islands };
  const held: OffsetRange[] = [];
  for (const range of [{ from: 0, to: watermark }, ...islands]) {
    let { from } = range;
    for (const hole of lacking) {
      if (hole.to <= from || hole.from >= range.to) continue;
      if (hole.from > from) held.push({ from, to: hole.from });
      from = hole.to;
    }
    if (from < range.to) held.push({ from, to: range.to });
  }
  const below = held[0]?.from === 0 ? held.shift()! : { to: 0 };
  return { held: below.to, islands: held.slice(0, ISLANDS_MAX) };
}

/** What a lane may bring depends on it; see lane_rules.ts. */
export function standingOf({ logId, begun, order }: RangeEntry, set: RangeSet): LaneStanding {
  return {
    logId,
    set,
    runs: begun + (order?.runs.length ?? 0),
    splices: order?.splices.length ?? 0,
  };
}
