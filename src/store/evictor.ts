/**
 * Moves log start offsets up. What goes undelivered is ledgered in the same durable frame that
 * holds the new log start offset; only then do files go, and should a crash come between, they go
 * at the next start.
 *
 * @module
 */
import type { Metrics } from "../base/metrics.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import type { Forwarded } from "./forwarded.ts";
import type { Ledger, LedgerReason, NewLedgerEntry } from "./ledger.ts";
import type { LogRegistry } from "./log_registry.ts";
import type { PartitionLog } from "./partition_log.ts";
import { RangeSet } from "./range_set.ts";

export interface EvictorOptions {
  readonly ledger: Ledger;
  readonly forwarded: Forwarded;
  readonly logs: LogRegistry;
  readonly metrics: Metrics;
  /** Whether records of other nodes lie in that partition. */
  readonly hasForeign: (log: PartitionName) => boolean;
  readonly hasUpstream: () => boolean;
}

/** Bytes read at once to tell whose records are given up. */
const READ_BYTES = 1024 * 1024;

/** Records of one log that go, in its own offsets. */
interface Share extends OffsetRange {
  readonly logId: LogId;
  readonly topic: string;
  readonly partition: number;
}

export interface MoveOptions {
  /** Offsets below it are no loss. */
  readonly deliveredBelow: Offset;
  readonly reason: LedgerReason;
}

export class Evictor {
  readonly #options: EvictorOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  /**
   * Gives up all below `logStart`; of that, what lies at or above `deliveredBelow` is a loss.
   * Returns the bytes freed.
   */
  moveStart(log: PartitionLog, logStart: Offset, options: MoveOptions): Promise<number> {
    return this.#inTurn(() => this.#moveStart(log, logStart, options));
  }

  /** Ledgers a range that damage has made unreadable, as far as it was not delivered or ledgered. */
  ledgerDamage(log: PartitionName, damage: OffsetRange): Promise<void> {
    return this.#inTurn(() => this.#ledgerDamage(log, damage));
  }

