/**
 * Received ranges: per log of another node, which of its offsets are durable here. This is what
 * makes a batch that comes twice, by whatever path, count once; there is no time window to it.
 *
 * A range is *noted* when its batch was queued and *committed* with the batch's own sync. The
 * checkpoint holds what was committed, captured in one turn with the recovery points; recovery adds
 * the batches it scans. What the sender declared ledgered or void is durable in the ledger's
 * journal before it is answered.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { fromHex } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import { ANNOUNCED_LOGS_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { LogId, NodeId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { RangeCheckpoint } from "../format/checkpoint.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import type { AnnouncedLogRow, Catalogue } from "./catalogue.ts";
import { beginsIsland, checkSkip, judgeBatch, type Openings, outOfOrder } from "./lane_rules.ts";
import { withPath } from "./log_paths.ts";
import { RangeSet } from "./range_set.ts";
import {
  type AnnouncedLog,
  type Loss,
  type LostRange,
  newEntry,
  type RangeEntry,
  type ReceivedLog,
  view,
} from "./received_log.ts";

export type { AnnouncedLog, Loss, LostRange, ReceivedLog } from "./received_log.ts";

export interface ReceivedRangesOptions {
  readonly catalogue: Pick<Catalogue, "putAnnouncedLogs">;
  readonly murmur2: (bytes: Uint8Array) => number;
  readonly logger: Logger;
  /** Partitions of a topic, which is created if need be. */
  readonly partitionsOf: (topic: TopicName) => Promise<number>;
  /** Makes a lost or void range durable. */
  readonly persistLost: (log: ReceivedLog, range: LostRange, loss: Loss | null) => Promise<void>;
}

export interface SkipOptions {
  /** What is known of the records; null where there were none. */
  readonly loss: Loss | null;
  readonly openings?: Openings;
}

export class ReceivedRanges {
  readonly #options: ReceivedRangesOptions;
  readonly #logs = new Map<LogId, RangeEntry>();
  readonly #announcing = new Map<LogId, Promise<void>>();

  constructor(options: ReceivedRangesOptions) {
    this.#options = options;
  }

  // ── what the receiver calls ──────────────────────────────────────────────────────────────────

  /**
   * Makes a log known, durably, before its first batch.
   *
   * @param nodeId what the peer says its node is, where a credential gives it another name
   * @throws {OperatingError} peer_mismatch when the peer is no path of it; too_many_topics and the
   *         like when its topic cannot be made; quota_exceeded at the limit of logs
   */
  async announce(log: AnnouncedLog, nodeId: NodeId | null = null): Promise<void> {
    const known = this.#logs.get(log.logId);
    if (known?.row && withPath(known.row, log, nodeId) === known.row) return;
    const running = this.#announcing.get(log.logId);
    if (running !== undefined) return await running.then(() => this.announce(log, nodeId));
    const announced = this.#announce(log, nodeId).finally(() => this.#announcing.delete(log.logId));
    this.#announcing.set(log.logId, announced);
    await announced;
  }

  get(logId: LogId): ReceivedLog | undefined {
    const entry = this.#logs.get(logId);
    return entry?.row === undefined || entry.row === null ? undefined : view(entry, entry.row);
  }

  /** Logs known; it only grows. */
  get size(): number {
    return this.#logs.size;
  }

