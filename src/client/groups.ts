/**
 * Consumer groups from outside: who is in them, how far they are, and where they go on.
 *
 * @module
 */
import type { OffsetToCommit, TopicPartition } from "./membership.ts";
import { defined } from "./partition_pages.ts";
import { segment } from "./read_options.ts";
import { body, type CallOptions, type Try } from "./topics.ts";
import type { Transport } from "./transport.ts";

/**
 * A group at a glance.
 *
 * @example Who lags
 * ```ts
 * import { Client, type GroupInfo } from "@logboom/client";
 *
 * const lags = ({ lag }: GroupInfo) => lag > 10_000;
 * const groups = await new Client({ url: "http://localhost:8080" }).groups.list();
 * console.log(groups.filter(lags).map(({ group }) => group));
 * ```
 */
export interface GroupInfo {
  /** Its name. */
  readonly group: string;
  /** `stable`, `preparing_rebalance`, `completing_rebalance`, or `empty` where nobody is in it. */
  readonly state: string;
  /** Members. */
  readonly members: number;
  /** Records that are there and were not committed. */
  readonly lag: number;
}

/**
 * Where a group stands in a partition.
 *
 * @example What a group missed
 * ```ts
 * import { Client, type GroupOffset } from "@logboom/client";
 *
 * const missed = (sum: number, offset: GroupOffset) => sum + offset.missed;
 * const offsets = await new Client({ url: "http://localhost:8080" }).groups.offsets("billing");
 * console.log(offsets.reduce(missed, 0));
 * ```
 */
export interface GroupOffset extends TopicPartition {
  /** The next offset it reads. */
  readonly offset: number;
  /** The first offset that is kept. */
  readonly logStartOffset: number;
  /** The first offset that cannot be read yet. */
  readonly highWatermark: number;
  /** Records that are there and were not committed. */
  readonly lag: number;
  /** Records that retention took before they were committed. */
  readonly missed: number;
}

interface WireOffset extends TopicPartition {
  readonly offset: number;
  readonly log_start_offset: number;
  readonly high_watermark: number;
  readonly lag: number;
  readonly missed: number;
}

/**
 * Consumer groups from outside: who is in them, how far they are, and where they go on.
 *
 * @example Read a day again
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const yesterday = Date.now() - 86_400_000;
 * const { partitions } = await client.topics.get("orders");
 * const offsets = await Promise.all(partitions.map(async ({ partition, highWatermark }) => {
 *   const page = { partition, timestamp: yesterday, maxRecords: 1 };
 *   const [first] = (await client.fetch("orders", page)).records;
 *   return { topic: "orders", partition, offset: first?.offset ?? highWatermark };
 * }));
 * await client.groups.commit("billing", offsets);
 * console.log(await client.groups.offsets("billing"));
 * ```
 */
export class Groups {
  readonly #transport: Transport;
  readonly #try: Try;

  /** Made by the client: `client.groups`. */
  constructor(transport: Transport, attempt: Try) {
    this.#transport = transport;
    this.#try = attempt;
  }

  /** All of them. @throws {LogboomError} */
  async list({ signal }: CallOptions = {}): Promise<GroupInfo[]> {
    const { groups } = await this.#try(
      signal,
      () =>
        this.#transport.json<{ readonly groups: readonly GroupInfo[] }>({
          path: "/v1/groups",
          signal,
        }),
    );
    return groups.map(({ group, state, members, lag }) => ({ group, state, members, lag }));
  }

  /** Where a group stands; empty for one nobody has heard of. @throws {LogboomError} */
  async offsets(group: string, { signal }: CallOptions = {}): Promise<GroupOffset[]> {
    const path = `${pathOf(group)}/offsets`;
    const { offsets } = await this.#try(
      signal,
      () => this.#transport.json<{ readonly offsets: readonly WireOffset[] }>({ path, signal }),
    );
    return offsets.map((each) => ({
      ...{ topic: each.topic, partition: each.partition, offset: each.offset },
      ...{ logStartOffset: each.log_start_offset, highWatermark: each.high_watermark },
      ...{ lag: each.lag, missed: each.missed },
    }));
  }

  /**
   * Sets where a group goes on, while it has no members: all or none, durable once it resolves.
   *
   * @throws {LogboomError} `group_not_empty`, `unknown_topic`
   */
  async commit(
    group: string,
    offsets: readonly OffsetToCommit[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    const document = body({
      offsets: offsets.map(({ topic, partition, offset, epoch }) => ({
        ...{ topic, partition, offset },
        ...defined({ leader_epoch: epoch }),
      })),
    });
    const call = { method: "PUT", path: `${pathOf(group)}/offsets`, signal, ...document } as const;
    await this.#try(signal, () => this.#transport.json(call));
  }

  /** Forgets a group without members, and where it stood. @throws {LogboomError} `group_not_empty` */
  async delete(group: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.json({ method: "DELETE", path: pathOf(group), signal });
  }
}

function pathOf(group: string): string {
  return `/v1/groups/${segment(group)}`;
}
