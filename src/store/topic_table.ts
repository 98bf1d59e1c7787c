/**
 * The topics of a node and the partitions in them, by name and by handle. Topics are created on
 * first use; those who ask for the same one at the same time share its creation.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";
import { PARTITIONS_MAX, TOPIC_NAME_MAX, TOPICS_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { type Random, randomHex } from "../base/random.ts";
import type { TopicName } from "../base/types.ts";
import { parsePartitionDirectory, partitionDirectory } from "../format/partition_directory.ts";
import type { PartitionName } from "./books.ts";
import type { Catalogue, TopicRow } from "./catalogue.ts";
import type { Disk } from "./disk.ts";
import type { PartitionLog } from "./partition_log.ts";
import { checkTopicSettings, type TopicSettings } from "./settings.ts";
import { checkTopicName, type Topic } from "./topic.ts";

export interface TopicTableOptions {
  readonly catalogue: Pick<Catalogue, "putTopic">;
  readonly disk: Disk;
  readonly random: Random;
  readonly logger: Logger;
  readonly topicDefaults: TopicSettings;
  readonly openLog: (name: PartitionName, settings: TopicSettings) => Promise<PartitionLog>;
}

const TOPIC_ID_BYTES = 16;

export class TopicTable {
  readonly #options: TopicTableOptions;
  readonly #topics = new Map<TopicName, Topic>();
  readonly #creating = new Map<TopicName, Promise<Topic>>();
  readonly #refused = new Map<TopicName, OperatingError>();
  readonly #logs: PartitionLog[] = [];
  /** Handles given out, to partitions open and still opening. */
  #handles = 0;

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
      if (!this.#isOutOfReach(row)) await this.#open(row);
    }
  }

  /**
   * Why a topic is not served though it is there: a directory of it cannot be listed. Its records are
   * neither lost nor ledgered, and nothing is appended beside them. Null for all others.
   */
  refusalOf(name: TopicName): OperatingError | null {
    return this.#refused.get(name) ?? null;
  }

  /**
   * Another priority from now on, until the next start.
   *
   * @throws {OperatingError} unknown_topic, invalid_argument
   */
  prioritize(name: TopicName, priority: number): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) {
      const shown = name.slice(0, TOPIC_NAME_MAX);
      throw new OperatingError("unknown_topic", `Cannot find topic "${shown}"`, { topic: shown });
    }
    const settings = { ...topic.settings, priority };
    checkTopicSettings(name, settings);
    this.#topics.set(name, { ...topic, settings });
    for (const log of topic.partitions) log.prioritize(priority);
  }

  create(name: TopicName, settings: Partial<TopicSettings> = {}): Promise<Topic> {
    const existing = this.#topics.get(name);
    if (existing !== undefined) return Promise.resolve(existing);
    const refused = this.refusalOf(name);
    if (refused !== null) return Promise.reject(refused);
    const creating = this.#creating.get(name);
    if (creating !== undefined) return creating;
    const created = this.#create(name, { ...this.#options.topicDefaults, ...settings })
      .finally(() => this.#creating.delete(name));
    this.#creating.set(name, created);
    return created;
  }

  async #create(name: TopicName, settings: TopicSettings): Promise<Topic> {
    checkTopicName(name);
    checkTopicSettings(name, settings);
    const { catalogue, random } = this.#options;
    // Those being created hold their place, so that many at once cannot pass the limit.
    if (this.#topics.size + this.#creating.size >= TOPICS_MAX) {
      throw new OperatingError(
        "too_many_topics",
        `Cannot create topic "${name}": the node has ${TOPICS_MAX}, the limit`,
        { topic: name, limit: TOPICS_MAX },
      );
    }
    if (this.#handles + settings.partitions > PARTITIONS_MAX) {
      throw new OperatingError(
        "too_many_partitions",
        `Cannot create topic "${name}" with ${settings.partitions} partitions: the node has ` +
          `${this.#handles} of at most ${PARTITIONS_MAX}`,
        { topic: name, limit: PARTITIONS_MAX },
      );
    }
    const reserved = this.#handles;
    this.#handles += settings.partitions;
    const row = { id: randomHex(random, TOPIC_ID_BYTES), name, settings };
    try {
      await catalogue.putTopic(row);
    } catch (error) {
      if (this.#handles === reserved + settings.partitions) this.#handles = reserved;
      throw error;
    }
    return await this.#openPartitions(row, reserved);
  }

  async #open(row: TopicRow): Promise<void> {
    const { logger } = this.#options;
    if (this.#handles + row.settings.partitions > PARTITIONS_MAX) {
      logger.error("topic_not_opened", { topic: row.name, reason: "too many partitions" });
      return;
    }
    const first = this.#handles;
    this.#handles += row.settings.partitions;
    await this.#openPartitions(row, first);
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

  async #openPartitions(row: TopicRow, firstHandle: number): Promise<Topic> {
    const { id, name, settings } = row;
    const partitions: PartitionLog[] = [];
    for (let index = 0; index < settings.partitions; index++) {
      const handle = firstHandle + index;
      const log = await this.#options.openLog({ topic: name, index, handle }, settings);
      this.#logs[handle] = log;
      partitions.push(log);
    }
    const topic = { id, name, settings, partitions };
    this.#topics.set(name, topic);
    return topic;
  }

  /** Directories of topics the catalogue does not know: it was restored from an older copy. */
  async #adopt(rows: readonly TopicRow[]): Promise<TopicRow[]> {
    const { disk, catalogue, random, logger, topicDefaults } = this.#options;
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
      const row = { id, name, settings: { ...topicDefaults, partitions } };
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
