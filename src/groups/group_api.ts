/**
 * What a member of a consumer group may ask of the coordinator, in the words of Kafka's classic
 * group protocol, so that every wire can share one coordinator. Who lives in this node, for clients
 * that speak HTTP, is a `LocalMember` (local_member.ts).
 *
 * @module
 */
import type { Offset, TopicName } from "../base/types.ts";

export interface TopicPartition {
  readonly topic: TopicName;
  readonly partition: number;
}

/** An assignor the member knows, and what it tells the leader under it: opaque to the group. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface JoinRequest {
  readonly group: string;
  /** "" on the first join. */
  readonly memberId: string;
  /** A name the member keeps when it starts again: then it takes its own place, nobody rebalances. */
  readonly instanceId?: string | undefined;
  readonly clientId: string;
  readonly host: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** "consumer" for those who share partitions. */
  readonly protocolType: string;
  /** Those it likes best first. */
  readonly protocols: readonly MemberProtocol[];
  /** Kafka's JoinGroup from version 4 on: a new member is given its id, and joins again with it. */
  readonly memberIdRequired?: boolean;
  /** Kafka's rule, and the default: the leader joins again in order to rebalance. */
  readonly leaderRebalances?: boolean;
  /** Milliseconds the answer may take; as long as a rebalance does where none are given. */
  readonly waitMs?: number;
  /** Aborts when the member's connection has gone. */
  readonly signal?: AbortSignal | undefined;
}

export interface JoinAnswer {
  readonly generation: number;
  readonly protocolName: string;
  readonly leaderId: string;
  readonly memberId: string;
  /** Empty for all but the leader of a new generation, who says in its sync who gets what. */
  readonly members: readonly JoinedMember[];
}

export interface JoinedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly metadata: Uint8Array;
}

/** Who says it is a member. */
export interface MemberClaim {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
  readonly instanceId?: string | undefined;
}

export interface SyncRequest extends MemberClaim {
  /** Of the leader: what each member gets, by member id. */
  readonly assignments?: ReadonlyMap<string, Uint8Array>;
  /** Of the leader, where it lives in this node: whether topics have changed since. */
  readonly isOutdated?: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface RebalanceWait {
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OffsetToCommit extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: Offset;
  /** Of the record before it; -1 where that is not known. */
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

export interface CommitRequest {
  readonly group: string;
  readonly offsets: readonly OffsetToCommit[];
  /** Left out by those who are no members: only taken while the group has none. */
  readonly member?: Omit<MemberClaim, "group"> | undefined;
}

export interface CommittedOffset extends TopicPartition {
  readonly offset: Offset;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** What the members' side of a coordinator does; every promise may reject with an OperatingError. */
export interface Groups {
  /**
   * Waits until the group's next generation is there.
   *
   * @throws {OperatingError} unknown_member, member_id_required, fenced_instance, group_full,
   * too_many_groups, inconsistent_protocol, invalid_argument, shutting_down; rebalance_in_progress
   * with `member_id` when `waitMs` is over
   */
  join(request: JoinRequest): Promise<JoinAnswer>;
  /**
   * What the member gets in this generation: the leader's bytes.
   *
   * @throws {OperatingError} as {@linkcode Groups.heartbeat} does
   */
  sync(request: SyncRequest): Promise<Uint8Array>;
  /**
   * Shows that the member lives.
   *
   * @throws {OperatingError} rebalance_in_progress: join again with the same member id;
   * unknown_member, illegal_generation: join anew; fenced_instance
   */
  heartbeat(claim: MemberClaim): void;
  /** A heartbeat that is held until a rebalance begins, or the wait is over. */
  waitForRebalance(claim: MemberClaim, wait: RebalanceWait): Promise<void>;
  /** @throws {OperatingError} unknown_member, fenced_instance */
  leave(claim: Omit<MemberClaim, "generation">): void;
  /** Durable once it resolves. */
  commit(request: CommitRequest): Promise<void>;
  /** What each member of this or the last generation has: the leader's bytes, by member id. */
  assignments(group: string): ReadonlyMap<string, Uint8Array>;
  /** Of all partitions of today's topics, once what is being committed is durable. */
  committed(group: string): Promise<readonly CommittedOffset[]>;
}
