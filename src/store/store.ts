/**
 * The store: composition of the logs and the books, from a data directory to topics one can append
 * to, and back. Opening always succeeds, whatever a crash left: damage is quarantined and ledgered.
 *
 * Order of recovery, each step resting on those before it:
 *
 *     format.json            whose directory it is, and in which format
 *     catalogue              topics, log ids, peers; the leader epoch is raised in it
 *     checkpoint             the newest whole one, else the other, else the logs from their start
 *     ledger                 log start offsets, losses
 *     origin journal         entries past the checkpoint, in doubt until the logs have been read
 *     received ranges        as of the checkpoint; the logs add what came after
 *     partitions             each scanned from its recovery point
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { messageOf, type OperatingError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Random } from "../base/random.ts";
import type { LogId, NodeId, Offset, TopicName } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { CheckpointParts, Gap } from "../format/checkpoint.ts";
import { parsePartitionDirectory, partitionDirectory } from "../format/partition_directory.ts";
import { AgeClock } from "./age_clock.ts";
import type { PartitionName } from "./books.ts";
import { type CarriedPartition, carriedPartitions } from "./carried_partitions.ts";
import type { Catalogue, CatalogueState } from "./catalogue.ts";
import { CheckpointFiles } from "./checkpoint.ts";
import { Checkpointer } from "./checkpointer.ts";
import { ClosedLogs } from "./closed_logs.ts";
import { CommitLoop } from "./commit_loop.ts";
import { openFormat } from "./data_format.ts";
import type { Disk } from "./disk.ts";
import { FileCache } from "./file_cache.ts";
import { Forwarded } from "./forwarded.ts";
import { identityOf } from "./identity_of.ts";
import { IndexCache } from "./index_cache.ts";
import { Ledger } from "./ledger.ts";
import { LogOpener } from "./log_opener.ts";
import { LogRegistry } from "./log_registry.ts";
import { openRanges } from "./open_ranges.ts";
import { OriginJournal } from "./origin_journal.ts";
import type { PartitionLog } from "./partition_log.ts";
import { openPathSecret } from "./path_secret.ts";
import { pruneLogs } from "./prune_logs.ts";
import { Quarantine } from "./quarantine.ts";
import type { ReceivedRanges } from "./received_ranges.ts";
import { raiseLeaderEpoch } from "./raise_leader_epoch.ts";
import { Space } from "./space.ts";
import type { StoreSettings, TopicSettings } from "./settings.ts";
import { TopicChanges } from "./topic_changes.ts";
import { type TopicObserver, TopicTable } from "./topic_table.ts";
import type { Topic } from "./topic.ts";
import { unsettled } from "./unsettled.ts";

export interface StoreOptions {
  readonly disk: Disk;
  readonly catalogue: Catalogue;
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings: StoreSettings;
  /** Whether there is an upstream: data not yet forwarded is undelivered then. */
  readonly hasUpstream?: boolean;
  /** Reads every log from its start, whatever the checkpoint covers: what fsck does. */
  readonly deep?: boolean;
}

/** Nothing that was durable there is in doubt. */
const OUT_OF_REACH = { logStartOffset: 0, highWatermark: Number.MAX_SAFE_INTEGER };

export class Store {
  readonly nodeId: NodeId;
  readonly leaderEpoch: number;
  readonly core: Core;
  readonly catalogue: Catalogue;
  readonly commits: CommitLoop;
  readonly ledger: Ledger;
  readonly origins: OriginJournal;
  readonly logs: LogRegistry;
  readonly ranges: ReceivedRanges;
  readonly forwarded: Forwarded;
  readonly age: AgeClock;
  readonly space: Space;
  /** Topics as operators change them. */
  readonly changes: TopicChanges;
  /** Whether there is an upstream: data not yet forwarded is undelivered then. */
  hasUpstream: boolean;
  readonly #options: StoreOptions;
  readonly #topics: TopicTable;
  readonly #files: FileCache;
  readonly #indexes: IndexCache;
  readonly #quarantine: Quarantine;
  readonly #checkpoints: CheckpointFiles;
  readonly #checkpointer: Checkpointer;
  readonly #opener: LogOpener;
  readonly #closedLogs: ClosedLogs;
  #carried: ReadonlyMap<string, CarriedPartition> = new Map();
  /** Watermarks of logs with void ranges: in the checkpoint being written, and in the one before. */
  #voidsCaptured = new Map<LogId, Offset>();
  #voidsCovered = new Map<LogId, Offset>();

