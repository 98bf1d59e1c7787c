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
import type { LogId, NodeId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { RangeCheckpoint } from "../format/checkpoint.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import { beginsIsland, judgeBatch, type Openings } from "./lane_rules.ts";
import type { LedgerEntry } from "./ledger_entry.ts";
import { withPath } from "./log_paths.ts";
import { RangeSet } from "./range_set.ts";
import {
  addLost,
  type AnnouncedLog,
  countSkip,
  declarationOf,
  newEntry,
  type PersistedSkip,
  type RangeEntry,
  type ReceivedLog,
  type SkipOptions,
  standingOf,
  view,
} from "./received_log.ts";
import {
  closedOf,
  closedRowOf,
  noteClosed,
  ReceivedLogs,
  reopenIfGrown,
  voidsOfClosed,
} from "./received_logs.ts";
import type { ReceivedRangesOptions } from "./received_ranges_options.ts";
import {
  askedOf,
  lackingOf,
  persistedOf,
  type SkippedRange,
  skipRunOf,
  skipsOfOpen,
} from "./skip_run.ts";
import { doneOf, type Place, SourceOrder, type SourceReading } from "./source_order.ts";

export type { AnnouncedLog, Loss, LostRange, ReceivedLog } from "./received_log.ts";

export class ReceivedRanges {
  readonly #options: ReceivedRangesOptions;
  readonly #logs = new ReceivedLogs();
  readonly opened = this.#logs.opened;
  readonly #announcing = new Map<LogId, Promise<void>>();
  readonly #closing = new Map<LogId, Promise<void>>();
  readonly #skipping = new Map<LogId, Promise<unknown>>();
  readonly #order = new SourceOrder({
    before: ({ logId }) => this.#logs.before(logId),
    after: ({ logId }) => this.#logs.after(logId),
  });

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
    const announced = this.#announce(log, nodeId).finally(() => {
      this.#announcing.delete(log.logId);
      this.#closeIfWhole(this.#logs.get(log.logId));
    });
    this.#announcing.set(log.logId, announced);
    await announced;
  }

  get(logId: LogId): ReceivedLog | undefined {
    const entry = this.#logs.get(logId);
    return entry?.row ? view(entry, entry.row) : undefined;
  }

  /** Logs known; it only grows. */
  get size(): number {
    return this.#logs.size;
  }

  *all(): Iterable<ReceivedLog> {
    for (const entry of this.#logs.all()) if (entry.row !== null) yield view(entry, entry.row);
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
    if (openings === null) this.#logs.checkPredecessor(entry);
    return judgeBatch(standingOf(entry, entry.noted), range, openings);
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
      const localStart = localEnd - (to - from);
      this.#order.receive(entry, { from, to }, localStart);
      entry.voids?.add(from, to, false);
      this.#options.took?.(entry.target, { from: localStart, to: localEnd });
      entry.localEnd = Math.max(entry.localEnd, localEnd);
    }
    // A log gives up all that is queued behind a failure, so what was noted is only forgotten
    // once nothing is queued: until then later batches fail on their own.
    if (entry.queued === 0) {
      entry.noted = entry.committed;
      entry.begun = 0;
      for (const wake of entry.idle.splice(0)) wake();
    }
    if (ok) this.#grew(entry);
  }

  /**
   * The sender will never send these ranges: they were ledgered, or never held records, or another
   * node holds them (`reason` elsewhere). Durable when this resolves.
   * Of several, as many of the first are taken as can be in one decision, one at least.
   *
   * @returns of each that was taken which of its offsets are not here: those are lost
   */
  async skipRun(
    logId: LogId,
    skips: readonly SkippedRange[],
    options: Omit<SkipOptions, "loss">,
  ): Promise<readonly OffsetRange[][]> {
    const skipped = this.#skip(this.#announced(logId), skips, options);
    this.#skipping.set(logId, skipped);
    try {
      return await skipped;
    } finally {
      if (this.#skipping.get(logId) === skipped) this.#skipping.delete(logId);
    }
  }

  /** What a reader of that partition has to know of the order of source. */
  inOrder(topic: TopicName, partition: number): SourceReading {
    return this.#order.reading(topic, partition);
  }

  /** Calls back, once, when more may have become readable in order without a batch having come. */
  onMerged(wake: () => void): () => void {
    return this.#order.onCaptured(wake);
  }

  // ── what recovery and the checkpoint call ────────────────────────────────────────────────────

  /** What the catalogue and the checkpoint know. */
  load(rows: readonly AnnouncedLogRow[], checkpoints: readonly RangeCheckpoint[]): void {
    for (const [entry, { done, runs, splices }] of this.#logs.load(rows, checkpoints)) {
      this.#order.load(entry, { done, runs: [...runs], late: [], splices: [...splices] });
    }
    for (const row of rows) this.#noteEnd(row);
  }

  /** A batch found in the log past the recovery point. */
  scanned(log: PartitionName, header: BatchHeader): void {
    const from = header.sourceOffset;
    const to = from + header.lastOffset - header.baseOffset + 1;
    const target = { topic: log.topic, partition: log.index };
    const { entry, isNew } = this.#logs.found({ logId: header.logId, firstOffset: from, target });
    if (isNew) this.#options.logger.warn("log_unannounced", { ...target, log_id: header.logId });
    if (!entry.committed.covers(from, to)) {
      this.#order.receive(entry, { from, to }, header.baseOffset);
      entry.voids?.add(from, to, false);
    }
    entry.localEnd = Math.max(entry.localEnd, header.lastOffset + 1);
    reopenIfGrown(entry);
  }

  /** A range known from the ledger's journal, or just made durable there. */
  skipped(logId: LogId, { from, to, reason, loss, late, ...by }: PersistedSkip): void {
    const entry = this.#logs.get(logId);
    if (entry === undefined) return;
    if (reason === "elsewhere") {
      entry.committed.addOpen(from, to, declarationOf(by));
      this.opened.add(logId);
    } else {
      for (const range of entry.committed.lacking(from, to)) {
        countSkip(entry, range, reason === "void");
        this.#order.skip(entry, range, late);
        entry.noted.add(range.from, range.to);
      }
    }
    if (loss !== null) addLost(entry.lost, { from, to, reason });
    this.#grew(entry);
  }

  /** What of an entry lies elsewhere will not come after all: whoever held it lost it. */
  lose(logId: LogId, lost: LedgerEntry): void {
    const skips = skipsOfOpen(this.#logs.get(logId), lost);
    for (const skip of skips) this.skipped(logId, skip);
    if (skips.length > 0) this.#options.changed?.(true);
  }

  /** All logs were read: what the catalogue knew to be whole is, whatever they hold. */
  recovered(): void {
    for (const entry of this.#logs.all()) {
      const closed = entry.row === null ? null : closedOf(entry.row);
      if (closed === null || entry.committed.watermark >= closed.to) continue;
      for (const range of entry.committed.lacking(entry.committed.watermark, closed.to)) {
        this.#order.skip(entry, range, true);
      }
      entry.voids = voidsOfClosed(entry.firstOffset, closed);
    }
  }

  /** Whether a log of another node goes to that partition. */
  readonly hasTarget: ReceivedLogs["haveTarget"] = (...at) => this.#logs.haveTarget(...at);

  /** See ReceivedLogs. */
  readonly partitionsMin: ReceivedLogs["partitionsMin"] = (topic) =>
    this.#logs.partitionsMin(topic);

  readonly has = (logId: LogId): boolean => this.#logs.has(logId);

  /** What has to be in the checkpoint of this very moment; `placeOf` tells where logs begin and end. */
  checkpoint(placeOf: (target: RangeEntry["target"]) => Place | undefined): RangeCheckpoint[] {
    const plain = this.#order.capture(placeOf);
    const rows = this.#logs.checkpoint();
    for (const { logId } of plain) this.#closeIfWhole(this.#logs.get(logId)!);
    return rows;
  }

  /** The last checkpoint is durable. */
  checkpointed(): void {
    this.#order.captured();
  }

  /** Source offsets below this are here, in a log anybody announced or the partition holds. */
  watermarkOf(logId: LogId): Offset | undefined {
    return this.#logs.get(logId)?.committed.watermark;
  }

  // ── inside ───────────────────────────────────────────────────────────────────────────────────

  async #announce(log: AnnouncedLog, nodeId: NodeId | null): Promise<void> {
    const known = this.#logs.get(log.logId);
    if (known?.row) {
      // One row at a time: the later one must not take back what the earlier one says.
      await this.#closing.get(log.logId);
      const row = withPath(known.row, log, nodeId);
      await this.#options.catalogue.putAnnouncedLogs([row]);
      // It may have gone on behind its end meanwhile.
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
    await this.#awaitChain(log);
    const target = known?.target ?? await this.#targetOf(log);
    const row: AnnouncedLogRow = {
      ...log,
      targetTopic: target.topic,
      targetPartition: target.partition,
      closed: null,
    };
    await this.#options.catalogue.putAnnouncedLogs([row]);
    const entry = known ?? newEntry({ ...log, target }, new RangeSet(log.firstOffset));
    entry.row = row;
    this.#logs.put(entry);
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
      { log_id: logId },
    );
  }

  async #skip(
    entry: RangeEntry,
    skips: readonly SkippedRange[],
    { openings = null, peer = "" }: Omit<SkipOptions, "loss">,
  ): Promise<readonly OffsetRange[][]> {
    // What is here already, or given up, waits for no predecessor: what it says may be asked ahead of
    // the very skip that makes that one whole.
    const asked = askedOf(entry, skips);
    if (openings === null && asked.length === 0) this.#logs.checkPredecessor(entry);
    // What is queued may still fail, and then it is lacking too.
    while (entry.queued > 0) await new Promise<void>((resolve) => entry.idle.push(resolve));
    const isLate = (log: RangeEntry, range: OffsetRange) => this.#order.isLate(log, range);
    const together = asked.length > 0 ? asked : skips;
    const { lacking, parts } = skipRunOf(entry, together, { peer, isLate });
    if (parts.length > 0) await this.#take(entry, parts);
    if (lacking.length > 0) return lacking;
    const first = skips[0]!;
    const alone = lackingOf(entry, first, { openings, peer });
    for (const range of alone) {
      const late = first.reason !== "elsewhere" && this.#order.isLate(entry, range);
      await this.#take(entry, [persistedOf(first, range, { late, peer })]);
    }
    return [alone];
  }

  async #take(entry: RangeEntry, skips: readonly PersistedSkip[]): Promise<void> {
    await this.#options.persistSkips(view(entry, entry.row!), skips);
    for (const skip of skips) this.skipped(entry.logId, skip);
    this.#options.changed?.(skips.some(({ late }) => late));
  }

  /** Nothing may change about a chain while it is decided what a skip in it lets through. */
  async #awaitChain({ logId, predecessor }: AnnouncedLog): Promise<void> {
    const skipping = predecessor === null ? undefined : this.#skipping.get(predecessor);
    await skipping?.then(() => {}, () => {});
    // It comes after its successor: that this one did not wait for it has to survive a crash.
    const begun = this.#logs.successorsOf(logId).some((each) => doneOf(each) > each.firstOffset);
    if (begun && !this.#logs.has(logId)) await this.#options.checkpoint?.();
  }

  #noteEnd({ predecessor, predecessorEnd }: AnnouncedLogRow): void {
    const before = predecessor === null ? undefined : this.#logs.get(predecessor);
    if (before === undefined) return;
    before.end = predecessorEnd;
    this.#closeIfWhole(before);
  }

  #grew(entry: RangeEntry): void {
    reopenIfGrown(entry);
    this.#closeIfWhole(entry);
  }

  /** A log that is whole and has a successor shrinks to one row of the catalogue. */
  #closeIfWhole(entry: RangeEntry | undefined): void {
    const row = entry && closedRowOf(entry);
    if (!row || this.#announcing.has(row.logId) || this.#closing.has(row.logId)) return;
    const closing = this.#options.catalogue.putAnnouncedLogs([row]).then(
      () => noteClosed(entry!, row.closed!),
      () => {}, // The checkpoint goes on holding it.
    ).finally(() => this.#closing.delete(row.logId));
    this.#closing.set(row.logId, closing);
  }
}
