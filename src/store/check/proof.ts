/**
 * Proves, of one log, that everything accepted is accounted for: at the upstream exactly once, or
 * still here and pending, or ledgered the same at both ends. Pure.
 *
 *     accepted = delivered + pending + ledgered + retired
 *
 *   retired       delivered, by the upstream's word, and given up there by retention since
 *   unaccounted   none of these: what must not be
 *
 * @module
 */
import { countOf, minus, type Ranges, union, within } from "./range_arithmetic.ts";

export interface ProofFacts {
  /** Source offsets this node made durable, or took over from another. */
  readonly accepted: Ranges;
  /** Of these, what stands here in whole batches. */
  readonly here: Ranges;
  /** What stands at the upstream in whole batches, counted there batch by batch. */
  readonly there: Ranges;
  /** What the upstream says it received, before it was read: that will not be sent again. */
  readonly claimed: Ranges;
  /** Records that stand at the upstream more than once. */
  readonly doubled: number;
  /**
   * Entries of this node that stand, and those of them the upstream has had its say on; of another
   * node's log, what it told the upstream past this one, too.
   */
  readonly ledgered: Ranges;
  readonly final: Ranges;
  /** Entries of the upstream that stand. */
  readonly ledgeredThere: Ranges;
  /** What retention may have taken at the upstream after it was delivered. */
  readonly retired: Ranges;
  /** Offsets that records of other logs took: they never held one of this log. */
  readonly voided: Ranges;
  /** The same where only their count is known: those records are gone, or it is another node's log. */
  readonly voids: number;
  /** Whether the batches that stand at both ends are the same; null where there are none. */
  readonly identical: boolean | null;
}

export interface Proof {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly ledgered: number;
  readonly retired: number;
  readonly unaccounted: number;
  readonly doubled: number;
  /** Offsets on which the two ledgers, or a ledger and the records, contradict each other. */
  readonly contradicted: number;
  readonly identical: boolean | null;
  readonly proven: boolean;
  /** The first offset that is not accounted for. */
  readonly firstUnaccounted: number | null;
}

export function prove(facts: ProofFacts): Proof {
  const accepted = minus(facts.accepted, minus(facts.voided, union(facts.here, facts.there)));
  const delivered = within(accepted, facts.there);
  const rest = minus(accepted, delivered);
  const ledgered = within(rest, facts.ledgered);
  const pending = minus(within(minus(rest, ledgered), facts.here), facts.claimed);
  const open = minus(minus(rest, ledgered), pending);
  const retired = within(open, facts.retired);
  const nowhere = minus(open, retired);
  const unaccounted = Math.max(0, countOf(nowhere) - facts.voids);
  // What is void may lie below what retention took there: then no one received it.
  const voids = Math.min(countOf(open), facts.voids);
  const contradicted = countOf(within(delivered, facts.final)) +
    countOf(minus(within(accepted, facts.final), union(facts.ledgeredThere, facts.there))) +
    countOf(minus(within(rest, facts.ledgeredThere), facts.ledgered));
  const proven = unaccounted === 0 && facts.doubled === 0 && contradicted === 0 &&
    facts.identical !== false;
  return {
    accepted: countOf(accepted) - voids,
    delivered: countOf(delivered),
    pending: countOf(pending),
    ledgered: countOf(ledgered),
    retired: countOf(open) - voids - unaccounted,
    unaccounted,
    doubled: facts.doubled,
    contradicted,
    identical: facts.identical,
    proven,
    firstUnaccounted: unaccounted === 0 ? null : nowhere[0]!.from,
  };
}
