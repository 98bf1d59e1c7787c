/**
 * One consumer group: Kafka's classic state machine, without a wire and without a disk.
 *
 *     empty ──join──▶ preparing_rebalance ──all joined, or time up──▶ completing_rebalance
 *       ▲                    ▲        │ nobody did                            │ leader synced
 *       └────────────────────┼────────┘                                       ▼
 *                            └──────── join, leave, lost member ────────── stable
 *
 * Everything happens in the turn in which it is asked for; only answers wait. A member that waits
 * for one is alive; each other one until its session is over. Of a generation, a member may commit
 * until the next one begins: while others still join that, it may, so that it can settle what it
 * read.
 *
 * Source: kafka.coordinator.group.GroupCoordinator and GroupMetadata of Apache Kafka 3.9.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Clock, Timers } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Deadline } from "./deadline.ts";
import type {
  JoinAnswer,
  JoinRequest,
  MemberClaim,
  RebalanceWait,
  SyncRequest,
} from "./group_api.ts";
import { type GroupMember, sameProtocols } from "./group_member.ts";
import {
  coordinatorStopping,
  groupNotEmpty,
  illegalGeneration,
  rebalanceInProgress,
  unknownMember,
} from "./group_troubles.ts";
import { Membership } from "./membership.ts";
import { Parked } from "./parked.ts";
import { chooseProtocol } from "./protocol_vote.ts";

export type GroupState =
  | "empty"
  | "preparing_rebalance"
  | "completing_rebalance"
  | "stable"
  | "dead";

export interface GroupOptions {
  readonly name: string;
  readonly time: Clock & Timers;
  readonly random: Random;
  readonly membersMax: number;
  /** Milliseconds the first generation waits for more members. */
  readonly initialDelayMs: number;
  /** Above every one given out before. */
  readonly nextGeneration: () => number;
  /** A generation begins: of so many members. */
  readonly began?: (members: number) => void;
  /** Members hold so many bytes more, or fewer. */
  readonly grew?: (bytes: number) => void;
}

const NOTHING = new Uint8Array(0);

export class Group {
  readonly name: string;
  readonly #options: GroupOptions;
  readonly #members: Membership;
  /** When those who have not joined, or not synced, are given up. */
  readonly #rebalance: Deadline;
  readonly #watchers = new Set<() => void>();
  #state: GroupState = "empty";
  /** The first generation waits for more members, though all there are have joined. */
  #isFirst = false;
  #generation = 0;
  #protocolName: string | null = null;
  #isOutdated: (() => boolean) | null = null;

