/**
 * What operators change about topics while the node runs: one is made, gets other settings or more
 * partitions, or is deleted. Each change is durable before it counts.
 *
 * A deletion, each step resting on those before it:
 *
 *     refuse      nothing is committed to its partitions any more; what was begun ends
 *     cover       both checkpoints hold what came: recovery must not look for what is gone
 *     mark        in the catalogue. A crash before leaves the whole topic, one after it none: the next
 *                 start goes on from here
 *     give up     all of each partition, one after the other: the ledger has what was not delivered
 *     remove      the directories
 *     forget      the row of the catalogue
 *
 * Log ids, range sets, and where each partition ended stay known: accounts close as before, what
 * comes twice is still recognised, and a topic that comes again goes on at those offsets.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { TopicName } from "../base/types.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { CommitLoop } from "./commit_loop.ts";
import type { Disk } from "./disk.ts";
import type { PartitionLog } from "./partition_log.ts";
import { checkTopicSettings, type TopicSettings } from "./settings.ts";
import type { Wiped } from "./space.ts";
import { type Topic, unknownTopic } from "./topic.ts";
import type { LeavingTopic, TopicTable } from "./topic_table.ts";

export interface TopicChangesOptions {
  readonly table: TopicTable;
  readonly catalogue: Pick<Catalogue, "putTopic" | "deleteTopic">;
  readonly commits: Pick<CommitLoop, "underWay">;
  readonly checkpointer: Pick<Checkpointer, "cover">;
  readonly disk: Pick<Disk, "syncDirectory">;
  readonly logger: Logger;
  readonly settingsOf: (name: TopicName) => TopicSettings;
  readonly partitionsMin: (name: TopicName) => number;
  /** Gives up all of a partition. */
  readonly giveUp: (log: PartitionLog, settings: TopicSettings) => Promise<Wiped>;
  /** Records of a partition that were not delivered: they would be ledgered. */
  readonly undelivered: (log: PartitionLog, settings: TopicSettings) => number;
}

/** Settings to be chosen for a topic; null: as for a topic of which nothing is said. */
export type SettingChanges = {
  readonly [Key in Exclude<keyof TopicSettings, "partitions">]?: TopicSettings[Key] | null;
};

export interface TopicForm {
  readonly partitions?: number | undefined;
  readonly settings?: SettingChanges | undefined;
}

