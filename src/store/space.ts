/**
 * Space: how much the store may hold, and what goes when it runs short. Composition of the disk
 * budget, the evictor and the keeper over the books and the logs.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import { IN_FLIGHT_BYTES_PER_CONNECTION_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Offset, TopicName } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { Gap } from "../format/checkpoint.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { PartitionName } from "./books.ts";
import type { CheckpointFiles } from "./checkpoint.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { AgeClock } from "./age_clock.ts";
import { AppendRates } from "./append_rates.ts";
import type { Disk } from "./disk.ts";
import { DiskBudget } from "./disk_budget.ts";
import { Evictor } from "./evictor.ts";
import { Forecast } from "./forecast.ts";
import type { Forwarded } from "./forwarded.ts";
import { Keeper } from "./keeper.ts";
import type { Ledger } from "./ledger.ts";
import type { LogRegistry } from "./log_registry.ts";
import type { OriginJournal } from "./origin_journal.ts";
import type { PartitionLog } from "./partition_log.ts";
import type { ReceivedRanges } from "./received_ranges.ts";
import type { RetainedLog } from "./retention.ts";
import type { StoreSettings, TopicSettings } from "./settings.ts";
import type { Topic } from "./topic.ts";
import { Thinner } from "./thinner.ts";
import type { TopicTable } from "./topic_table.ts";

/** The books, as far as space depends on them. */
export interface SpaceBooks {
  readonly age: AgeClock;
  readonly ledger: Ledger;
  readonly forwarded: Forwarded;
  readonly logs: LogRegistry;
  readonly ranges: ReceivedRanges;
  readonly origins: OriginJournal;
  readonly hasUpstream: boolean;
}

/**
 * The ledger may have an entry for so many bytes of what the node may hold: each takes up to 1.5 KB
 * in the two files of its journal, which do not shrink, so that is a twentieth of the disk.
 */
const LEDGER_SHARE = 30_000;
/** On the smallest disk. */
const LEDGER_ENTRIES_MIN = 200;

export interface SpaceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings: StoreSettings;
  readonly books: SpaceBooks;
  readonly checkpoints: CheckpointFiles;
  readonly checkpointer: Checkpointer;
  readonly core: Core;
  /** Frees a slot of the core. */
  readonly sealLargest: () => void;
  readonly logs: () => readonly PartitionLog[];
  readonly topics: TopicTable;
}

/** What an operator gave up. */
export interface Wiped {
  /** Offsets below the new log start. */
  readonly records: number;
  /** Of these, how many had not been delivered. */
  readonly ledgered: number;
  readonly freedBytes: number;
}

export class Space {
  readonly #options: SpaceOptions;
  readonly #budget: DiskBudget;
  readonly #evictor: Evictor;
  readonly #keeper: Keeper;
  readonly #rates: AppendRates;
  readonly forecast: Forecast;
  /** Damage that recovery found, to be ledgered once all books are open. */
  readonly #damage: { readonly log: PartitionName; readonly gap: Gap }[] = [];
  #started = false;

