/**
 * The topics of a node and the partitions in them, by name and by handle. Topics are created on
 * first use; those who ask for the same one at the same time share its creation.
 *
 * A partition that was given up with its topic may stay open, *vacant*: it holds nothing, takes
 * nothing, and is in no topic, but the upstream has to be asked about what was not delivered of it.
 * Should the topic come again, the partition does, and its offsets go on where they ended. So the
 * logs that went there stay what they are, and nobody's place comes to stand for another record.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import { PARTITIONS_MAX, TOPICS_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { type Random, randomHex } from "../base/random.ts";
import type { TopicName } from "../base/types.ts";
import { parsePartitionDirectory, partitionDirectory } from "../format/partition_directory.ts";
import type { PartitionName } from "./books.ts";
import type { Catalogue, TopicRow } from "./catalogue.ts";
import type { Disk } from "./disk.ts";
import type { PartitionLog } from "./partition_log.ts";
import { checkTopicSettings, type TopicSettings } from "./settings.ts";
import { checkTopicName, type Topic, unknownTopic } from "./topic.ts";

export interface TopicTableOptions {
  readonly catalogue: Pick<Catalogue, "putTopic">;
  readonly disk: Disk;
  readonly random: Random;
  readonly logger: Logger;
  /** Of a topic of that name, where nothing else was chosen for it. */
  readonly settingsOf: (name: TopicName) => TopicSettings;
  readonly openLog: (name: PartitionName, settings: TopicSettings) => Promise<PartitionLog>;
  /** The settings of a topic as its partitions go by them. */
  readonly within: (settings: TopicSettings) => TopicSettings;
  /** Partitions that logs of other nodes go to for life: a topic of that name has so many. */
  readonly partitionsMin: (name: TopicName) => number;
  /** Goes on with the deletion of a topic of that name, where one is not over. */
  readonly finishDeletion: (name: TopicName) => Promise<void>;
}

/** A topic whose deletion has begun, durably. */
export interface LeavingTopic {
  readonly row: TopicRow;
  readonly partitions: readonly PartitionLog[];
}

/** Hears of each topic that came, went, or has other settings or partitions. It must not throw. */
export type TopicObserver = (name: TopicName, change: "came" | "went" | "changed") => unknown;

const TOPIC_ID_BYTES = 16;

export class TopicTable {
  readonly #options: TopicTableOptions;
  readonly #topics = new Map<TopicName, Topic>();
  readonly #creating = new Map<TopicName, Promise<Topic>>();
  readonly #refused = new Map<TopicName, OperatingError>();
  readonly #leaving = new Map<TopicName, LeavingTopic>();
  readonly #observers = new Set<TopicObserver>();
  readonly #logs: PartitionLog[] = [];
  /** All of them, by directory. */
  readonly #open = new Map<string, PartitionLog>();
  /** Handles given out, to partitions open and still opening; of those, what was given back. */
  #handles = 0;
  readonly #free: number[] = [];

  constructor(options: TopicTableOptions) {
    this.#options = options;
  }

  get logs(): readonly PartitionLog[] {
    return this.#logs;
  }