  /** One decision at a time: the next one has to see the entries of the one before. */
  #inTurn<T>(decide: () => Promise<T>): Promise<T> {
    const decided = this.#turn.then(decide);
    this.#turn = decided.catch(() => {});
    return decided;
  }

  async #moveStart(
    log: PartitionLog,
    logStart: Offset,
    { deliveredBelow, reason }: MoveOptions,
  ): Promise<number> {
    if (logStart <= log.logStartOffset) return 0;
    const { ledger, forwarded, metrics } = this.#options;
    const from = Math.max(log.logStartOffset, deliveredBelow);
    const entries = from < logStart
      ? await this.#lossesOf(log, { from, to: logStart }, reason)
      : [];
    const directory = partitionDirectory(log.topic, log.index);
    await ledger.change({
      entries,
      start: { directory, offset: logStart, ...forwarded.of(log.topic, log.index) },
    });
    log.setLogStart(logStart);
    const freed = log.removeBelowLogStart();
    metrics.counter("logboom_removed_bytes_total", "Bytes of segments removed.").value += freed;
    return freed;
  }

  async #ledgerDamage(log: PartitionName, damage: OffsetRange): Promise<void> {
    const { forwarded, ledger } = this.#options;
    const from = Math.max(damage.from, forwarded.of(log.topic, log.index).held);
    if (from >= damage.to) return;
    const range = { from, to: damage.to };
    // Among the records of others nobody can tell whose these were.
    const shares = this.#options.hasForeign(log)
      ? [{ ...range, logId: null, topic: log.topic, partition: log.index }]
      : this.#ownShares(log, range);
    const facts = { bytes: 0, minTimestamp: -1, maxTimestamp: -1 };
    const entries = shares.flatMap((share) => this.#entriesOf(share, "corrupt", facts));
    if (entries.length > 0) await ledger.change({ entries });
  }

  async #lossesOf(
    log: PartitionLog,
    range: OffsetRange,
    reason: LedgerReason,
  ): Promise<NewLedgerEntry[]> {
    const shares = this.#options.hasForeign(log)
      ? await this.#sharesByHeader(log, range)
      : this.#ownShares(log, range);
    return shares.flatMap((share) => this.#entriesOf(share, reason, factsOf(log, range)));
  }

  /** Own records stand at their own offsets, so the chain tells whose they are. */
  #ownShares(log: PartitionName, { from, to }: OffsetRange): Share[] {
    const { topic, index: partition } = log;
    const shares: Share[] = [];
    for (const row of this.#options.logs.chain(topic, partition)) {
      const share = {
        from: Math.max(from, row.firstOffset),
        to: Math.min(to, this.#options.logs.endOf(row, to)),
      };
      if (share.from < share.to) shares.push({ ...share, logId: row.logId, topic, partition });
    }
    return shares;
  }

  /** Where records of several nodes lie together, only their headers tell. */
  async #sharesByHeader(log: PartitionLog, { from, to }: OffsetRange): Promise<Share[]> {
    const ranges = new Map<LogId, RangeSet>();
    for (let offset = from; offset < to;) {
      const page = await log.read(offset, { maxBytes: READ_BYTES, upTo: to });
      for (const batch of page.batches) {
        const { logId, sourceOffset, baseOffset, lastOffset } = readBatchHeader(batch);
        const set = ranges.get(logId) ?? new RangeSet(0);
        set.add(sourceOffset, sourceOffset + lastOffset - baseOffset + 1);
        ranges.set(logId, set);
      }
      offset = Math.max(page.nextOffset, offset + 1);
    }
    return Array.from(ranges, ([logId, set]) => {
      const whole = set.watermark > 0 ? [{ from: 0, to: set.watermark }] : [];
      return [...whole, ...set.islands].map((range) => ({
        ...range,
        logId,
        topic: log.topic,
        partition: log.index,
      }));
    }).flat();
  }

  /** What of a share is not in the ledger yet: no record is ledgered twice. */
  #entriesOf(
    share: Omit<Share, "logId"> & { readonly logId: LogId | null },
    reason: LedgerReason,
    facts: Pick<NewLedgerEntry, "bytes" | "minTimestamp" | "maxTimestamp">,
  ): NewLedgerEntry[] {
    const { ledger, hasUpstream } = this.#options;
    const { logId, topic, partition } = share;
    const ledgered = ledger.standing(logId)
      .filter((entry) => entry.topic === topic && entry.partition === partition);
    const state = hasUpstream() ? "provisional" : "final";
    return without(share, ledgered).map(({ from, to }) => ({
      ...{ logId, topic, partition, from, to, reason, state },
      ...facts,
      bytes: Math.round(facts.bytes * (to - from)),
      count: to - from,
    }));
  }
}

function without(range: OffsetRange, taken: readonly OffsetRange[]): OffsetRange[] {
  const left: OffsetRange[] = [];
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

/** Bytes per record, and the time span, of the segments that hold the range. */
function factsOf(
  log: PartitionLog,
  { from, to }: OffsetRange,
): Pick<NewLedgerEntry, "bytes" | "minTimestamp" | "maxTimestamp"> {
  const within = log.segments().filter((segment) =>
    segment.baseOffset < to && segment.endOffset > from && segment.bytes > 0
  );
  if (within.length === 0) return { bytes: 0, minTimestamp: -1, maxTimestamp: -1 };
  const bytes = within.reduce((sum, segment) => sum + segment.bytes, 0);
  const records = within.at(-1)!.endOffset - within[0]!.baseOffset;
  return {
    bytes: bytes / records,
    minTimestamp: Math.min(...within.map(({ minTimestamp }) => minTimestamp)),
    maxTimestamp: Math.max(...within.map(({ maxTimestamp }) => maxTimestamp)),
  };
}
