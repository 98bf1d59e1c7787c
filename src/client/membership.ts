/**
 * A member of a consumer group, as the node's native API has it: joins, lives, leaves. What
 * partitions it gets, the node works out.
 *
 * @module
 */
import { type OnRetry, retrying } from "./backoff.ts";
import { LogboomError } from "./logboom_error.ts";
import { defined } from "./partition_pages.ts";
import { segment } from "./read_options.ts";
import { body } from "./topics.ts";
import type { Transport } from "./transport.ts";

/**
 * A partition of a topic.
 *
 * @example Follow what a member is given
 * ```ts
 * import { Client, type TopicPartition } from "@logboom/client";
 *
 * const show = (partitions: readonly TopicPartition[]) =>
 *   console.log(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
 * const client = new Client({ url: "http://localhost:8080" });
 * const consumer = client.consume("billing", "orders", { onAssigned: show, onRevoked: show });
 * for await (const event of consumer) console.log(event.kind);
 * ```
 */
export interface TopicPartition {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
}

/** A partition, and where to begin in it. */
export interface Assignment extends TopicPartition {
  /** The next offset to read, as committed; null where nothing was. */
  readonly offset: number | null;
  /** Of the record before it; -1 where that is not known. */
  readonly leaderEpoch: number;
  readonly highWatermark: number;
}

/**
 * How far a partition was read.
 *
 * @example Have a group begin anew
 * ```ts
 * import { Client, type OffsetToCommit } from "@logboom/client";
 *
 * const start: OffsetToCommit = { topic: "orders", partition: 0, offset: 0 };
 * await new Client({ url: "http://localhost:8080" }).groups.commit("billing", [start]);
 * ```
 */
export interface OffsetToCommit extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number;
  /** The leader epoch of the record before it. */
  readonly epoch?: number;
}

export interface MembershipOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs?: number | undefined;
  readonly rebalanceTimeoutMs?: number | undefined;
  readonly assignor?: "range" | "sticky" | undefined;
  readonly instanceId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly onRetry?: OnRetry | undefined;
}

interface WireJoined {
  readonly member_id: string;
  readonly generation: number;
  readonly session_timeout_ms: number;
  readonly heartbeat_interval_ms: number;
  readonly assignments: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number | null;
    readonly leader_epoch: number;
    readonly high_watermark: number;
  }[];
}

/** The longest a join is held before it is asked for again. */
const JOIN_WAIT_MS = 20_000;

/** What a member hears when its generation is over. */
const OVER = new Set(["rebalance_in_progress", "illegal_generation", "unknown_member"]);
/** After these it has no place in the group any more, and joins as a new one. */
const FORGOTTEN = new Set(["illegal_generation", "unknown_member"]);

/** Whether it says that the group moved on, so that one has to join again. */
export function isOver(error: unknown): boolean {
  return error instanceof LogboomError && OVER.has(error.code);
}

export class Membership {
  readonly #transport: Transport;
  readonly #options: MembershipOptions;
  readonly #path: string;
  #memberId: string | undefined;
  #generation = -1;
  #sessionMs = 0;
  #heartbeatMs = 0;

  constructor(transport: Transport, options: MembershipOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#path = `/v1/groups/${segment(options.group)}`;
  }