  constructor(options: GroupOptions) {
    this.name = options.name;
    this.#options = options;
    this.#rebalance = new Deadline(options.time, () => this.#rebalanceTimedOut());
    this.#members = new Membership({
      ...options,
      lost: (member) => this.#lose(member),
      pendingLost: () => this.#completeIfAllJoined(),
    });
  }

  get state(): GroupState {
    return this.#state;
  }

  get generation(): number {
    return this.#generation;
  }

  get protocolType(): string | null {
    return this.#members.protocolType;
  }

  get protocolName(): string | null {
    return this.#protocolName;
  }

  get leaderId(): string | null {
    return this.#members.leaderId;
  }

  get members(): ReadonlyMap<string, GroupMember> {
    return this.#members.byId;
  }

  /** Nobody is in it, and nobody is about to be. */
  get isEmpty(): boolean {
    return this.#members.size + this.#members.pending === 0;
  }

  // ── joining ──────────────────────────────────────────────────────────────────────────────────

  async join(request: JoinRequest): Promise<JoinAnswer> {
    this.#members.checkProtocols(request);
    const predecessor = this.#members.predecessorOf(request);
    if (predecessor !== null) return await this.#replace(predecessor, request);
    const known = request.memberId === "" ? null : this.#members.rejoining(request);
    const member = known ?? this.#members.add(request);
    const changed = known === null || this.#members.update(known, request);
    const leads = member.id === this.leaderId;
    if (!changed && this.#state === "completing_rebalance") {
      // The answer it had was lost on the way.
      return this.#answer(member, leads);
    }
    if (!changed && this.#state === "stable" && !(leads && request.leaderRebalances !== false)) {
      return this.#answer(member);
    }
    return await this.#joinNext(member, request);
  }

  /** A static member that started again: what it had is its own still, and nobody need rebalance. */
  async #replace(old: GroupMember, request: JoinRequest): Promise<JoinAnswer> {
    const same = sameProtocols(old.protocols, request.protocols);
    const member = this.#members.replace(old, request);
    // Who watches in the old one's name hears that it is fenced.
    this.#wakeWatchers();
    if (this.#state === "stable" && same) return this.#answer(member);
    return await this.#joinNext(member, request);
  }

  /** Waits for the next generation. */
  #joinNext(member: GroupMember, { signal, waitMs }: JoinRequest): Promise<JoinAnswer> {
    member.joining?.reject(rebalanceInProgress(this.name));
    this.#unparkSync(member);
    member.session.clear();
    const ended = (hasJoined: boolean) => {
      member.joining = null;
      member.hasJoined = hasJoined;
      member.isTold = true;
      member.heard();
      return rebalanceInProgress(this.name, member.id);
    };
    const parked = new Parked<JoinAnswer>({
      timers: this.#options.time,
      signal,
      waitMs,
      // It will ask again: the next generation is its, too.
      late: () => ended(true),
      gone: () => {
        if (member.isTold) return ended(false);
        // Nobody knows its id: nobody will come back with it.
        member.joining = null;
        this.#lose(member);
        return unknownMember(this.name, member.id);
      },
    });
    member.joining = parked;
    member.hasJoined = true;
    if (this.#state === "preparing_rebalance") this.#completeIfAllJoined();
    else this.#prepare();
    return parked.answer;
  }

  /** What a member is told of this generation. */
  #answer(member: GroupMember, leads = false): JoinAnswer {
    member.heard();
    member.isTold = true;
    const protocolName = this.#protocolName!;
    const { id: memberId } = member;
    return {
      ...{ generation: this.#generation, protocolName, leaderId: this.leaderId!, memberId },
      members: leads
        ? this.#members.all().map((each) => ({
          memberId: each.id,
          instanceId: each.instanceId,
          metadata: each.metadataOf(protocolName),
        }))
        : [],
    };
  }

  // ── rebalancing ──────────────────────────────────────────────────────────────────────────────

  #prepare(): void {
    this.#isFirst = this.#state === "empty" && this.#options.initialDelayMs > 0;
    this.#state = "preparing_rebalance";
    this.#isOutdated = null;
    for (const member of this.#members.all()) {
      this.#unparkSync(member);
      member.hasJoined = member.joining !== null;
    }
    const { initialDelayMs } = this.#options;
    this.#rebalance.set(this.#isFirst ? initialDelayMs : this.#members.rebalanceTimeoutMs);
    this.#wakeWatchers();
    this.#completeIfAllJoined();
  }

  #unparkSync(member: GroupMember): void {
    const { syncing } = member;
    member.syncing = null;
    member.isSyncDue = false;
    if (syncing === null) return;
    syncing.reject(rebalanceInProgress(this.name));
    member.heard();
  }

  #completeIfAllJoined(): void {
    if (this.#state !== "preparing_rebalance") return;
    if (this.#isFirst ? !this.isEmpty : this.#members.pending > 0) return;
    if (this.#members.all().every(({ hasJoined }) => hasJoined)) this.#complete();
  }

  #rebalanceTimedOut(): void {
    if (this.#state === "preparing_rebalance") return this.#complete();
    const late = this.#members.all().filter(({ isSyncDue }) => isSyncDue);
    for (const member of late) this.#members.remove(member, unknownMember(this.name, member.id));
    if (late.length > 0) this.#prepare();
  }

  #complete(): void {
    this.#isFirst = false;
    for (const member of this.#members.all()) {
      // Static members are away for a moment only, until their session is over.
      if (member.hasJoined || member.instanceId !== null) continue;
      this.#members.remove(member, unknownMember(this.name, member.id));
    }
    const joined = this.#members.all().filter(({ hasJoined }) => hasJoined);
    if (this.#members.size > 0 && joined.length === 0) {
      return this.#rebalance.set(this.#members.rebalanceTimeoutMs);
    }
    this.#rebalance.clear();
    const generation = this.#options.nextGeneration();
    assert(generation > this.#generation, "generations rise");
    this.#generation = generation;
    if (joined.length === 0) {
      this.#state = "empty";
      this.#protocolName = null;
    } else {
      this.#begin(joined);
    }
    this.#options.began?.(this.#members.size);
  }

  #begin(joined: readonly GroupMember[]): void {
    // One that waits can lead at once.
    const ready = joined.filter(({ joining }) => joining !== null);
    const able = ready.length > 0 ? ready : joined;
    if (!able.some(({ id }) => id === this.leaderId)) this.#members.leaderId = able[0]!.id;
    this.#protocolName = chooseProtocol(this.#members.all());
    this.#state = "completing_rebalance";
    this.#rebalance.set(this.#members.rebalanceTimeoutMs);
    for (const member of joined) {
      const parked = member.joining;
      member.joining = null;
      member.isSyncDue = true;
      parked?.resolve(this.#answer(member, member.id === this.leaderId));
    }
  }

  // ── members ──────────────────────────────────────────────────────────────────────────────────

  async sync(request: SyncRequest): Promise<Uint8Array> {
    const member = this.#claimant(request);
    member.heard();
    if (this.#state === "preparing_rebalance") throw rebalanceInProgress(this.name);
    member.isSyncDue = false;
    if (this.#state === "stable") return member.assignment;
    member.syncing?.reject(rebalanceInProgress(this.name));
    member.session.clear();
    const gone = () => {
      member.syncing = null;
      member.isSyncDue = true;
      member.heard();
      return rebalanceInProgress(this.name);
    };
    const { signal } = request;
    const parked = new Parked<Uint8Array>({ timers: this.#options.time, signal, gone, late: gone });
    member.syncing = parked;
    if (member.id === this.leaderId) this.#assign(request);
    return await parked.answer;
  }

  #assign({ assignments, isOutdated }: SyncRequest): void {
    this.#state = "stable";
    this.#isOutdated = isOutdated ?? null;
    for (const member of this.#members.all()) {
      this.#members.assign(member, assignments?.get(member.id) ?? NOTHING);
      const { syncing } = member;
      if (syncing === null) continue;
      member.syncing = null;
      member.heard();
      syncing.resolve(member.assignment);
    }
  }

  heartbeat(claim: MemberClaim): void {
    const member = this.#claimant(claim);
    member.heard();
    if (this.#state === "stable" && this.#isOutdated?.()) this.#prepare();
    if (this.#state === "preparing_rebalance") throw rebalanceInProgress(this.name);
  }

  /** Half a session at the most: it counts as a sign of life when it comes and when it ends. */
  async waitForRebalance(claim: MemberClaim, { waitMs, signal }: RebalanceWait): Promise<void> {
    this.heartbeat(claim);
    const { sessionTimeoutMs } = this.#claimant(claim);
    await new Promise<void>((resolve) => {
      const finish = () => {
        cancel();
        this.#watchers.delete(finish);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const cancel = this.#options.time.after(Math.min(waitMs, sessionTimeoutMs / 2), finish);
      this.#watchers.add(finish);
      signal?.addEventListener("abort", finish, { once: true });
      if (signal?.aborted) finish();
    });
    // Whose connection has gone gives no sign of life by it.
    if (!signal?.aborted) this.heartbeat(claim);
  }

  leave({ memberId, instanceId }: Omit<MemberClaim, "generation">): void {
    if (this.#members.dropPending(memberId)) this.#completeIfAllJoined();
    else this.#lose(this.#members.leaving(memberId, instanceId));
  }

  /** @throws {OperatingError} when whoever claims that may not commit now */
  checkCommit(claim: Omit<MemberClaim, "group"> | undefined): void {
    if (claim === undefined) {
      if (this.#members.size === 0) return;
      throw groupNotEmpty(this.name, "commit to", this.#members.size);
    }
    const member = this.#claimant(claim);
    member.heard();
    if (this.#state === "completing_rebalance") throw rebalanceInProgress(this.name);
  }

  /** Everyone is told that the node stops; timers end. */
  close(): void {
    this.#state = "dead";
    this.#rebalance.clear();
    this.#members.close(coordinatorStopping(this.name));
    this.#wakeWatchers();
  }

  #claimant(claim: Omit<MemberClaim, "group">): GroupMember {
    if (this.#state === "dead") throw coordinatorStopping(this.name);
    const member = this.#members.find(claim.memberId, claim.instanceId);
    if (claim.generation === this.#generation) return member;
    throw illegalGeneration(this.name, claim.generation, this.#generation);
  }

  #lose(member: GroupMember): void {
    this.#members.remove(member, unknownMember(this.name, member.id));
    if (this.#state === "preparing_rebalance") this.#completeIfAllJoined();
    else if (this.#state !== "empty") this.#prepare();
    this.#wakeWatchers();
  }

  #wakeWatchers(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}