  private constructor(
    options: StoreOptions,
    { nodeId, leaderEpoch, pathSecret, checkpoints, state }: {
      readonly nodeId: NodeId;
      readonly leaderEpoch: number;
      readonly pathSecret: string;
      readonly checkpoints: CheckpointFiles;
      readonly state: CatalogueState;
    },
  ) {
    const { disk, catalogue, core, clock, logger, metrics, random, settings, timers } = options;
    const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
    const { loaded } = checkpoints;
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.nodeId = nodeId;
    this.leaderEpoch = leaderEpoch;
    this.core = core;
    this.catalogue = catalogue;
    this.hasUpstream = options.hasUpstream ?? false;
    this.age = new AgeClock(clock, loaded?.ageMs ?? 0, logger);
    this.ledger = Ledger.open({ disk, crc32c, clock, logger });
    this.forwarded = new Forwarded(loaded?.forwarded);
    this.logs = new LogRegistry({ catalogue, random, logger, pathSecret }, state.ownLogs);
    for (const [directory, logs] of loaded?.ownLogs ?? []) {
      const found = parsePartitionDirectory(directory);
      if (found !== null) this.logs.restore(found.topic, found.partition, logs);
    }
    this.origins = OriginJournal.open({
      disk,
      crc32c,
      logger,
      fileBytes: settings.originJournalBytes,
      checkpoint: loaded?.origins ?? null,
    });
    this.#closedLogs = new ClosedLogs({ disk, crc32c, logger });
    this.ranges = openRanges({
      closedLogs: this.#closedLogs,
      ...{ catalogue, core, logger },
      ledger: this.ledger,
      took: (target, range) => this.logs.took(target, range),
      createTopic: (name) => this.createTopic(name),
      announced: state.announcedLogs,
      checkpointed: loaded?.ranges ?? [],
      changed: (late) => late ? this.#checkpointer.urge() : this.#checkpointer.changed(),
      checkpoint: () => this.#checkpointer.write(),
    });
    this.#files = new FileCache(disk);
    this.#indexes = new IndexCache(disk, this.#files, core);
    this.#quarantine = new Quarantine(disk, logger);
    this.commits = new CommitLoop({
      core,
      clock,
      timers,
      metrics,
      origins: this.origins,
      identity: this.#identity,
      lingerMs: settings.lingerMs,
    });
    this.#topics = new TopicTable({
      catalogue,
      disk,
      random,
      logger,
      settingsOf: this.#settingsOf,
      openLog: (name, topicSettings) => this.#opener.open(name, topicSettings),
      within: (topicSettings) => this.space.within(topicSettings),
      partitionsMin: (name) => this.ranges.partitionsMin(name),
      finishDeletion: async (name) => void await this.changes.finish(name),
    });
    this.#opener = new LogOpener({
      ...{ disk, core, clock, timers, logger, checkpoint: loaded, books: this },
      files: this.#files,
      indexes: this.#indexes,
      quarantine: this.#quarantine,
      identity: this.#identity,
      deep: options.deep ?? false,
      within: (topicSettings) => this.space.within(topicSettings),
      quarantined: (log, gap) => this.#quarantined(log, gap),
    });
    this.#checkpointer = new Checkpointer({
      files: checkpoints,
      timers,
      logger,
      metrics,
      checkpointBytes: settings.checkpointBytes,
      logs: () => this.openLogs(),
      carried: () => this.#carried,
      ownLogs: (log, recoveryPoint) => this.logs.latest(log, recoveryPoint),
      rest: () => this.#captureBooks(),
      written: () => {
        // Both generations hold what the older one of them holds.
        this.ledger.forgetVoids((logId) => this.#voidsCovered.get(logId));
        this.#voidsCovered = this.#voidsCaptured;
        this.ranges.checkpointed();
      },
    });
    this.space = new Space({
      ...{ disk, core, clock, timers, logger, metrics, settings },
      sealLargest: () => this.commits.sealLargest(),
      books: this,
      checkpoints,
      checkpointer: this.#checkpointer,
      logs: () => this.openLogs(),
      topics: this.#topics,
    });
    this.changes = new TopicChanges({
      ...{ disk, catalogue, logger, commits: this.commits, checkpointer: this.#checkpointer },
      ...{ table: this.#topics, settingsOf: this.#settingsOf },
      partitionsMin: (name) => this.ranges.partitionsMin(name),
      giveUp: (log, topicSettings) => this.space.giveUp(log, topicSettings),
      undelivered: (log, topicSettings) => this.space.undelivered(log, topicSettings),
    });
  }

  /**
   * Opens the data directory. The lock on it is the host's business.
   *
   * @throws {OperatingError} data_dir_unusable, format_too_new; storage trouble of the catalogue
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { disk, catalogue, core, logger, random } = options;
    core.reset();
    const { nodeId } = await openFormat(disk, random);
    const state = await catalogue.load();
    const checkpoints = new CheckpointFiles({
      disk,
      logger,
      crc32c: (bytes) => core.crc32c(bytes),
    });
    const leaderEpoch = await raiseLeaderEpoch(catalogue, random, {
      catalogued: state.meta,
      checkpointed: checkpoints.loaded?.leaderEpoch ?? 0,
    });
    const pathSecret = await openPathSecret(catalogue, random, state.meta);
    const store = new Store(options, { nodeId, leaderEpoch, pathSecret, checkpoints, state });
    await store.#recover(state);
    return store;
  }

  topics(): Topic[] {
    return this.#topics.all();
  }

  topic(name: TopicName): Topic | undefined {
    return this.#topics.get(name);
  }

  /** Why a topic that is there is not served, or null; see topic_table.ts. */
  refusalOf(name: TopicName): OperatingError | null {
    return this.#topics.refusalOf(name);
  }

  /**
   * The topic of that name, created if need be; settings only count for one that is created.
   *
   * @throws {OperatingError} invalid_topic, too_many_topics, too_many_partitions, invalid_argument
   */
  createTopic(name: TopicName, settings?: Partial<TopicSettings>): Promise<Topic> {
    return this.#topics.create(name, settings);
  }

  /** Calls `observer` for each topic that comes, goes or changes, until the returned is called. */
  observeTopics(observer: TopicObserver): () => void {
    return this.#topics.observe(observer);
  }

  /** Partitions that are open, those that are in no topic any more among them. */
  openLogs(): PartitionLog[] {
    // A topic being created has places for partitions that are not open yet.
    return this.#topics.logs.filter((log) => log !== undefined);
  }

  /** Where a partition ends, or ended when it was given up with its topic. */
  endOf(topic: TopicName, partition: number): Offset {
    const log = this.#topics.logOf(topic, partition);
    return log?.highWatermark ??
      this.ledger.logStart(partitionDirectory(topic, partition))?.offset ?? 0;
  }

  /** @throws {OperatingError} unknown_partition */
  byHandle(handle: number): PartitionLog {
    return this.#topics.byHandle(handle);
  }

  /** Bytes the data directory holds, as far as they can grow. */
  get bytes(): number {
    return this.space.usedBytes;
  }

  /** Bytes that may still be appended, all topics together; zero or less at the headroom line. */
  get roomBytes(): number {
    return this.space.roomBytes;
  }

  /**
   * Refuses early what a commit would refuse: to be asked before records are taken in.
   *
   * @throws {OperatingError} storage_full when the topic rejects, or nothing may go in its favour
   */
  checkRoom(topic: Topic): void {
    this.space.check(topic);
  }

  /** Applies retention by time and by bytes now; it is applied now and then of itself. */
  retain(): Promise<void> {
    return this.space.retain();
  }

  /** Writes a checkpoint of now. */
  checkpoint(): Promise<void> {
    return this.#checkpointer.write();
  }

  /** Commits what gathered, writes the last checkpoint, closes the files. */
  async close(): Promise<void> {
    await this.space.close();
    this.#checkpointer.close();
    await this.commits.idle();
    try {
      await this.#checkpointer.write();
    } catch (error) {
      this.#options.logger.error("checkpoint_failed", { error: messageOf(error) });
    }
    for (const log of this.openLogs()) log.close();
    await this.origins.close();
    await this.ledger.close();
    await this.#closedLogs.close();
    this.#files.close();
  }

  // ── opening ──────────────────────────────────────────────────────────────────────────────────

  async #recover(state: CatalogueState): Promise<void> {
    await this.#checkpoints.makeDurable();
    await this.ledger.prepare();
    await this.#topics.open(state.topics);
    for (const [topic, partition] of this.hasUpstream ? unsettled(this) : []) {
      await this.#topics.openVacant(topic, partition);
    }
    this.#carried = carriedPartitions(
      this.#checkpoints.loaded,
      (topic) => this.refusalOf(topic) !== null,
    );
    await this.origins.recovered((topic, partition) =>
      this.refusalOf(topic) !== null ? OUT_OF_REACH : this.#topics.logOf(topic, partition) ?? null
    );
    this.#opener.recovered();
    this.ranges.recovered();
    this.commits.observe((log) => {
      this.space.advanced(log);
      this.#checkpointer.advanced(log);
    });
    this.#checkpointer.changed();
    await this.space.start();
    // Before anything is appended behind it: the next start has to see the same damage.
    if (this.#opener.damaged) await this.#checkpointer.tryNow();
    await this.changes.finishAll();
    pruneLogs(this, {
      logOf: (topic, partition) => this.#topics.logOf(topic, partition),
      logger: this.#options.logger,
    });
  }

  /** Everything in a checkpoint but the partitions; captured in one turn with them. */
  #captureBooks(): Omit<CheckpointParts, "generation" | "partitions"> {
    const { ledger, ranges } = this;
    const voids = ledger.voids().map(({ logId }) => logId);
    this.#voidsCaptured = new Map(voids.map((id) => [id, ranges.watermarkOf(id) ?? 0]));
    return {
      nodeId: this.nodeId,
      leaderEpoch: this.leaderEpoch,
      ageMs: this.age.nowMs(),
      forwarded: this.forwarded.checkpoint(),
      ranges: ranges.checkpoint(({ topic, partition }) => this.#topics.logOf(topic, partition)),
      origins: this.origins.checkpoint(),
    };
  }

  readonly #settingsOf = (name: TopicName): TopicSettings => {
    const { settingsOf, topicDefaults, defaultPartitions } = this.#options.settings;
    return settingsOf?.(name) ?? { ...topicDefaults, partitions: defaultPartitions };
  };

  readonly #identity = identityOf(this);

  #quarantined(log: PartitionName, gap: Gap): void {
    void this.space.damaged(log, gap);
    this.#checkpointer.changed();
  }
}
