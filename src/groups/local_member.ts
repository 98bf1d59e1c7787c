/**
 * A member of a group that lives in this node, for a client that only sends requests now and then:
 * an instance of the REST proxy. Like Kafka's consumer it joins, and joins again, in `poll`: what it
 * was assigned is not taken from it while its client works on what it was handed.
 *
 *     const member = new LocalMember(groups, topics, { group: "g", clientId: "c", host: "::1" });
 *     member.subscribe(["logs"]);
 *     const partitions = await member.poll();      // joins; later on: a heartbeat, or joins again
 *     await member.commit([{ topic: "logs", partition: 0, offset: 12 }]);
 *     member.leave();
 *
 * Nobody heartbeats for it: without a call within the session timeout the group gives it up, and
 * the next `poll` joins anew.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import type { TopicName } from "../base/types.ts";
import type { AssignorName } from "./assignors/assignor.ts";
import type { Groups, OffsetToCommit, TopicPartition } from "./group_api.ts";
import type { GroupTopics } from "./group_topics.ts";
import { joinLocally, sameTopics } from "./local_join.ts";

export interface LocalMemberOptions {
  readonly group: string;
  readonly clientId: string;
  /** Where its client is. */
  readonly host: string;
  readonly instanceId?: string | undefined;
  readonly assignor?: AssignorName | undefined;
  readonly sessionTimeoutMs?: number | undefined;
  readonly rebalanceTimeoutMs?: number | undefined;
  /**
   * Called by `poll` before it joins again, while what was read may still be committed. It is not
   * called where the group has given the member up: what it had may be another's already.
   */
  readonly onRevoke?: (partitions: readonly TopicPartition[]) => Promise<void> | void;
  /** Called when the assignment of a new generation is there. */
  readonly onAssign?: (partitions: readonly TopicPartition[]) => Promise<void> | void;
}

export interface PollOptions {
  /** Milliseconds a rebalance may take; then rebalance_in_progress, and the next poll goes on. */
  readonly waitMs?: number;
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

const NONE: readonly TopicPartition[] = [];

export class LocalMember {
  readonly #groups: Groups;
  readonly #topics: GroupTopics;
  readonly #options: LocalMemberOptions;
  #subscribed: readonly TopicName[] = [];
  /** The subscription the group knows. */
  #joinedWith: readonly TopicName[] | null = null;
  #memberId = "";
  #generation = -1;
  #assignment = NONE;
  #polling: Promise<readonly TopicPartition[]> | null = null;

  constructor(groups: Groups, topics: GroupTopics, options: LocalMemberOptions) {
    this.#groups = groups;
    this.#topics = topics;
    this.#options = options;
  }

  get group(): string {
    return this.#options.group;
  }

  /** "" until it has joined. */
  get memberId(): string {
    return this.#memberId;
  }

  /** -1 until it has joined. */
  get generation(): number {
    return this.#generation;
  }

  get subscription(): readonly TopicName[] {
    return this.#subscribed;
  }

  /** What it may read and commit, as of the last poll. */
  get assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  /** Takes effect with the next poll. */
  subscribe(topics: readonly TopicName[]): void {
    this.#subscribed = [...new Set(topics)];
  }

  /**
   * Shows that the client lives, joins where there is reason to, and resolves to what is assigned.
   * Of polls at the same time, the later ones share the first one's result.
   *
   * @throws {OperatingError} fenced_instance, group_full, and what else {@linkcode Groups.join} throws
   */
  poll(options: PollOptions = {}): Promise<readonly TopicPartition[]> {
    this.#polling ??= this.#poll(options).finally(() => {
      this.#polling = null;
    });
    return this.#polling;
  }

  /** Shows that the client lives; a rebalance waits for the next poll. */
  heartbeat(): void {
    if (this.#memberId === "") return;
    try {
      this.#groups.heartbeat(this.#claim());
    } catch (error) {
      if (!isTold(error)) throw error;
    }
  }

  /** Resolves once the next poll would join again, or after `waitMs`: for reads that wait. */
  async disturbed(waitMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#joinedWith === null) return;
    try {
      await this.#groups.waitForRebalance(this.#claim(), { waitMs, signal });
    } catch (error) {
      if (!isTold(error)) throw error;
    }
  }

  /**
   * Durable once it resolves.
   *
   * @throws {OperatingError} rebalance_in_progress, unknown_member, illegal_generation: poll first
   */
  commit(offsets: readonly OffsetToCommit[]): Promise<void> {
    if (this.#memberId === "") {
      const message = `Cannot commit to group ${this.group}: the member has not joined yet`;
      return Promise.reject(new OperatingError("unknown_member", message, { group: this.group }));
    }
    return this.#groups.commit({ group: this.group, offsets, member: this.#claim() });
  }

  /** Gives its partitions to the others at once. */
  leave(): void {
    const memberId = this.#memberId;
    const claim = { group: this.group, memberId, instanceId: this.#options.instanceId };
    this.#lose();
    if (memberId === "") return;
    try {
      this.#groups.leave(claim);
    } catch (error) {
      if (!isTold(error)) throw error;
    }
  }

  async #poll(options: PollOptions): Promise<readonly TopicPartition[]> {
    try {
      if (this.#joinedWith !== null) this.#groups.heartbeat(this.#claim());
    } catch (error) {
      if (!isTold(error)) throw error;
      if (error.code === "rebalance_in_progress") return await this.#rejoin(options);
      this.#lose();
    }
    const known = this.#joinedWith !== null && sameTopics(this.#joinedWith, this.#subscribed);
    return known ? this.#assignment : await this.#rejoin(options);
  }

  async #rejoin(options: PollOptions): Promise<readonly TopicPartition[]> {
    if (this.#subscribed.length === 0) {
      if (this.#assignment.length > 0) await this.#options.onRevoke?.(this.#assignment);
      this.leave();
      return NONE;
    }
    if (this.#joinedWith !== null) await this.#options.onRevoke?.(this.#assignment);
    const topics = this.#subscribed;
    this.#joinedWith = null;
    try {
      const joined = await joinLocally(this.#groups, this.#topics, {
        ...this.#options,
        ...options,
        ...{ topics, memberId: this.#memberId },
      });
      this.#memberId = joined.memberId;
      this.#generation = joined.generation;
      this.#assignment = joined.assignment;
      this.#joinedWith = topics;
    } catch (error) {
      this.#assignment = NONE;
      if (!isTold(error)) throw error;
      if (error.code !== "rebalance_in_progress") this.#lose();
      else this.#memberId = String(error.detail["member_id"] ?? this.#memberId);
      throw error;
    }
    await this.#options.onAssign?.(this.#assignment);
    return this.#assignment;
  }

  #lose(): void {
    this.#memberId = "";
    this.#generation = -1;
    this.#assignment = NONE;
    this.#joinedWith = null;
  }

  #claim() {
    const { group, instanceId } = this.#options;
    return { group, instanceId, memberId: this.#memberId, generation: this.#generation };
  }
}

/** What the group says to a member that has to join again. */
function isTold(error: unknown): error is OperatingError {
  return isOperatingError(error, "rebalance_in_progress") ||
    isOperatingError(error, "unknown_member") || isOperatingError(error, "illegal_generation");
}
