/**
 * Topics: what there is, and how it is kept.
 *
 * @module
 */
import { type Gap, gapOf, type WireGap } from "./gap.ts";
import { QueryText, segment } from "./read_options.ts";
import type { Call, Transport } from "./transport.ts";

/**
 * Settings of a topic, under Kafka's names: `retention_ms`, `segment_bytes`, `durability` ...
 *
 * @example How a topic is kept
 * ```ts
 * import { Client, type TopicSettings } from "@logboom/client";
 *
 * const topic = await new Client({ url: "http://localhost:8080" }).topics.get("logs");
 * const settings: TopicSettings = topic.settings;
 * console.log(settings["retention_ms"], settings["durability"]);
 * ```
 */
export type TopicSettings = Readonly<Record<string, string | number | boolean>>;

/**
 * A topic as the node describes it.
 *
 * @example How much a topic takes
 * ```ts
 * import { Client, type Topic } from "@logboom/client";
 *
 * const bytesOf = ({ partitions }: Topic) => partitions.reduce((sum, { bytes }) => sum + bytes, 0);
 * console.log(bytesOf(await new Client({ url: "http://localhost:8080" }).topics.get("logs")));
 * ```
 */
export interface Topic {
  /** Its name. */
  readonly topic: string;
  /** Drawn when it was made: one that is made anew under the same name has another. */
  readonly topicId: string;
  /** Its partitions, in order. */
  readonly partitions: readonly TopicPartitionInfo[];
  /** How it is kept. */
  readonly settings: TopicSettings;
}

/**
 * A partition as the node describes it.
 *
 * @example How many records are kept
 * ```ts
 * import { Client, type TopicPartitionInfo } from "@logboom/client";
 *
 * const kept = (sum: number, { logStartOffset, highWatermark }: TopicPartitionInfo) =>
 *   sum + highWatermark - logStartOffset;
 * const topic = await new Client({ url: "http://localhost:8080" }).topics.get("logs");
 * console.log(topic.partitions.reduce(kept, 0));
 * ```
 */
export interface TopicPartitionInfo {
  /** Its number. */
  readonly partition: number;
  /** The first offset that is kept. */
  readonly logStartOffset: number;
  /** The first offset that cannot be read yet. */
  readonly highWatermark: number;
  /** Rises with each start of the node. */
  readonly leaderEpoch: number;
  /** On the disk. */
  readonly bytes: number;
  /** Offsets that hold no records any more. */
  readonly gaps: readonly Gap[];
}

/**
 * How a topic is made.
 *
 * @example A topic of four partitions
 * ```ts
 * import { Client, type TopicCreation } from "@logboom/client";
 *
 * const wanted: TopicCreation = { partitions: 4, settings: { disk_policy: "reject" } };
 * await new Client({ url: "http://localhost:8080" }).topics.create("orders", wanted);
 * ```
 */
export interface TopicCreation {
  /** As the node's configuration has it where left out. */
  readonly partitions?: number;
  /** In place of the node's own. */
  readonly settings?: TopicSettings;
}

/**
 * What is changed of a topic.
 *
 * @example Keep records for a week
 * ```ts
 * import { Client, type TopicChange } from "@logboom/client";
 *
 * const change: TopicChange = { settings: { retention_ms: 7 * 86_400_000 } };
 * await new Client({ url: "http://localhost:8080" }).topics.change("logs", change);
 * ```
 */
export interface TopicChange {
  /** More than it has. */
  readonly partitions?: number;
  /** In place of those it has; null: as the node's configuration has it. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * What a deletion gave up.
 *
 * @example Was anything lost by it?
 * ```ts
 * import { Client, type GivenUp } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const { records, ledgered }: GivenUp = await client.topics.delete("orders");
 * console.log(`${records} records are gone, ${ledgered} of them had not reached the centre`);
 * ```
 */
export interface GivenUp {
  /** Records that are gone. */
  readonly records: number;
  /** Of these, how many had not been delivered: they stand in the ledger. */
  readonly ledgered: number;
}

/**
 * What may be said beside a call.
 *
 * @example No longer than a second
 * ```ts
 * import { type CallOptions, Client } from "@logboom/client";
 *
 * const options: CallOptions = { signal: AbortSignal.timeout(1_000) };
 * console.log(await new Client({ url: "http://localhost:8080" }).topics.list(options));
 * ```
 */
export interface CallOptions {
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

interface WireTopic {
  readonly topic: string;
  readonly topic_id: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly log_start_offset: number;
    readonly high_watermark: number;
    readonly leader_epoch: number;
    readonly bytes: number;
    readonly gaps: readonly WireGap[];
  }[];
  readonly settings: TopicSettings;
}

/** Tries a call, as often as it is worth it. */
export type Try = <T>(signal: AbortSignal | undefined, attempt: () => Promise<T>) => Promise<T>;

/**
 * Topics: what there is, and how it is kept. Changes are durable once they are answered.
 *
 * @example Make one, keep it for a day, and clean it up
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080", token: "an-admin-token-1234" });
 * await client.topics.create("orders", { partitions: 4, settings: { retention_ms: 86_400_000 } });
 * await client.topics.change("orders", { partitions: 8, settings: { retention_ms: null } });
 * for (const { topic, partitions } of await client.topics.list()) {
 *   console.log(topic, partitions.reduce((sum, { bytes }) => sum + bytes, 0));
 * }
 * await client.topics.deleteRecords("orders", { partition: 0, before: 1_000 });
 * await client.topics.delete("orders");
 * ```
 */
export class Topics {
  readonly #transport: Transport;
  readonly #try: Try;

