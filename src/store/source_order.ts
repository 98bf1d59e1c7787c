/**
 * The order of source, read from a log that lies in the order of arrival.
 *
 * A batch is *in order* where it is the next of its log, and its log's predecessor is whole. Any
 * other (a live lane's, one behind a range that lies elsewhere) is *aside*: a reader who wants the
 * order of source passes it over. Batches aside are kept as *runs*: source offsets in one piece,
 * that lie here in their order, from a local offset on. Once what was missing below a run has come,
 * the run is *spliced* in: it is read right before the local offset at which that was, whatever lies
 * between. So what such a reader sees is a fixed function of the log and of its runs and splices,
 * and where he stands is a local offset, and within a splice a source offset.
 *
 *     local offset   0    10    20    30    40    50          source offsets of one log
 *     batch          0-9  50-59 10-19 20-29 30-49 60-69       run 50-59 at local 10, until
 *     read in order  0-9        10-19 20-29 30-49 |60-69      splice 50-59, merged at local 50
 *                                                50-59
 *
 * What is known must come back after a crash as it was. Batches are counted in the order in which
 * they lie, as recovery reads them. What was skipped lies nowhere in the log: where it lets a run
 * through, or a successor's, it counts only from the next checkpoint on (it is *late*), and what it
 * lets through is read once that checkpoint is durable.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { Run, Splice } from "../format/checkpoint.ts";
import type { RangeSet } from "./range_set.ts";

/** Of one log; null stands for one of which nothing is aside, nor ever was as far as it matters. */
export interface LogOrder {
  /** All below it is read in order. */
  done: Offset;
  /** Apart from one another. */
  runs: Run[];
  /** What was skipped since the last checkpoint, and counts from the next one on. */
  late: OffsetRange[];
  splices: Splice[];
}

/** A log, as far as its order matters. */
export interface OrderedLog {
  readonly logId: LogId;
  readonly firstOffset: Offset;
  readonly target: { readonly topic: TopicName; readonly partition: number };
  readonly committed: RangeSet;
  order: LogOrder | null;
}

export interface SourceOrderOptions {
  /** The log before one in its chain, known here and in the same partition, and where it ends. */
  readonly before: (log: OrderedLog) => { readonly log: OrderedLog; readonly end: Offset } | null;
  /** Logs whose predecessor it is. */
  readonly after: (log: OrderedLog) => readonly OrderedLog[];
}

/** What is merged at one partition. */
interface Merges {
  /** In the order in which they are read. */
  splices: Splice[];
  /** The first local offset at which a merge is not durable yet. */
  barrier: Offset;
}

/** What a reader of one partition has to know. */
export interface SourceReading {
  /** He may read local offsets below it, and merges below it or at it unless it is held back. */
  end(highWatermark: Offset): Offset;
  /** The splices to be read right before local offset `at`, in their order. */
  at(at: Offset): readonly Splice[];
  /** The first local offset above `above` with splices before it. */
  next(above: Offset): Offset;
  /** Whether a batch that begins at that source offset is passed over where it lies. */
  aside(logId: LogId, sourceOffset: Offset): boolean;
  /** Offsets that are here and wait for something below them. */
  heldBack(): number;
}

/** Runs of a partition without a single record, one after another, that are looked behind. */
export const EMPTY_RUNS_MAX = 100;

/** How far all of a log is here, and counts. */
export function doneOf({ order, committed }: Pick<OrderedLog, "order" | "committed">): Offset {
  return order?.done ?? committed.contiguous;
}

function endOf(committed: RangeSet, order: LogOrder | null): Offset {
  let end = committed.contiguous;
  for (const { from } of order?.late ?? []) end = Math.min(end, from);
  return end;
}

export class SourceOrder {
  readonly #options: SourceOrderOptions;
  readonly #merges = new Map<string, Merges>();
  readonly #logs = new Map<LogId, OrderedLog>();
  readonly #waiting = new Set<() => void>();
  #sequence = 0;

  constructor(options: SourceOrderOptions) {
    this.#options = options;
  }

  /** Logs of which something is, or was, aside. */
  get size(): number {
    return this.#logs.size;
  }

