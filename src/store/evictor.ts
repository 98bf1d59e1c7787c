/**
 * Gives records up: moves log start offsets, and thins segments. What goes undelivered is ledgered
 * before it goes: in the same durable frame that holds the new log start offset, and ahead of the
 * file that takes a segment's place. Files go after that, and should a crash come between, they go
 * at the next start; a segment that was being thinned is thinned again, and what the ledger says of
 * it already it does not say twice.
 *
 * @module
 */
import { LEDGER_CHANGE_ENTRIES_MAX } from "../base/limits.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Offset, OffsetRange, TopicName } from "../base/types.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { PartitionName, SegmentInfo } from "./books.ts";
import type { Disk } from "./disk.ts";
import type { Forwarded } from "./forwarded.ts";
import type { Ledger, LedgerChange, LedgerReason, NewLedgerEntry } from "./ledger.ts";
import { without } from "./ledger_entry.ts";
import type { LogRegistry } from "./log_registry.ts";
import {
  factsOf,
  ownShares,
  segmentExtents,
  type Share,
  shareOfDamage,
  sharesByHeader,
} from "./losses.ts";
import type { PartitionLog } from "./partition_log.ts";
import type { Thinner } from "./thinner.ts";

export interface EvictorOptions {
  readonly disk: Disk;
  readonly ledger: Ledger;
  readonly forwarded: Forwarded;
  readonly logs: LogRegistry;
  readonly metrics: Metrics;
  readonly thinner: Thinner;
  /** Whether records of other nodes lie in that partition. */
  readonly hasForeign: (log: PartitionName) => boolean;
  readonly hasUpstream: () => boolean;
  /** The partition itself; undefined where it is not open. */
  readonly logOf: (log: PartitionName) => PartitionLog | undefined;
}

export interface MoveOptions {
  /** Offsets below it are no loss. */
  readonly deliveredBelow: Offset;
  readonly reason: LedgerReason;
}

export class Evictor {
  readonly #options: EvictorOptions;
  /** By topic: bytes of segments that were thinned, and what went. */
  readonly #thinned = new Map<TopicName, { bytes: number; freed: number }>();
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

  /**
   * Gives up the records of a sealed segment that are below the severity its topic keeps. Returns
   * the bytes freed; none where that is not worth it, and then not looked at again.
   */
  thin(log: PartitionLog, segment: SegmentInfo, deliveredBelow: Offset): Promise<number> {
    return this.#inTurn(() => this.#thin(log, segment, deliveredBelow));
  }

  /** The part of a topic's segments that thinning took so far; a half where nothing is known. */
  thinnedShareOf(topic: TopicName): number {
    const thinned = this.#thinned.get(topic);
    return thinned === undefined ? 0.5 : thinned.freed / thinned.bytes;
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
    const { forwarded, metrics } = this.#options;
    const from = Math.max(log.logStartOffset, deliveredBelow);
    const shares = from < logStart ? await this.#sharesOf(log, { from, to: logStart }) : [];
    const directory = partitionDirectory(log.topic, log.index);
    const { held, settled } = forwarded.of(log.topic, log.index);
    await this.#change(shares.flatMap((share) => this.#entriesOf(log, share, reason)), {
      start: { directory, offset: logStart, held, settled },
    });
    log.setLogStart(logStart);
    const freed = log.removeBelowLogStart();
    metrics.counter("logboom_removed_bytes_total", "Bytes of segments removed.").value += freed;
    return freed;
  }

  async #thin(log: PartitionLog, segment: SegmentInfo, deliveredBelow: Offset): Promise<number> {
    const { disk, metrics, thinner } = this.#options;
    const { baseOffset } = segment;
    const file = await thinner.thin(log, segment);
    const thinned = this.#thinned.get(log.topic) ?? { bytes: 0, freed: 0 };
    this.#thinned.set(log.topic, thinned);
    thinned.bytes += segment.bytes;
    if (file === null) {
      log.noteThinned(baseOffset);
      return 0;
    }
    const directory = partitionDirectory(log.topic, log.index);
    const entries = file.holes
      .map((hole) => ({ ...hole, from: Math.max(hole.from, deliveredBelow), extents: [hole] }))
      .filter(({ from, to }) => from < to)
      .flatMap((share) => this.#entriesOf(log, share, "evicted"));
    await this.#change(entries, { rewritten: { directory, baseOffset } });
    const freed = log.replaceSegment(baseOffset, file);
    thinned.freed += freed;
    await disk.syncDirectory(directory);
    metrics.counter("logboom_thinned_bytes_total", "Bytes thinned out of segments.").value += freed;
    return freed;
  }

  async #ledgerDamage(log: PartitionName, damage: OffsetRange): Promise<void> {
    const { forwarded, hasForeign, logs, logOf } = this.#options;
    const from = Math.max(damage.from, forwarded.of(log.topic, log.index).held);
    if (from >= damage.to) return;
    const range = { from, to: damage.to, extents: [] };
    const open = logOf(log);
    const shares = !hasForeign(log)
      ? ownShares(logs, log, range)
      : [(open && await shareOfDamage(open, damage, from)) ?? { ...range, logId: null }];
    const entries = shares.flatMap((share) => this.#entriesOf(log, share, "corrupt"));
    if (entries.length > 0) await this.#change(entries, {});
  }

  #sharesOf(log: PartitionLog, range: OffsetRange): Share[] | Promise<Share[]> {
    const thinned = log.segments().some((segment) =>
      segment.thinned === true && segment.baseOffset < range.to
    );
    if (thinned || this.#options.hasForeign(log)) return sharesByHeader(log, range);
    return ownShares(this.#options.logs, log, { ...range, extents: segmentExtents(log) });
  }

  /**
   * One decision; where it is too long for one frame of the journal, what is ledgered comes first.
   * A crash in between leaves entries of records that are still there, and delivered perhaps: the
   * receiver is asked about each, and the next decision leaves out what stands.
   */
  async #change(
    entries: readonly NewLedgerEntry[],
    decision: Pick<LedgerChange, "start" | "rewritten">,
  ): Promise<void> {
    const { ledger } = this.#options;
    let rest = entries;
    while (rest.length > LEDGER_CHANGE_ENTRIES_MAX) {
      await ledger.change({ entries: rest.slice(0, LEDGER_CHANGE_ENTRIES_MAX) });
      rest = rest.slice(LEDGER_CHANGE_ENTRIES_MAX);
    }
    await ledger.change({ entries: rest, ...decision });
  }

  /** What of a share is not in the ledger yet: no record is ledgered twice. */
  #entriesOf(log: PartitionName, share: Share, reason: LedgerReason): NewLedgerEntry[] {
    const { ledger, hasUpstream } = this.#options;
    const { topic, index: partition } = log;
    const { logId, extents } = share;
    const ledgered = ledger.standing(logId, share)
      .filter((entry) => entry.topic === topic && entry.partition === partition);
    const state = hasUpstream() ? "provisional" : "final";
    return without(share, ledgered).map(({ from, to }) => ({
      ...{ logId, topic, partition, from, to, reason, state },
      ...factsOf({ from, to }, extents),
      count: to - from,
    }));
  }
}