  *all(): Iterable<ReceivedLog> {
    for (const entry of this.#logs.values()) if (entry.row !== null) yield view(entry, entry.row);
  }

  /**
   * What to do with a batch of a log that a lane brought.
   *
   * @param openings those the lane declared of the log; null for a strict or a backlog lane
   * @throws {OperatingError} log_not_announced, and what lane_rules.ts throws
   */
  judge(
    logId: LogId,
    range: OffsetRange,
    openings: Openings = null,
  ): "append" | "duplicate" {
    const entry = this.#announced(logId);
    if (openings === null) this.#checkPredecessor(entry);
    return judgeBatch({ logId, set: entry.noted, runs: entry.begun }, range, openings);
  }

  /** The batch [from, to) was queued; {@linkcode settle} must follow, once. */
  note(logId: LogId, from: Offset, to: Offset): void {
    const entry = this.#announced(logId);
    assert(!entry.noted.touches(from, to), "a range is noted once");
    if (entry.noted === entry.committed) entry.noted = entry.committed.copy();
    if (beginsIsland(entry.noted, from)) entry.begun++;
    entry.noted.add(from, to);
    entry.queued++;
  }

  /**
   * The commit of a noted range ended: called in the turn in which the high watermark passed it, or
   * in which it was given up (`ok` false). `localEnd` is the offset behind its batch here.
   */
  settle(logId: LogId, { from, to }: OffsetRange, ok: boolean, localEnd = 0): void {
    const entry = this.#announced(logId);
    entry.queued--;
    assert(entry.queued >= 0, "a noted range is settled once");
    if (ok) {
      entry.committed.add(from, to);
      entry.localEnd = Math.max(entry.localEnd, localEnd);
    }
    // A log gives up all that is queued behind a failure, so what was noted is only forgotten
    // once nothing is queued: until then later batches fail on their own.
    if (entry.queued === 0) {
      entry.noted = entry.committed;
      entry.begun = entry.committed.islands.length;
      for (const wake of entry.idle.splice(0)) wake();
    }
    if (ok) this.#closeIfWhole(entry);
  }

  /**
   * The sender will never send [from, to): it was ledgered, or never held records (`loss` null).
   * Durable when this resolves.
   *
   * @returns which of its offsets are not here: those are lost, the others had arrived
   */
  async skip(
    logId: LogId,
    { from, to, reason }: LostRange,
    { loss, openings = null }: SkipOptions,
  ): Promise<OffsetRange[]> {
    const entry = this.#announced(logId);
    if (openings === null) this.#checkPredecessor(entry);
    // What is queued may still fail, and then it is lacking too.
    while (entry.queued > 0) await new Promise<void>((resolve) => entry.idle.push(resolve));
    checkSkip({ logId, set: entry.committed, runs: entry.begun }, { from, to }, openings);
    const lacking = entry.committed.lacking(from, to);
    for (const range of lacking) {
      await this.#options.persistLost(view(entry, entry.row!), { ...range, reason }, loss);
      this.lost(logId, { ...range, reason }, loss !== null);
    }
    return lacking;
  }

  // ── what recovery and the checkpoint call ────────────────────────────────────────────────────

  /** What the catalogue and the checkpoint know. */
  load(rows: readonly AnnouncedLogRow[], checkpoints: readonly RangeCheckpoint[]): void {
    for (const range of checkpoints) {
      const { logId, firstOffset, watermark, islands, localEnd } = range;
      const target = { topic: range.targetTopic, partition: range.targetPartition };
      const set = new RangeSet(watermark, islands);
      this.#logs.set(logId, { ...newEntry(firstOffset, target, set), localEnd });
    }
    for (const row of rows) {
      const target = { topic: row.targetTopic, partition: row.targetPartition };
      const closed = row.closed === null ? null : JSON.parse(row.closed) as Closed;
      const known = this.#logs.get(row.logId);
      const entry =
        known !== undefined && (closed === null || known.committed.watermark > closed.to)
          ? known
          : newEntry(row.firstOffset, target, new RangeSet(closed?.to ?? row.firstOffset));
      entry.row = row;
      if (closed !== null) entry.end = closed.to;
      this.#logs.set(row.logId, entry);
    }
    for (const row of rows) this.#noteEnd(row);
  }

  /** A batch found in the log past the recovery point. */
  scanned(log: PartitionName, header: BatchHeader): void {
    const from = header.sourceOffset;
    const to = from + header.lastOffset - header.baseOffset + 1;
    let entry = this.#logs.get(header.logId);
    if (entry === undefined) {
      // Never announced as far as the catalogue knows: it was restored from an older copy. What is
      // here stays known, so that an announcement to come finds it.
      const target = { topic: log.topic, partition: log.index };
      entry = newEntry(from, target, new RangeSet(from));
      this.#logs.set(header.logId, entry);
      const { topic, index: partition } = log;
      this.#options.logger.warn("log_unannounced", { topic, partition, log_id: header.logId });
    }
    entry.committed.add(from, to);
    entry.localEnd = Math.max(entry.localEnd, header.lastOffset + 1);
  }

  /** A range known from the ledger's journal, or just made durable there. */
  lost(logId: LogId, { from, to, reason }: LostRange, isLoss: boolean): void {
    const entry = this.#logs.get(logId);
    if (entry === undefined) return;
    entry.committed.add(from, to);
    if (isLoss) entry.lost.push({ from, to, reason });
    this.#closeIfWhole(entry);
  }

  /** Whether a log of another node goes to that partition. */
  hasTarget(topic: TopicName, partition: number): boolean {
    for (const { target } of this.#logs.values()) {
      if (target.topic === topic && target.partition === partition) return true;
    }
    return false;
  }

  has(logId: LogId): boolean {
    return this.#logs.has(logId);
  }

  /** What has to be in the checkpoint: every log but those the catalogue knows to be whole. */
  checkpoint(): RangeCheckpoint[] {
    const open: RangeCheckpoint[] = [];
    for (const [logId, entry] of this.#logs) {
      if (entry.row?.closed) continue;
      open.push({
        logId,
        firstOffset: entry.firstOffset,
        watermark: entry.committed.watermark,
        islands: entry.committed.islands,
        targetTopic: entry.target.topic,
        targetPartition: entry.target.partition,
        localEnd: entry.localEnd,
      });
    }
    return open;
  }

  /** Source offsets below this are here, in a log anybody announced or the partition holds. */
  watermarkOf(logId: LogId): Offset | undefined {
    return this.#logs.get(logId)?.committed.watermark;
  }

  // ── inside ───────────────────────────────────────────────────────────────────────────────────

  async #announce(log: AnnouncedLog, nodeId: NodeId | null): Promise<void> {
    const known = this.#logs.get(log.logId);
    if (known?.row) {
      const row = withPath(known.row, log, nodeId);
      await this.#options.catalogue.putAnnouncedLogs([row]);
      // Closed meanwhile, perhaps.
      known.row = { ...row, closed: known.row.closed };
      return;
    }
    if (known === undefined && this.#logs.size >= ANNOUNCED_LOGS_MAX) {
      throw new OperatingError(
        "quota_exceeded",
        `Cannot announce log ${log.logId}: ${ANNOUNCED_LOGS_MAX} logs are known, the limit`,
        { limit: ANNOUNCED_LOGS_MAX },
      );
    }
    const target = known?.target ?? await this.#targetOf(log);
    const row: AnnouncedLogRow = {
      ...log,
      targetTopic: target.topic,
      targetPartition: target.partition,
      closed: null,
    };
    await this.#options.catalogue.putAnnouncedLogs([row]);
    const entry = known ?? newEntry(log.firstOffset, target, new RangeSet(log.firstOffset));
    entry.row = row;
    this.#logs.set(log.logId, entry);
    this.#noteEnd(row);
  }