  /**
   * The batch [from, to) is durable at [localStart, ...). To be called before the log's committed
   * ranges hold it, and for all logs of a partition in the order in which their batches lie.
   */
  receive(log: OrderedLog, { from, to }: OffsetRange, localStart: Offset): void {
    const inOrder = from === doneOf(log) && !this.#isBlocked(log);
    if (!inOrder) addRun(this.#orderOf(log), { from, to, localStart }, log.committed);
    log.committed.add(from, to);
    this.#advance(log, localStart + (to - from));
  }

  /**
   * Whether [from, to) is late when it is skipped: where something aside is let through, and in a log
   * that waits for its predecessor, where nothing may look as if it had begun.
   */
  isLate(log: OrderedLog, { from, to }: OffsetRange): boolean {
    if (this.#isBlocked(log)) return true;
    const set = log.committed.copy();
    set.add(from, to);
    const done = doneOf(log);
    const end = endOf(set, log.order);
    if (end <= done) return false;
    if (log.order?.runs.some((run) => run.from < end)) return true;
    return this.#options.after(log).some((successor) => {
      const before = this.#options.before(successor);
      return before !== null && done < before.end && before.end <= end;
    });
  }

  /** [from, to) will not come; the log's committed ranges hold it from now on. */
  skip(log: OrderedLog, { from, to }: OffsetRange, late: boolean): void {
    // As recovery reads it, a log may wait whose predecessor was whole when this was skipped.
    const waits = late || this.#isBlocked(log);
    const order = waits ? this.#orderOf(log) : log.order;
    if (late) order!.late.push({ from, to });
    log.committed.add(from, to);
    if (waits || order === null) return;
    const end = endOf(log.committed, order);
    // Only where both checkpoints were lost does it let something through unannounced.
    if (order.runs.some((run) => run.from < end)) order.late.push({ from, to });
    else order.done = Math.max(order.done, end);
  }

  /** What the checkpoint knew; those of all logs before any batch is received. */
  load(log: OrderedLog, order: LogOrder): void {
    log.order = order;
    this.#logs.set(log.logId, log);
    for (const splice of order.splices) {
      this.#sequence = Math.max(this.#sequence, splice.sequence + 1);
      this.#mergesOf(log).splices.push(splice);
    }
    this.#mergesOf(log).splices.sort((a, b) => a.mergedAt - b.mergedAt || a.sequence - b.sequence);
  }

