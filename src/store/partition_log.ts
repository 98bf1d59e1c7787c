/**
 * One partition's log: segments in order, the records that gather for the next commit, and what
 * readers may see of it. This file holds the parts together: log_appender.ts gathers, commit_loop.ts
 * commits, log_writer.ts writes, log_reader.ts reads, recovery.ts finds it all again.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Clock, Timers } from "../base/clock.ts";
import { messageOf, type OperatingError } from "../base/errors.ts";
import { OS_SYNC_INTERVAL_MS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Offset, TimestampMs, TopicName } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { EpochStart, Gap, PartitionCheckpoint } from "../format/checkpoint.ts";
import type { IdentityHook, KeptLog, OriginEntry, SegmentInfo } from "./books.ts";
import type { CommitWaiter, Gathering, Ticket } from "./commit.ts";
import type { CommitLoop } from "./commit_loop.ts";
import type { Disk } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import { GapFiller } from "./gap_filler.ts";
import { HighWatermark } from "./high_watermark.ts";
import type { IndexCache } from "./index_cache.ts";
import { LeaderEpochs } from "./leader_epochs.ts";
import { LogAppender } from "./log_appender.ts";
import { LogCommit } from "./log_commit.ts";
import { LogFiles } from "./log_files.ts";
import { LogReader, type ReadOptions, type ReadResult } from "./log_reader.ts";
import { identityRules } from "./log_scan.ts";
import { LogWriter } from "./log_writer.ts";
import type { Quarantine } from "./quarantine.ts";
import type { RecoveredLog } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { INDEX_SAVED_BYTES_MIN } from "./segment_index.ts";
import type { TopicSettings } from "./settings.ts";
import type { ThinnedFile } from "./thinner.ts";

export interface PartitionLogOptions {
  readonly topic: TopicName;
  readonly index: number;
  /** Small number, one per partition: names its open batch in the core. */
  readonly handle: number;
  /** Relative to the data directory. */
  readonly directory: string;
  readonly leaderEpoch: number;
  readonly settings: TopicSettings;
  readonly disk: Disk;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly quarantine: Quarantine;
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly commits: CommitLoop;
  readonly identity: IdentityHook;
  /** The store's age clock; see age_clock.ts. */
  readonly ageMs: () => number;
  /** Called when a reader came upon damage: it is a gap from now on, its bytes lie in quarantine. */
  readonly quarantined: (log: PartitionLog, gap: Gap, bytes: number) => void;
}