  /** Joins, or joins again, and waits for what is assigned, through outages of the node. */
  async join(signal: AbortSignal): Promise<Assignment[]> {
    const { onRetry } = this.#options;
    const { environment } = this.#transport;
    const joined = await retrying({ environment, signal, onRetry }, () => this.#join(signal));
    this.#memberId = joined.member_id;
    this.#generation = joined.generation;
    this.#sessionMs = joined.session_timeout_ms;
    this.#heartbeatMs = joined.heartbeat_interval_ms;
    return joined.assignments.map((each) => ({
      ...{ topic: each.topic, partition: each.partition, offset: each.offset },
      ...{ leaderEpoch: each.leader_epoch, highWatermark: each.high_watermark },
    }));
  }

  /** Shows that the member lives, until its generation is over, or the signal says so. */
  async live(signal: AbortSignal): Promise<void> {
    const { environment } = this.#transport;
    let aliveMs = environment.nowMs();
    const forMs = this.#sessionMs;
    while (!signal.aborted) {
      try {
        await retrying({ environment, signal, forMs }, async () => {
          const askedMs = environment.nowMs();
          await this.#heartbeat(signal);
          aliveMs = askedMs;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#note(error);
        if (isOver(error)) return;
        const silentMs = environment.nowMs() - aliveMs;
        if (!(error instanceof LogboomError) || !error.retriable) throw error;
        // For so long without a sign of life, others have its partitions.
        if (silentMs >= this.#sessionMs / 2) return;
      }
    }
  }

  /** Durable once it resolves. @throws {LogboomError} */
  async commit(offsets: readonly OffsetToCommit[], signal?: AbortSignal): Promise<void> {
    if (offsets.length === 0) return;
    if (this.#memberId === undefined) {
      throw new LogboomError("unknown_member", "Cannot commit: the group does not know the member");
    }
    try {
      await this.#transport.json({
        method: "PUT",
        path: `${this.#path}/offsets`,
        ...body({
          ...defined({ member_id: this.#memberId, instance_id: this.#options.instanceId }),
          generation: this.#generation,
          offsets: offsets.map(({ topic, partition, offset, epoch }) => ({
            ...{ topic, partition, offset },
            ...defined({ leader_epoch: epoch }),
          })),
        }),
        signal,
      });
    } catch (error) {
      this.#note(error);
      throw error;
    }
  }

  /** Gives its partitions to the others now; one with an instance id keeps them for its return. */
  async leave(): Promise<void> {
    if (this.#memberId === undefined || this.#options.instanceId !== undefined) return;
    const path = `${this.#path}/members/${segment(this.#memberId)}`;
    this.#memberId = undefined;
    await this.#transport.json({ method: "DELETE", path });
  }

  async #join(signal: AbortSignal): Promise<WireJoined> {
    const { topics, sessionTimeoutMs, rebalanceTimeoutMs, assignor, instanceId } = this.#options;
    try {
      return await this.#transport.json<WireJoined>({
        method: "POST",
        path: `${this.#path}/members`,
        ...body({
          topics,
          ...defined({ member_id: this.#memberId, client_id: this.#options.clientId, assignor }),
          ...defined({ instance_id: instanceId, session_timeout_ms: sessionTimeoutMs }),
          ...defined({ rebalance_timeout_ms: rebalanceTimeoutMs }),
          max_wait_ms: JOIN_WAIT_MS,
        }),
        signal,
        waitMs: JOIN_WAIT_MS,
      });
    } catch (error) {
      this.#note(error);
      if (!(error instanceof LogboomError) || !isOver(error)) throw error;
      const { code, message, detail } = error;
      throw new LogboomError(code, message, { retriable: true, detail });
    }
  }

  async #heartbeat(signal: AbortSignal): Promise<void> {
    await this.#transport.json({
      method: "POST",
      path: `${this.#path}/members/${segment(this.#memberId!)}/heartbeat`,
      ...body({
        generation: this.#generation,
        max_wait_ms: this.#heartbeatMs,
        ...defined({ instance_id: this.#options.instanceId }),
      }),
      signal,
      waitMs: this.#heartbeatMs,
    }).catch((error: unknown) => {
      if (!(error instanceof LogboomError) || !isOver(error)) throw error;
      // No retry of the same heartbeat: joining again is.
      throw new LogboomError(error.code, error.message, { detail: error.detail });
    });
  }

  /** What an error says of who it is. */
  #note(error: unknown): void {
    if (!(error instanceof LogboomError)) return;
    if (FORGOTTEN.has(error.code)) this.#memberId = undefined;
    const given = error.detail["member_id"];
    if (error.code === "rebalance_in_progress" && typeof given === "string") this.#memberId = given;
  }
}