  /**
   * A checkpoint is being taken of this very moment: what was skipped counts in it. `placeOf` tells
   * where a partition begins and ends. Returns the logs of which nothing is aside any more.
   */
  capture(placeOf: (target: OrderedLog["target"]) => Place | undefined): OrderedLog[] {
    const plain: OrderedLog[] = [];
    for (const log of [...this.#logs.values()]) {
      const place = placeOf(log.target);
      if (place === undefined) continue;
      const { highWatermark, logStartOffset } = place;
      if (log.order !== null && log.order.late.length > 0) {
        log.order.late = [];
        this.#advance(log, highWatermark, true);
      }
      if (this.#forget(log, logStartOffset)) plain.push(log);
    }
    return plain;
  }

  /** The checkpoint is durable, and every merge it holds. */
  captured(): void {
    for (const merges of this.#merges.values()) merges.barrier = Infinity;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Calls back when more may have become readable without a batch having come; once. */
  onCaptured(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => void this.#waiting.delete(wake);
  }

  reading(topic: TopicName, partition: number): SourceReading {
    const merges = () => this.#merges.get(keyOf({ topic, partition }));
    const readable = (at: Offset) => at < (merges()?.barrier ?? Infinity);
    return {
      end: (highWatermark) => Math.min(highWatermark, merges()?.barrier ?? Infinity),
      at: (at) =>
        readable(at) ? merges()?.splices.filter(({ mergedAt }) => mergedAt === at) ?? [] : [],
      next: (above) =>
        merges()?.splices.find(({ mergedAt }) => mergedAt > above)?.mergedAt ?? Infinity,
      aside: (logId, sourceOffset) => {
        const order = this.#logs.get(logId)?.order;
        if (order === null || order === undefined) return false;
        const holds = ({ from, to }: OffsetRange) => from <= sourceOffset && sourceOffset < to;
        return order.runs.some(holds) || order.splices.some(holds);
      },
      heldBack: () => {
        let offsets = 0;
        for (const { target, order } of this.#logs.values()) {
          if (target.topic !== topic || target.partition !== partition) continue;
          for (const { from, to } of order?.runs ?? []) offsets += to - from;
        }
        return offsets;
      },
    };
  }

  /** A successor with nothing read of it yet waits for its predecessors. */
  #isBlocked(log: OrderedLog): boolean {
    let at = log;
    // Runs without a single record stand between others: more than a few of them is nonsense.
    for (let steps = 0; steps < EMPTY_RUNS_MAX && doneOf(at) === at.firstOffset; steps++) {
      const before = this.#options.before(at);
      if (before === null) return false;
      if (doneOf(before.log) < before.end) return true;
      at = before.log;
    }
    return false;
  }

  /** Splices in what is reached, and goes on to the successors of what became whole. */
  #advance(log: OrderedLog, mergedAt: Offset, captured = false): void {
    // Each once: what peers say of their chains may go round in a circle.
    const reached = new Set([log]);
    for (const next of reached) {
      const { order } = next;
      if (this.#isBlocked(next)) continue;
      if (order !== null) {
        const end = endOf(next.committed, order);
        if (end > order.done) this.#merge(next, order, { end, mergedAt, captured });
      }
      for (const successor of this.#options.after(next)) {
        if (doneOf(successor) === successor.firstOffset) reached.add(successor);
      }
    }
  }

  #merge(
    log: OrderedLog,
    order: LogOrder,
    { end, mergedAt, captured }: { end: Offset; mergedAt: Offset; captured: boolean },
  ): void {
    order.done = end;
    const reached = order.runs.filter(({ from }) => from < end).sort((a, b) => a.from - b.from);
    if (reached.length === 0) return;
    // What lies behind something skipped just now is still aside.
    order.runs = [
      ...order.runs.filter(({ from }) => from >= end),
      ...reached.filter(({ to }) => to > end).map((run) => ({ ...run, from: end })),
    ];
    const merges = this.#mergesOf(log);
    if (captured) merges.barrier = Math.min(merges.barrier, mergedAt);
    for (const { from, to, localStart } of reached) {
      const sequence = this.#sequence++;
      const range = { from, to: Math.min(to, end) };
      const splice = { ...range, logId: log.logId, localStart, mergedAt, sequence };
      order.splices.push(splice);
      merges.splices.push(splice);
    }
  }

  /** Forgets splices nobody can come to; true once that leaves nothing to know of the log. */
  #forget(log: OrderedLog, logStartOffset: Offset): boolean {
    const { order } = log;
    if (order === null) return false;
    const readable = ({ mergedAt }: Splice) => mergedAt >= logStartOffset;
    if (!order.splices.every(readable)) {
      order.splices = order.splices.filter(readable);
      const merges = this.#mergesOf(log);
      merges.splices = merges.splices.filter(readable);
    }
    const { runs, late, splices, done } = order;
    const nothing = runs.length + late.length + splices.length === 0;
    if (!nothing || done !== log.committed.contiguous) return false;
    log.order = null;
    this.#logs.delete(log.logId);
    return true;
  }

  #orderOf(log: OrderedLog): LogOrder {
    if (log.order !== null) return log.order;
    log.order = { done: log.committed.contiguous, runs: [], late: [], splices: [] };
    this.#logs.set(log.logId, log);
    return log.order;
  }

  #mergesOf({ target }: OrderedLog): Merges {
    const key = keyOf(target);
    const known = this.#merges.get(key);
    if (known !== undefined) return known;
    const merges = { splices: [], barrier: Infinity };
    this.#merges.set(key, merges);
    return merges;
  }
}

export interface Place {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

function keyOf({ topic, partition }: OrderedLog["target"]): string {
  return `${topic}/${partition}`;
}

/** Nothing but skipped offsets may lie between the parts of one run: it is read as one piece. */
function addRun(order: LogOrder, { from, to, localStart }: Run, committed: RangeSet): void {
  let below: Run | undefined;
  for (const run of order.runs) {
    if (run.to <= from && run.to > (below?.to ?? -1)) below = run;
  }
  if (below === undefined || !(below.to === from || committed.covers(below.to, from))) {
    order.runs.push({ from, to, localStart });
    return;
  }
  order.runs[order.runs.indexOf(below)] = { ...below, to };
}