export interface WaitForOptions {
  readonly minBytes?: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class PartitionLog implements KeptLog {
  readonly topic: TopicName;
  readonly index: number;
  readonly handle: number;
  readonly leaderEpoch: number;
  #options: PartitionLogOptions;
  readonly #commits: CommitLoop;
  readonly #parts: RecoveredLog;
  readonly #epochs: LeaderEpochs;
  readonly #appender: LogAppender;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  /** Puts back what damage took. It counts once a checkpoint no longer says that it is a gap. */
  readonly filler: GapFiller;
  readonly #indexes: IndexCache;
  readonly #files: LogFiles;
  readonly #watermark: HighWatermark;
  #logStartOffset: Offset;
  #bytes: number;
  #takenBytes: number;
  #syncingBehind = false;
  #refusal: OperatingError | null = null;
  #savedIndex: { readonly segment: Segment; readonly bytes: number } | null = null;

  /** Takes over what recovery found; see recovery.ts. */
  constructor(options: PartitionLogOptions, recovered: RecoveredLog) {
    this.#options = options;
    this.#commits = options.commits;
    this.#indexes = options.indexes;
    this.#files = new LogFiles({ ...options, segments: recovered.segments });
    this.topic = options.topic;
    this.index = options.index;
    this.handle = options.handle;
    this.leaderEpoch = options.leaderEpoch;
    this.#parts = recovered;
    this.#epochs = new LeaderEpochs(recovered.epochs);
    this.#logStartOffset = recovered.logStartOffset;
    this.#bytes = this.#takenBytes = recovered.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#watermark = new HighWatermark(options.timers, recovered.endOffset);
    this.#appender = new LogAppender({
      log: this,
      core: options.core,
      identity: options.identity,
      leaderEpoch: options.leaderEpoch,
      epochs: this.#epochs,
      compression: () => this.settings.compressionType,
      endOffset: recovered.endOffset,
      dirty: () => this.#commits.markDirty(this),
    });
    this.#writer = new LogWriter({
      disk: options.disk,
      files: options.files,
      logger: options.logger,
      directory: options.directory,
      segments: recovered.segments,
      segmentBytes: () => this.settings.segmentBytes,
      directoryDurable: recovered.directoryDurable,
      unsyncable: recovered.unsyncable,
      ageMs: options.ageMs,
      sealed: (segment) => this.#indexes.sealed(segment),
    });
    if (recovered.rollNext) this.#writer.rollNext();
    this.#reader = new LogReader(this, {
      files: options.files,
      indexes: options.indexes,
      core: options.core,
      quarantine: options.quarantine,
      segments: recovered.segments,
      gaps: recovered.gaps,
      identity: identityRules(options.identity, this),
      damaged: (gap, bytes) => options.quarantined(this, gap, bytes),
    });
    this.filler = new GapFiller({
      ...options,
      segments: recovered.segments,
      gaps: recovered.gaps,
      identity: identityRules(options.identity, this),
      epochs: () => this.#epochs.starts,
      changed: (bytesMore) => {
        this.#bytes += bytesMore;
        this.#reader.forgetPlaces();
      },
    });
    this.#commits.register(this);
  }

  /** First offset still readable. */
  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** Readers see offsets below this one: the synced end. */
  get highWatermark(): Offset {
    return this.#watermark.offset;
  }

  /** The offset behind all closed batches, synced or not; the open batch is not counted. */
  get logEndOffset(): Offset {
    return this.#appender.nextOffset;
  }

  /** Bytes of all segments, as far as they count. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes committed in this run, and those that were there: it never falls. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  get settings(): TopicSettings {
    return this.#options.settings;
  }

  /** Other settings from now on. */
  configure(settings: TopicSettings): void {
    const wasBehind = this.settings.durability === "os";
    this.#options = { ...this.#options, settings };
    if (wasBehind) this.#syncSoon();
  }

  /** Why nothing may be committed to it any more, or not now; null as a rule. */
  get refusal(): OperatingError | null {
    return this.#refusal;
  }

  /** From the next commit on all is refused, for that reason; null takes appends again. */
  refuse(refusal: OperatingError | null): void {
    this.#refusal = refusal;
    if (refusal !== null) this.#watermark.wakeAll();
  }

  /** All of it was given up: no file stays. Should it come again, its offsets go on. */
  vacate(): void {
    assert(this.#refusal !== null, "nothing is appended to a log that is vacated");
    assert(this.#logStartOffset === this.#watermark.offset, "all of it was given up");
    this.#files.removeAll();
    this.#writer.vacated();
    this.#reader.forgetPlaces();
    this.#bytes = 0;
  }

  get epochs(): readonly EpochStart[] {
    return this.#epochs.starts;
  }

  get gaps(): readonly Gap[] {
    return this.#parts.gaps.all;
  }

  /**
   * Tells the log that its open batch was written to. `waiter` is called once everything that is
   * open now is durable, or given up; the same waiter twice in one cycle is called once.
   *
   * @returns where the records appended since the last call land, should all go well
   */
  appended(waiter: CommitWaiter | null, origins?: readonly OriginEntry[]): Ticket {
    return this.#appender.appended(waiter, origins);
  }

  /** Closes the open batch early: it is full, or another partition needs its slot. */
  sealOpen(): void {
    if (this.#appender.seal()) this.#commits.hurry();
  }

  /**
   * Appends a whole batch that another node made durable first: its bytes stay as they are but for
   * base offset and leader epoch, which are set in place. The caller has verified it.
   */
  appendReplicated(batch: Uint8Array, waiter: CommitWaiter): Offset {
    return this.#appender.appendReplicated(batch, waiter);
  }

  /**
   * Whole batches from the one that contains `offset` on, below the high watermark. What was
   * quarantined is passed over and named in `gaps`.
   *
   * @throws {OperatingError} offset_out_of_range, with log_start_offset and high_watermark
   */
  read(offset: Offset, options: ReadOptions): Promise<ReadResult> {
    return this.#reader.read(offset, options);
  }

  /** The first offset whose record has a timestamp of at least `timestamp`; null when none has. */
  offsetForTimestamp(timestamp: TimestampMs): Promise<Offset | null> {
    return this.#reader.offsetForTimestamp(timestamp);
  }

  /**
   * Resolves true once there is something to read at `offset` (`minBytes` of it, where given),
   * false when the time is up or the signal aborts.
   */
  waitFor(offset: Offset, { minBytes = 0, timeoutMs, signal }: WaitForOptions): Promise<boolean> {
    const bytesMissing = minBytes > 1 ? minBytes - this.#reader.bytesFrom(offset) : 0;
    return this.#watermark.waitFor(offset, { bytesMissing, timeoutMs, signal });
  }

  segments(): readonly SegmentInfo[] {
    return this.#parts.segments.map((segment) => segment.info());
  }

  checkpoint(): PartitionCheckpoint {
    const { segments, gaps } = this.#parts;
    this.#saveActiveIndex();
    // Segments made since the last sync hold nothing that is known to be on the disk.
    const lastAt = Math.max(0, segments.findLastIndex(({ syncedBytes }) => syncedBytes > 0));
    const known = segments.slice(0, lastAt + 1);
    const last = known.at(-1);
    return {
      logStartOffset: this.#logStartOffset,
      recoveryPoint: last?.syncedOffset ?? this.#watermark.offset,
      recoverySegment: last?.baseOffset ?? this.#watermark.offset,
      recoveryPosition: last?.syncedBytes ?? 0,
      epochs: [...this.#epochs.starts],
      gaps: [...gaps.all],
      // Where an earlier one could not be synced, what lies in it is still part of the log.
      segments: known.map((each) => each.summary(each === last ? each.syncedBytes : each.bytes)),
    };
  }

  setLogStart(offset: Offset): void {
    assert(offset <= this.#watermark.offset, "the log starts at or below its high watermark");
    if (offset <= this.#logStartOffset) return;
    this.#logStartOffset = offset;
    this.#epochs.trim(offset);
    this.#parts.gaps.trim(offset);
  }

  removeBelowLogStart(): number {
    const freed = this.#files.removeBelow(this.#logStartOffset);
    if (freed > 0) this.#reader.forgetPlaces();
    this.#bytes -= freed;
    return freed;
  }

  /** The file of the segment that begins there. */
  pathOf(baseOffset: Offset): string {
    return this.#files.pathOf(baseOffset);
  }

  /** Nothing more can be thinned in that segment. */
  noteThinned(baseOffset: Offset): void {
    this.#files.noteThinned(baseOffset);
  }

  /**
   * Puts a file with the same offsets in a segment's place; returns the bytes freed. Reads under
   * way end in the old one. Durable once the directory is synced.
   */
  replaceSegment(baseOffset: Offset, file: ThinnedFile): number {
    const freed = this.#files.replace(baseOffset, file);
    this.#reader.forgetPlaces();
    this.#bytes -= freed;
    return freed;
  }

  roll(): Promise<void> {
    return this.#writer.roll(() => this.#watermark.offset);
  }

  /** How many wait for what gathers now. */
  get gatheredWaiters(): number {
    return this.#appender.gatheredWaiters;
  }

  /** Called by the commit loop: closes what gathered and hands it over. */
  beginCommit(): LogCommit {
    return new LogCommit({
      log: this,
      gathering: this.#appender.takeGathered(),
      writer: this.#writer,
      journal: this.#commits.origins,
      durable: this.#options.settings.durability === "sync",
      ends: this.#ends,
    });
  }

  noteFailedSync(error: OperatingError): void {
    const { topic, index } = this;
    this.#options.logger.error("sync_failed", { topic, partition: index, error: error.message });
  }

  /** Wakes all who wait; nothing may be appended any more. */
  close(): void {
    this.#watermark.wakeAll();
    this.#commits.unregister(this);
  }

  /** Spares the next start from reading a long active segment again to find places in it. */
  #saveActiveIndex(): void {
    const { active } = this.#writer;
    if (active === undefined || active.bytes < INDEX_SAVED_BYTES_MIN) return;
    if (active.syncedBytes !== active.bytes) return;
    if (this.#savedIndex?.segment === active && this.#savedIndex.bytes === active.bytes) return;
    this.#savedIndex = { segment: active, bytes: active.bytes };
    this.#indexes.save(active);
  }

  /** Batches acknowledged from the page cache reach the disk a little later. */
  #syncSoon(): void {
    if (this.#syncingBehind) return;
    this.#syncingBehind = true;
    const { timers, logger } = this.#options;
    timers.after(OS_SYNC_INTERVAL_MS, () => {
      this.#syncingBehind = false;
      this.#writer.syncBehind().catch((error) => {
        logger.error("sync_failed", { topic: this.topic, error: messageOf(error) });
      });
    });
  }

  readonly #ends = {
    succeeded: (gathering: Gathering) => {
      const last = gathering.batches.at(-1);
      if (last === undefined) return;
      this.#bytes += gathering.bytes;
      this.#takenBytes += gathering.bytes;
      this.#watermark.advance(last.nextOffset, gathering.bytes);
      if (this.#options.settings.durability === "os") this.#syncSoon();
      this.#commits.noteAdvance(this, gathering.batches);
    },
    gaveUp: (gathering: Gathering, error: OperatingError) => {
      const { topic, index } = this;
      const { logger } = this.#options;
      logger.error("commit_failed", { topic, partition: index, error: error.message });
      this.#appender.giveUp(gathering, this.#watermark.offset, error);
    },
  };
}
