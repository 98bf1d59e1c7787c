/**
 * Which skips of a log can be taken in one durable decision: losses, one after another right at the
 * watermark, where nothing waits in another order than it came. All else is decided one by one.
 *
 * @module
 */
import { LEDGER_CHANGE_ENTRIES_MAX } from "../base/limits.ts";
import type { OffsetRange } from "../base/types.ts";
import type { Holders } from "./holders.ts";
import { type LedgerEntry, partOf, within } from "./ledger_entry.ts";
import { checkOpen, checkSkip, type Openings } from "./lane_rules.ts";
import {
  declarationOf,
  type Loss,
  type LostRange,
  type PersistedSkip,
  type RangeEntry,
  standingOf,
} from "./received_log.ts";

/** A range a sender will never send. */
export interface SkippedRange extends LostRange {
  /** What is known of the records; null where there were none, or where they lie elsewhere. */
  readonly loss: Loss | null;
  /** Where it lies, if elsewhere. */
  readonly holders?: Holders;
}

export interface SkipRun {
  /** Of each skip, in order: which of its offsets are not here. */
  readonly lacking: readonly OffsetRange[][];
  readonly parts: readonly PersistedSkip[];
}

export interface SkipRunOptions {
  readonly peer: string;
  /** Whether it lets something through that is aside; see source_order.ts. */
  readonly isLate: (entry: RangeEntry, range: OffsetRange) => boolean;
}

/** Those before all others of which nothing is to be decided: they are asked about, no more. */
export function askedOf(
  { committed }: Pick<RangeEntry, "committed">,
  skips: readonly SkippedRange[],
): readonly SkippedRange[] {
  const first = skips.findIndex(({ from, to }) => !committed.covers(from, to));
  return first < 0 ? skips : skips.slice(0, first);
}

/** As many of the first as can be decided together; none where the first has to go alone. */
export function skipRunOf(
  entry: RangeEntry,
  skips: readonly SkippedRange[],
  { peer, isLate }: SkipRunOptions,
): SkipRun {
  const lacking: OffsetRange[][] = [];
  const parts: PersistedSkip[] = [];
  if (entry.order !== null || entry.committed.open.length > 0) return { lacking, parts };
  // As it will be, once those before are taken.
  const committed = entry.committed.copy();
  const then = { ...entry, committed };
  for (const skip of skips) {
    const { from, to, loss } = skip;
    if (loss === null || from > committed.watermark) break;
    const ofSkip = committed.lacking(from, to);
    if (parts.length + ofSkip.length > LEDGER_CHANGE_ENTRIES_MAX) break;
    if (ofSkip.some((range) => isLate(then, range))) break;
    for (const range of ofSkip) {
      committed.add(range.from, range.to);
      parts.push(persistedOf(skip, range, { late: false, peer }));
    }
    lacking.push(ofSkip);
  }
  return { lacking, parts };
}

/**
 * Which offsets of a single skip are not here.
 *
 * @throws {OperatingError} what lane_rules.ts throws
 */
export function lackingOf(
  entry: RangeEntry,
  { from, to, reason, holders }: Omit<SkippedRange, "loss">,
  { openings, peer }: { readonly openings: Openings; readonly peer: string },
): OffsetRange[] {
  const { logId, committed } = entry;
  checkSkip(standingOf(entry, committed), { from, to }, openings);
  if (reason !== "elsewhere") return committed.lacking(from, to);
  const lacking = committed.copy().addOpen(from, to, declarationOf({ peer, holders }));
  checkOpen(logId, committed.open.length + lacking.length);
  return lacking;
}

/** What is kept of the offsets of a skip that are not here: the sender knows no part of them. */
export function persistedOf(
  { from, to, reason, loss, holders }: SkippedRange,
  range: OffsetRange,
  more: Pick<PersistedSkip, "late" | "peer">,
): PersistedSkip {
  const lost = loss === null ? null : partOf({ ...loss, from, to }, range);
  return { ...range, reason, loss: lost, ...(holders && { holders }), ...more };
}

/** An entry says that what lay elsewhere is lost; what of it is on its way here comes. */
export function skipsOfOpen(entry: RangeEntry | undefined, lost: LedgerEntry): PersistedSkip[] {
  const skip = { reason: lost.reason, loss: lost, late: true, peer: "" };
  return within(lost, entry?.noted.open ?? []).map((range) => ({ ...range, ...skip }));
}