  /** The whole chain goes to one partition, chosen by its root at first receipt, for life. */
  async #targetOf(log: AnnouncedLog): Promise<RangeEntry["target"]> {
    const kin = this.#logs.get(log.root) ??
      (log.predecessor === null ? undefined : this.#logs.get(log.predecessor));
    if (kin !== undefined) return kin.target;
    const partitions = await this.#options.partitionsOf(log.topic);
    return { topic: log.topic, partition: this.#options.murmur2(fromHex(log.root)) % partitions };
  }

  #announced(logId: LogId): RangeEntry {
    const entry = this.#logs.get(logId);
    if (entry !== undefined && entry.row !== null) return entry;
    throw new OperatingError(
      "log_not_announced",
      `Cannot take log ${logId}: it was not announced`,
      {
        log_id: logId,
      },
    );
  }

  /** A predecessor's batches precede its successor's. One never announced here has none to come. */
  #checkPredecessor(entry: RangeEntry): void {
    const { predecessor, predecessorEnd } = entry.row!;
    const before = predecessor === null ? undefined : this.#logs.get(predecessor);
    if (before === undefined || before.noted.watermark >= predecessorEnd) return;
    throw outOfOrder(predecessor!, before.noted.watermark);
  }

  #noteEnd({ predecessor, predecessorEnd }: AnnouncedLogRow): void {
    const before = predecessor === null ? undefined : this.#logs.get(predecessor);
    if (before === undefined) return;
    before.end = predecessorEnd;
    this.#closeIfWhole(before);
  }

  /** A log that is whole and has a successor shrinks to one row of the catalogue. */
  #closeIfWhole(entry: RangeEntry): void {
    const { row, end, committed } = entry;
    if (row === null || row.closed !== null || end === null || entry.queued > 0) return;
    if (committed.watermark < end || committed.islands.length > 0) return;
    const closed: Closed = { to: committed.watermark };
    const closedRow = { ...row, closed: JSON.stringify(closed) };
    this.#options.catalogue.putAnnouncedLogs([closedRow]).then(
      () => entry.row = { ...entry.row!, closed: closedRow.closed },
      () => {}, // The checkpoint goes on holding it.
    );
  }
}

interface Closed {
  readonly to: Offset;
}