  constructor(options: SpaceOptions) {
    const { disk, clock, timers, logger, metrics, settings, books, checkpointer } = options;
    this.#options = options;
    this.#budget = new DiskBudget({
      disk,
      clock,
      budgetBytes: settings.diskBudgetBytes,
      headroomBytes: settings.headroomBytes,
      usedBytes: () => this.usedBytes,
    });
    this.#evictor = new Evictor({
      disk,
      ledger: books.ledger,
      forwarded: books.forwarded,
      logs: books.logs,
      metrics,
      hasForeign: ({ topic, index }) => books.ranges.hasTarget(topic, index),
      hasUpstream: () => books.hasUpstream,
      logOf: ({ topic, index }) => options.topics.logOf(topic, index),
      thinner: new Thinner({
        disk,
        core: options.core,
        logger,
        isOwn: (log, logId) => books.logs.isOwn(log, logId),
        sealLargest: options.sealLargest,
        ledgerFull: () => books.ledger.full,
      }),
    });
    this.#keeper = new Keeper({
      timers,
      logger,
      age: books.age,
      intervalMs: settings.retentionIntervalMs,
      budget: this.#budget,
      evictor: this.#evictor,
      checkpointer,
      ledgerFull: () => books.ledger.full,
      retained: () => this.#retained(),
      everyLook: () => this.#rates.tick(),
    });
    this.#rates = new AppendRates(clock);
    this.forecast = new Forecast({
      budget: this.#budget,
      rates: this.#rates,
      retained: () => this.#retained(),
      thinnedShareOf: (topic) => this.#evictor.thinnedShareOf(topic),
      nowMs: () => books.age.nowMs(),
    });
    for (const rate of ["short", "long"] as const) {
      metrics.gauge(
        "logboom_disk_full_seconds",
        "Time until records have to be given up or refused, as fast as they came of late.",
        () => this.forecast.fullInS(rate),
        { rate },
      );
    }
  }

  /** Bytes the data directory holds, as far as they can grow. */
  get usedBytes(): number {
    const { books, logs } = this.#options;
    return logs().reduce((sum, { bytes }) => sum + bytes, books.ledger.bytes + books.origins.bytes);
  }

  get roomBytes(): number {
    return this.#budget.roomBytes;
  }

  /**
   * Recovery is over: looks after space from now on. Resolves once what it found damaged is
   * ledgered, or failed to be.
   */
  async start(): Promise<void> {
    this.#started = true;
    const { ledger } = this.#options.books;
    ledger.limitEntries(Math.max(LEDGER_ENTRIES_MIN, this.#budget.capacityBytes / LEDGER_SHARE));
    for (const log of this.#options.logs()) this.#rates.add(log);
    this.#keeper.start();
    await Promise.all(this.#damage.splice(0).map(({ log, gap }) => this.damaged(log, gap)));
  }

  close(): Promise<void> {
    return this.#keeper.close();
  }

  /** Something was committed to `log`. */
  advanced(log: PartitionLog): void {
    this.#budget.advanced(log);
    this.#rates.add(log, true);
  }

  /** @throws {OperatingError} storage_full when an append to the topic would be refused now */
  check({ name, settings }: Topic): void {
    if (!this.#keeper.refuses(settings)) return;
    void this.#keeper.makeRoom();
    throw this.#budget.refusal(name);
  }

  /** Whether appends to every topic would be refused now, whatever its policy. */
  get full(): boolean {
    return this.#keeper.refuses({ diskPolicy: "drop_oldest" });
  }

  /** Whether what is taken in now may be refused by the time it is committed. */
  get tight(): boolean {
    return this.#budget.roomBytes <= 2 * this.#budget.aheadBytes;
  }

  /** Bytes that may be on their way at once, so that a commit does not run through the headroom. */
  get inFlightBytesMax(): number {
    return Math.max(IN_FLIGHT_BYTES_PER_CONNECTION_MAX, this.#budget.capacityBytes / 8);
  }

  /** Null when there is room; else resolves once some was made, or rejects with storage_full. */
  roomFor(topic: TopicName, bytes: number): Promise<void> | null {
    const settings = this.#options.topics.get(topic)?.settings;
    const room = settings === undefined ? null : this.#keeper.roomFor({ topic, settings }, bytes);
    if (room === null) return null;
    return room.then((refusal) => {
      if (refusal !== null) throw refusal;
    });
  }

  retain(): Promise<void> {
    return this.#keeper.retain();
  }

  /**
   * An operator gives up the records below an offset. Batches stay whole, so the log start may end
   * up a little lower; all of a partition goes where its high watermark is given.
   *
   * @throws {OperatingError} offset_out_of_range above the high watermark
   */
  async wipe(log: PartitionLog, before: Offset): Promise<Wiped> {
    const { checkpointer, topics } = this.#options;
    const { topic, index, highWatermark } = log;
    if (before > highWatermark) {
      const message = `Cannot wipe ${topic}-${index} below ${before}: it ends at ${highWatermark}`;
      const detail = { topic, partition: index, offset: before, high_watermark: highWatermark };
      throw new OperatingError("offset_out_of_range", message, detail);
    }
    const first = log.logStartOffset;
    const start = before <= first ? first : await this.#batchStart(log, before);
    if (start <= first) return { records: 0, ledgered: 0, freedBytes: 0 };
    if (start === highWatermark) await log.roll();
    // Recovery must not look for what is gone.
    await checkpointer.cover();
    const { settings } = topics.get(topic) ?? log;
    return await this.#giveUp(log, start, settings);
  }

  /** All of a partition that takes nothing any more, and that both checkpoints cover. */
  giveUp(log: PartitionLog, settings: TopicSettings): Promise<Wiped> {
    return this.#giveUp(log, log.highWatermark, settings);
  }

  /** How many records would be ledgered with that. */
  undelivered(log: PartitionLog, settings: TopicSettings): number {
    const from = Math.max(log.logStartOffset, this.#deliveredBelow(log, settings));
    return Math.max(0, log.highWatermark - from);
  }

  #deliveredBelow({ topic, index }: PartitionName, { retainUntil }: TopicSettings): Offset {
    const { books } = this.#options;
    return books.hasUpstream ? books.forwarded.of(topic, index)[retainUntil] : Infinity;
  }

  async #giveUp(log: PartitionLog, start: Offset, settings: TopicSettings): Promise<Wiped> {
    const first = log.logStartOffset;
    if (start <= first) return { records: 0, ledgered: 0, freedBytes: 0 };
    const deliveredBelow = this.#deliveredBelow(log, settings);
    const freedBytes = await this.#evictor.moveStart(log, start, {
      deliveredBelow,
      reason: "wiped",
    });
    const ledgered = Math.max(0, start - Math.max(first, deliveredBelow));
    return { records: start - first, ledgered, freedBytes };
  }

  /** Where the batch with that offset begins. */
  async #batchStart(log: PartitionLog, offset: Offset): Promise<Offset> {
    if (offset >= log.highWatermark) return offset;
    const { batches: [batch] } = await log.read(offset, { maxBytes: 1, upTo: offset + 1 });
    return batch === undefined ? offset : Math.min(offset, readBatchHeader(batch).baseOffset);
  }

  /** The settings of a topic, with segments no larger than the disk can do with. */
  within(settings: TopicSettings): TopicSettings {
    const { segmentBytes } = settings;
    const { logs } = this.#options.topics;
    const budget = this.#budget;
    return {
      ...settings,
      get segmentBytes() {
        return Math.min(segmentBytes, budget.segmentBytesMax(Math.max(1, logs.length)));
      },
    };
  }

  /** A range became unreadable. Should ledgering fail, the next start does it. */
  damaged(log: PartitionName, gap: Gap): Promise<void> {
    if (!this.#started) {
      this.#damage.push({ log, gap });
      return Promise.resolve();
    }
    return this.#evictor.ledgerDamage(log, gap).catch((error) => {
      const { topic, index: partition } = log;
      const fields = { topic, partition, ...gap, error: messageOf(error) };
      this.#options.logger.error("damage_not_ledgered", fields);
    });
  }

  *#retained(): Iterable<RetainedLog & { readonly log: PartitionLog }> {
    const { checkpoints, topics } = this.#options;
    for (const { name, settings, partitions } of topics.all()) {
      for (const log of partitions) {
        const deliveredBelow = this.#deliveredBelow(log, settings);
        const coveredBelow = checkpoints.coveredBelow(partitionDirectory(name, log.index));
        yield { log, settings, deliveredBelow, coveredBelow };
      }
    }
  }
}
