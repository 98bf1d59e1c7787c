/**
 * Why offsets of a log will not come. Pure: cuts a range at the borders of what is known.
 *
 * What the ledger names has the ledger's reason. What records of other logs took never held any of
 * this one. Whatever else is gone had been delivered, or retention would have ledgered it: to an
 * earlier upstream, of this node or of one below it, which has it still; or to this one, which lost
 * it. And what should be here and is not, is damaged.
 *
 * @module
 */
import type { NodeId, Offset, OffsetRange } from "../base/types.ts";
import {
  NO_FACTS,
  type SkipFacts,
  type SkipReason,
} from "../protocol/replication/append_frames.ts";
import type { HeldElsewhere } from "../store/forwarded.ts";
import {
  areSameHolders,
  bothHolders,
  type Holders,
  holdersBeside,
  isOnly,
} from "../store/holders.ts";
import type { LedgerEntry } from "../store/ledger.ts";

export interface ReasonedRange extends OffsetRange {
  readonly reason: SkipReason;
  readonly facts: SkipFacts;
  /** The ledger has it; void ranges need no entry. */
  readonly ledgered: boolean;
  /** Where it lies, if elsewhere. */
  readonly holders?: Holders;
}

export type LedgeredRange = Pick<
  LedgerEntry,
  "from" | "to" | "reason" | "bytes" | "minTimestamp" | "maxTimestamp"
>;

export interface GapFacts {
  /** Offsets below it are no longer here. */
  readonly goneBelow: Offset;
  /** What another node holds: an upstream that is not in use, or one behind another path. */
  readonly elsewhere: readonly HeldElsewhere[];
  /** The upstream in use: it was found to lack what only it is said to hold. */
  readonly upstream?: NodeId | undefined;
  /** What the ledger says of the log, sorted and apart. */
  readonly ledgered: readonly LedgeredRange[];
  /** Offsets that records of other logs took; sorted and apart. */
  readonly taken: readonly OffsetRange[];
  /**
   * Where records of other nodes stood among them: what is gone from here on had not been delivered.
   * Those of this log that go so are ledgered, and so what is not held none of them.
   */
  readonly voidFrom?: Offset;
}

/** The parts of a range, each with its reason, in order and without holes. */
export function reasonsFor(range: OffsetRange, facts: GapFacts): ReasonedRange[] {
  const borders = [range.from, range.to, facts.goneBelow, facts.voidFrom ?? range.from];
  const known = [...facts.ledgered, ...facts.taken, ...facts.elsewhere];
  for (const { from, to } of known) borders.push(from, to);
  borders.sort((a, b) => a - b);

  const parts: ReasonedRange[] = [];
  let from = range.from;
  let at = 0;
  for (const to of borders) {
    if (to <= from || to > range.to) continue;
    const last = parts.at(-1);
    // Sorted, so that what ended before it ends before all that follows.
    while (at < facts.ledgered.length && facts.ledgered[at]!.to <= from) at++;
    const part = partOf({ from, to }, facts, at);
    if (last !== undefined && joins(last, part)) {
      parts[parts.length - 1] = { ...last, to };
    } else {
      parts.push(part);
    }
    from = to;
  }
  return parts;
}

function joins(a: ReasonedRange, b: ReasonedRange): boolean {
  return a.reason === b.reason && !a.ledgered && !b.ledgered &&
    areSameHolders(a.holders, b.holders);
}

/** No border lies inside the range; what is ledgered of it is so at `first` or behind. */
function partOf({ from, to }: OffsetRange, facts: GapFacts, first: number): ReasonedRange {
  const holds = (other: OffsetRange) => other.from <= from && to <= other.to;
  const entry = ledgeredEntry();
  if (entry !== undefined) {
    const share = (to - from) / (entry.to - entry.from);
    const { minTimestamp, maxTimestamp } = entry;
    const bytes = Math.round(entry.bytes * share);
    return {
      from,
      to,
      reason: entry.reason,
      facts: { bytes, minTimestamp, maxTimestamp },
      ledgered: true,
    };
  }
  const reason = reasonOf();
  const beside = reason === "elsewhere" ? holdersBeside(holders(), facts.upstream) : undefined;
  const part = { from, to, reason, facts: NO_FACTS, ledgered: false };
  return beside === undefined ? part : { ...part, holders: beside };

  function holders(): Holders {
    const all = facts.elsewhere.filter(holds).map((range) => range.holders);
    return all.reduce(bothHolders, all[0]);
  }

  function ledgeredEntry(): LedgeredRange | undefined {
    for (let at = first; at < facts.ledgered.length; at++) {
      const entry = facts.ledgered[at]!;
      if (entry.from > from) return undefined;
      if (holds(entry)) return entry;
    }
    return undefined;
  }

  function reasonOf(): SkipReason {
    if (facts.taken.some(holds)) return "void";
    if (facts.elsewhere.some(holds)) {
      return isOnly(holders(), facts.upstream) ? "lost_at_receiver" : "elsewhere";
    }
    if (from >= (facts.voidFrom ?? Infinity) && to <= facts.goneBelow) return "void";
    return to <= facts.goneBelow ? "lost_at_receiver" : "corrupt";
  }
}

/** Where the last range ends that only `upstream` holds, of those that follow one another from `at`. */
export function lostUpTo(
  at: Offset,
  open: readonly HeldElsewhere[] = [],
  upstream?: NodeId,
): Offset {
  let lost = at;
  let end = at;
  for (const { from, to, holders } of open) {
    if (to <= end) continue;
    if (from > end) break;
    end = to;
    if (isOnly(holders, upstream)) lost = to;
  }
  return lost;
}