export class TopicChanges {
  readonly #options: TopicChangesOptions;
  /** One change at a time: each writes a whole row. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #finishing = new Map<TopicName, Promise<Wiped>>();

  constructor(options: TopicChangesOptions) {
    this.#options = options;
  }

  /**
   * A topic that is not there yet.
   *
   * @throws {OperatingError} topic_exists, invalid_topic, invalid_argument, too_many_topics,
   *         too_many_partitions
   */
  create(name: TopicName, { partitions, settings = {} }: TopicForm = {}): Promise<Topic> {
    return this.#inTurn(() => {
      const { table, partitionsMin } = this.#options;
      if (table.isKnown(name) && table.leaving(name) === undefined) {
        const message = `Cannot create topic "${name}": it is there already`;
        throw new OperatingError("topic_exists", message, { topic: name });
      }
      const min = partitionsMin(name);
      if (partitions !== undefined && partitions < min) throw needsMore(name, partitions, min);
      const chosen = merged({}, settings);
      const given = partitions === undefined ? chosen : { ...chosen, partitions };
      return table.create(name, given, chosen);
    });
  }

  /**
   * Other settings, more partitions, or both; what is not named stays.
   *
   * @throws {OperatingError} unknown_topic, invalid_argument, too_many_partitions
   */
  change(name: TopicName, { partitions, settings = {} }: TopicForm): Promise<Topic> {
    return this.#inTurn(async () => {
      const { table, catalogue, settingsOf, logger } = this.#options;
      const topic = this.#topicOf(name);
      const present = topic.settings.partitions;
      if (partitions !== undefined && partitions < present) throw shrinks(topic, partitions);
      const chosen = merged(topic.chosen, settings);
      const wanted = wantedOf(topic.settings, { defaults: settingsOf(name), settings });
      const changed = {
        ...topic,
        chosen,
        settings: { ...wanted, partitions: partitions ?? present },
      };
      checkTopicSettings(name, changed.settings);
      const handles = table.takeHandles(name, present, changed.settings.partitions);
      try {
        const { partitions: _, ...row } = changed;
        await catalogue.putTopic(row);
        const logs = await table.openPartitions(name, changed.settings, handles);
        table.replace({ ...changed, partitions: logs });
      } finally {
        table.giveHandles(handles);
      }
      logger.info("topic_changed", { topic: name, partitions: changed.settings.partitions });
      return this.#topicOf(name);
    });
  }

  /**
   * Deletes a topic, and all that is in it.
   *
   * @param ifDelivered only where nothing of it would have to be ledgered
   * @throws {OperatingError} unknown_topic, not_delivered; storage trouble: what was begun is gone on
   *         with by the next call, when a topic of that name is made, or at the next start
   */
  delete(name: TopicName, { ifDelivered = false } = {}): Promise<Wiped> {
    return this.#inTurn(async () => {
      const { table } = this.#options;
      if (table.leaving(name) === undefined) await this.#begin(this.#topicOf(name), ifDelivered);
      return await this.finish(name);
    });
  }

  /** Goes on with a deletion that was begun. Who asks at the same time shares it. */
  finish(name: TopicName): Promise<Wiped> {
    const known = this.#finishing.get(name);
    if (known !== undefined) return known;
    const leaving = this.#options.table.leaving(name);
    if (leaving === undefined) return Promise.resolve(NOTHING);
    const finishing = this.#finish(leaving).finally(() => this.#finishing.delete(name));
    this.#finishing.set(name, finishing);
    return finishing;
  }

  /** At the start, after recovery: goes on with what a crash cut short. What fails is logged. */
  async finishAll(): Promise<void> {
    const { table, checkpointer, logger } = this.#options;
    for (const topic of table.allLeaving()) {
      try {
        for (const log of table.leaving(topic)!.partitions) log.refuse(gone(topic));
        await checkpointer.cover();
        await this.finish(topic);
      } catch (error) {
        logger.error("topic_not_deleted", { topic, error: messageOf(error) });
      }
    }
  }

  #topicOf(name: TopicName): Topic {
    const topic = this.#options.table.get(name);
    if (topic !== undefined) return topic;
    throw this.#options.table.refusalOf(name) ?? unknownTopic(name);
  }

  async #begin(topic: Topic, ifDelivered: boolean): Promise<void> {
    const { table, catalogue, commits, checkpointer } = this.#options;
    const { name, partitions } = topic;
    // Nobody is refused for a deletion that cannot be.
    if (ifDelivered) this.#checkDelivered(topic);
    for (const log of partitions) log.refuse(gone(name));
    let marked = false;
    try {
      await commits.underWay();
      await checkpointer.cover();
      if (ifDelivered) this.#checkDelivered(topic);
      marked = true;
      await catalogue.putTopic({ ...rowOf(topic), deleting: true });
    } catch (error) {
      // What failed may have happened all the same: it counts as taken back once that is durable.
      if (marked) await catalogue.putTopic(rowOf(topic));
      for (const log of partitions) log.refuse(null);
      throw error;
    }
    table.leave(topic);
    this.#options.logger.warn("topic_deletion_begun", { topic: name });
  }

  #checkDelivered({ name, partitions, settings }: Topic): void {
    const { undelivered } = this.#options;
    const records = partitions.reduce((sum, log) => sum + undelivered(log, settings), 0);
    if (records === 0) return;
    throw new OperatingError(
      "not_delivered",
      `Cannot delete topic "${name}": ${records} records of it were not delivered upstream yet`,
      { topic: name, records },
    );
  }

  async #finish({ row: { name, settings }, partitions }: LeavingTopic): Promise<Wiped> {
    const { table, catalogue, disk, giveUp, logger } = this.#options;
    let { records, ledgered, freedBytes } = NOTHING;
    for (const log of partitions) {
      const wiped = await giveUp(log, settings);
      records += wiped.records;
      ledgered += wiped.ledgered;
      freedBytes += wiped.freedBytes + log.bytes;
      log.vacate();
    }
    await disk.syncDirectory("");
    await catalogue.deleteTopic(name);
    for (const log of partitions) log.refuse(unknownTopic(name));
    table.left(name);
    logger.warn("topic_deleted", { topic: name, records, ledgered });
    return { records, ledgered, freedBytes };
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#turn.then(change);
    this.#turn = changed.catch(() => {});
    return changed;
  }
}

const NOTHING: Wiped = { records: 0, ledgered: 0, freedBytes: 0 };

/** Who sends again finds a topic of that name, made anew, or none. */
function gone(topic: TopicName): OperatingError {
  return new OperatingError(
    "topic_deleted",
    `Cannot append to topic "${topic}": it is being deleted`,
    { topic },
  );
}

function needsMore(topic: TopicName, partitions: number, min: number): OperatingError {
  return new OperatingError(
    "invalid_argument",
    `Cannot create topic "${topic}" with ${partitions} partitions: logs of other nodes went to ` +
      `partition ${min - 1} of the last one, and go there for life; make it ${min} at least`,
    { topic, parameter: "partitions", min },
  );
}

function shrinks({ name, settings }: Topic, partitions: number): OperatingError {
  return new OperatingError(
    "invalid_argument",
    `Cannot change topic "${name}" to ${partitions} partitions: it has ${settings.partitions}, and ` +
      "partitions are only added",
    { topic: name, parameter: "partitions", min: settings.partitions },
  );
}

function rowOf({ partitions: _, ...row }: Topic): Omit<Topic, "partitions"> {
  return row;
}

/** What is chosen for a topic, with these changes. */
function merged(
  chosen: Partial<TopicSettings>,
  changes: SettingChanges,
): Partial<TopicSettings> {
  const entries = Object.entries({ ...chosen, ...changes });
  return Object.fromEntries(
    entries.filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<TopicSettings>;
}

/** All settings of a topic, with these changes. */
function wantedOf(
  present: TopicSettings,
  { defaults, settings }: { readonly defaults: TopicSettings; readonly settings: SettingChanges },
): TopicSettings {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, value ?? defaults[key as keyof TopicSettings]]);
  return { ...present, ...Object.fromEntries(entries) as Partial<TopicSettings> };
}