  all(): Topic[] {
    return [...this.#topics.values()];
  }

  get(name: TopicName): Topic | undefined {
    return this.#topics.get(name);
  }

  /** A partition that is open, be it vacant or its topic about to go. */
  logOf(topic: TopicName, partition: number): PartitionLog | undefined {
    return this.#open.get(partitionDirectory(topic, partition));
  }

  /** Calls `observer` for each topic that comes, goes or changes, until the returned is called. */
  observe(observer: TopicObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  byHandle(handle: number): PartitionLog {
    const log = this.#logs[handle];
    if (log !== undefined) return log;
    throw new OperatingError(
      "unknown_partition",
      `Cannot find partition ${handle}: no such handle`,
    );
  }

  /** Opens every topic of the catalogue, and those only the directory knows. */
  async open(rows: readonly TopicRow[]): Promise<void> {
    for (const row of [...rows, ...await this.#adopt(rows)]) {
      if (!this.#isOutOfReach(row)) await this.#openRow(row);
    }
  }

  /**
   * Why a topic is not served though it is there: a directory of it cannot be listed. Its records are
   * neither lost nor ledgered, and nothing is appended beside them. Null for all others.
   */
  refusalOf(name: TopicName): OperatingError | null {
    return this.#refused.get(name) ?? null;
  }

  /** Whether a topic of that name is there, comes, or goes. */
  isKnown(name: TopicName): boolean {
    return this.#topics.has(name) || this.#creating.has(name) || this.#leaving.has(name);
  }

  /** @param chosen those of the settings that are to stay the topic's own */
  create(
    name: TopicName,
    settings: Partial<TopicSettings> = {},
    chosen: Partial<TopicSettings> = {},
  ): Promise<Topic> {
    const existing = this.#topics.get(name);
    if (existing !== undefined) return Promise.resolve(existing);
    const refused = this.refusalOf(name);
    if (refused !== null) return Promise.reject(refused);
    const creating = this.#creating.get(name);
    if (creating !== undefined) return creating;
    const created = this.#create(name, settings, chosen)
      .finally(() => this.#creating.delete(name));
    this.#creating.set(name, created);
    return created;
  }

  /** Another form of a topic that is there: the catalogue holds it already. */
  replace(topic: Topic): void {
    assert(this.#topics.has(topic.name), "a topic that is there is replaced");
    this.#topics.set(topic.name, topic);
    for (const log of topic.partitions) log.configure(this.#options.within(topic.settings));
    this.#tell(topic.name, "changed");
  }

  /**
   * Handles for those of a topic's partitions that are not open; what is left of them is to be given
   * back.
   *
   * @throws {OperatingError} too_many_partitions
   */
  takeHandles(name: TopicName, first: number, end: number): number[] {
    let count = 0;
    for (let at = first; at < end; at++) if (this.logOf(name, at) === undefined) count++;
    const taken = this.#handles - this.#free.length;
    if (taken + count > PARTITIONS_MAX) {
      throw new OperatingError(
        "too_many_partitions",
        `Cannot make ${count} partitions for topic "${name}": the node has ${taken} of at most ` +
          `${PARTITIONS_MAX}; those of deleted topics count until its next start`,
        { topic: name, limit: PARTITIONS_MAX },
      );
    }
    return Array.from({ length: count }, () => this.#free.pop() ?? this.#handles++);
  }

  giveHandles(handles: readonly number[]): void {
    this.#free.push(...handles.toReversed());
  }

  /** The partitions of a topic: those that are open as they are, the others are opened. */
  async openPartitions(
    topic: TopicName,
    settings: TopicSettings,
    handles: number[],
  ): Promise<PartitionLog[]> {
    const partitions: PartitionLog[] = [];
    for (let index = 0; index < settings.partitions; index++) {
      const known = this.logOf(topic, index);
      partitions.push(known ?? await this.#openLog({ topic, index }, settings, handles));
    }
    return partitions;
  }

  /** From now on the topic is not there, but for who finishes that. The catalogue knows. */
  leave({ partitions, ...topic }: Topic): void {
    this.#topics.delete(topic.name);
    this.#leaving.set(topic.name, { row: topic, partitions });
    this.#tell(topic.name, "went");
  }

  leaving(name: TopicName): LeavingTopic | undefined {
    return this.#leaving.get(name);
  }

  allLeaving(): TopicName[] {
    return [...this.#leaving.keys()];
  }

  /** Nothing is left of it but partitions that are vacant. */
  left(name: TopicName): void {
    this.#leaving.delete(name);
  }

  /** Opens a partition that is in no topic any more; where there are too many, it is left. */
  async openVacant(topic: TopicName, index: number): Promise<void> {
    if (this.#handles >= PARTITIONS_MAX || this.logOf(topic, index) !== undefined) return;
    const settings = this.#options.settingsOf(topic);
    const log = await this.#openLog({ topic, index }, settings, [this.#handles++]);
    log.refuse(unknownTopic(topic));
  }

  #tell(...told: Parameters<TopicObserver>): void {
    for (const observer of this.#observers) observer(...told);
  }

  async #create(
    name: TopicName,
    given: Partial<TopicSettings>,
    chosen: Partial<TopicSettings>,
  ): Promise<Topic> {
    checkTopicName(name);
    const { catalogue, random, settingsOf, partitionsMin, finishDeletion } = this.#options;
    const wanted = { ...settingsOf(name), ...given };
    const settings = { ...wanted, partitions: Math.max(wanted.partitions, partitionsMin(name)) };
    checkTopicSettings(name, settings);
    // Those being created hold their place, so that many at once cannot pass the limit.
    if (this.#topics.size + this.#creating.size >= TOPICS_MAX) {
      throw new OperatingError(
        "too_many_topics",
        `Cannot create topic "${name}": the node has ${TOPICS_MAX}, the limit`,
        { topic: name, limit: TOPICS_MAX },
      );
    }
    if (this.#leaving.has(name)) await finishDeletion(name);
    const handles = this.takeHandles(name, 0, settings.partitions);
    const row = { id: randomHex(random, TOPIC_ID_BYTES), name, settings, chosen };
    try {
      await catalogue.putTopic(row);
      return await this.#openTopic(row, handles);
    } finally {
      this.giveHandles(handles);
    }
  }

  async #openRow(row: TopicRow): Promise<void> {
    const { logger } = this.#options;
    const { name, settings } = row;
    let handles: number[];
    try {
      handles = this.takeHandles(name, 0, settings.partitions);
    } catch (error) {
      logger.error("topic_not_opened", { topic: name, error: messageOf(error) });
      this.#refused.set(name, error as OperatingError);
      return;
    }
    const topic = await this.#openTopic(row, handles);
    if (row.deleting === true) this.leave(topic);
  }

  #isOutOfReach({ name, settings }: Pick<TopicRow, "name" | "settings">): boolean {
    for (let index = 0; index < settings.partitions; index++) {
      try {
        this.#options.disk.list(partitionDirectory(name, index));
      } catch (error) {
        this.#refuse(name, error);
        return true;
      }
    }
    return false;
  }

  #refuse(topic: TopicName, error: unknown): void {
    const message =
      `Cannot use topic "${topic}": ${messageOf(error)}; make its directory readable ` +
      "and start the node again";
    this.#refused.set(topic, new OperatingError("storage_failed", message, { topic }, error));
    this.#options.logger.error("topic_refused", { topic, error: messageOf(error) });
  }

  async #openTopic(row: TopicRow, handles: number[]): Promise<Topic> {
    const { id, name, settings, chosen = {} } = row;
    const partitions = await this.openPartitions(name, settings, handles);
    for (const log of partitions) {
      log.configure(this.#options.within(settings));
      log.refuse(null);
    }
    const topic = { id, name, settings, chosen, partitions };
    this.#topics.set(name, topic);
    this.#tell(name, "came");
    return topic;
  }

  async #openLog(
    name: Pick<PartitionName, "topic" | "index">,
    settings: TopicSettings,
    handles: number[],
  ): Promise<PartitionLog> {
    const handle = handles[0];
    assert(handle !== undefined, "there is a handle for each partition that is opened");
    const log = await this.#options.openLog({ ...name, handle }, settings);
    handles.shift();
    this.#logs[handle] = log;
    this.#open.set(partitionDirectory(name.topic, name.index), log);
    return log;
  }

  /** Directories of topics the catalogue does not know: it was restored from an older copy. */
  async #adopt(rows: readonly TopicRow[]): Promise<TopicRow[]> {
    const { disk, catalogue, random, logger, settingsOf } = this.#options;
    const known = new Set(rows.map(({ name }) => name));
    const counts = new Map<TopicName, number>();
    for (const directory of disk.list("")) {
      const found = parsePartitionDirectory(directory);
      if (found === null || known.has(found.topic)) continue;
      try {
        if (!disk.list(directory).some((name) => name.endsWith(".log"))) continue;
      } catch (error) {
        this.#refuse(found.topic, error);
        continue;
      }
      counts.set(found.topic, Math.max(counts.get(found.topic) ?? 0, found.partition + 1));
    }
    const adopted: TopicRow[] = [];
    for (const [name, partitions] of counts) {
      if (this.#refused.has(name)) continue;
      const id = randomHex(random, TOPIC_ID_BYTES);
      const row = { id, name, settings: { ...settingsOf(name), partitions } };
      logger.warn("topic_adopted", { topic: name, partitions });
      try {
        await catalogue.putTopic(row);
      } catch (error) {
        logger.error("topic_not_written", { topic: name, error: messageOf(error) });
      }
      adopted.push(row);
    }
    return adopted;
  }
}