  /** Made by the client: `client.topics`. */
  constructor(transport: Transport, attempt: Try) {
    this.#transport = transport;
    this.#try = attempt;
  }

  /** All of them, by name. @throws {LogboomError} */
  async list(options: CallOptions = {}): Promise<Topic[]> {
    const call = { path: "/v1/topics", signal: options.signal };
    const { topics } = await this.#ask<{ readonly topics: readonly WireTopic[] }>(call);
    return topics.map(topicOf);
  }

  /** One of them. @throws {LogboomError} `unknown_topic` */
  async get(topic: string, options: CallOptions = {}): Promise<Topic> {
    return topicOf(await this.#ask<WireTopic>({ path: pathOf(topic), signal: options.signal }));
  }

  /** Makes one. @throws {LogboomError} `topic_exists`, `invalid_argument` */
  async create(topic: string, options: TopicCreation & CallOptions = {}): Promise<Topic> {
    const { partitions, settings, signal } = options;
    const document = { topic, partitions, settings };
    // Not tried twice: a second try would be told that the topic is there.
    const call = { method: "POST", path: "/v1/topics", signal, ...body(document) } as const;
    return topicOf(await this.#transport.json<WireTopic>(call));
  }

  /** Changes one: what is not named stays. @throws {LogboomError} `unknown_topic`, `invalid_argument` */
  async change(topic: string, options: TopicChange & CallOptions): Promise<Topic> {
    const { partitions, settings, signal } = options;
    const document = body({ partitions, settings });
    const call = { method: "PATCH", path: pathOf(topic), signal, ...document } as const;
    return topicOf(await this.#ask<WireTopic>(call));
  }

  /**
   * Deletes one, with its records. Those that were not delivered stand in the ledger; with
   * `ifDelivered` it is refused where there are any.
   *
   * @throws {LogboomError} `unknown_topic`, `not_delivered`
   */
  async delete(
    topic: string,
    options: { readonly ifDelivered?: boolean } & CallOptions = {},
  ): Promise<GivenUp> {
    const { ifDelivered, signal } = options;
    const query = new QueryText().add("if_delivered", ifDelivered || undefined);
    const call = { method: "DELETE", path: `${pathOf(topic)}${query}`, signal } as const;
    return givenUp(await this.#transport.json<GivenUp>(call));
  }

  /**
   * Gives up the records of a partition below an offset. Those that were not delivered stand in
   * the ledger.
   *
   * @throws {LogboomError} `offset_out_of_range`, `unknown_partition`
   */
  async deleteRecords(
    topic: string,
    options: { readonly partition: number; readonly before: number } & CallOptions,
  ): Promise<GivenUp> {
    const { partition, before, signal } = options;
    const query = new QueryText().add("before", before);
    const path = `${pathOf(topic)}/partitions/${partition}/records${query}`;
    return givenUp(await this.#ask<GivenUp>({ method: "DELETE", path, signal }));
  }

  #ask<T>(call: Call): Promise<T> {
    return this.#try(call.signal, () => this.#transport.json<T>(call));
  }
}

function givenUp({ records, ledgered }: GivenUp): GivenUp {
  return { records, ledgered };
}

function topicOf({ topic, topic_id, partitions, settings }: WireTopic): Topic {
  return {
    ...{ topic, topicId: topic_id, settings },
    partitions: partitions.map((each) => ({
      partition: each.partition,
      logStartOffset: each.log_start_offset,
      highWatermark: each.high_watermark,
      leaderEpoch: each.leader_epoch,
      bytes: each.bytes,
      gaps: each.gaps.map((gap) => gapOf(gap, { topic, partition: each.partition })),
    })),
  };
}

function pathOf(topic: string): string {
  return `/v1/topics/${segment(topic)}`;
}

/** A document of JSON as the body of a call; what is undefined is left out. */
export function body(document: object): Pick<Call, "body" | "headers"> {
  return { body: JSON.stringify(document), headers: { "content-type": "application/json" } };
}
