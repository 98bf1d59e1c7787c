/**
 * The coordinator of all groups of a node: finds a member's group, or makes it, keeps what is
 * committed, gives generations their numbers, and forgets what is over.
 *
 * Generations are counted for the whole node, so that they rise for each group, whatever became of
 * it in between: a hundred at a time are set aside on the disk, and a restart goes on above them.
 * Members are not kept: after a restart each joins anew, as its heartbeats tell it to.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import {
  GROUP_GENERATIONS_RESERVED,
  GROUP_INITIAL_DELAY_MS,
  GROUP_MEMBERS_MAX,
  GROUPS_BYTES_MAX,
  GROUPS_MAX,
  GROUPS_SWEEP_MS,
  OFFSETS_RETENTION_MS,
} from "../base/group_limits.ts";
import type { Logger } from "../base/log.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { Random } from "../base/random.ts";
import type { GroupBook, GroupBookState } from "../store/group_book.ts";
import { Group } from "./group.ts";
import type {
  CommitRequest,
  CommittedOffset,
  Groups,
  JoinAnswer,
  JoinRequest,
  MemberClaim,
  RebalanceWait,
  SyncRequest,
} from "./group_api.ts";
import { checkGroupName, checkJoin } from "./group_checks.ts";
import {
  describeGroup,
  type GroupDescription,
  type GroupParts,
  type GroupSummary,
  summarizeGroup,
} from "./group_description.ts";
import type { GroupTopics } from "./group_topics.ts";
import {
  coordinatorStopping,
  groupNotEmpty,
  unknownGroup,
  unknownMember,
} from "./group_troubles.ts";
import { OffsetBook } from "./offset_book.ts";

export interface CoordinatorOptions {
  readonly book: GroupBook;
  readonly topics: GroupTopics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What retention measures by: see store/age_clock.ts. */
  readonly ageMs: () => number;
  /** Milliseconds the first generation of a group waits for more members. */
  readonly initialDelayMs?: number;
  readonly groupsMax?: number;
  readonly membersMax?: number;
}

const NO_ASSIGNMENTS: ReadonlyMap<string, Uint8Array> = new Map();

export class GroupCoordinator implements Groups {
  readonly #options: CoordinatorOptions;
  /** Those with members, or that had some a moment ago. */
  readonly #groups = new Map<string, Group>();
  readonly #offsets: OffsetBook;
  readonly #rebalances: Counter;
  readonly #commits: Counter;
  #generation: number;
  /** Up to here they may be given out; see above. */
  #reserved: number;
  #reserving: Promise<void> | null = null;
  #memberBytes = 0;
  #stopped = false;
  #cancelSweep: () => void = () => {};

  private constructor(options: CoordinatorOptions, state: GroupBookState) {
    this.#options = options;
    this.#offsets = OffsetBook.open(options, state);
    this.#generation = this.#reserved = state.generation;
    const { metrics } = options;
    this.#rebalances = metrics.counter(
      "logboom_group_generations_total",
      "Generations of consumer groups that began.",
    );
    this.#commits = metrics.counter(
      "logboom_group_commits_total",
      "Commits of consumer groups that became durable.",
    );
    metrics.gauge("logboom_groups", "Consumer groups with members or offsets.", () => this.size);
    metrics.gauge("logboom_group_members", "Members of all consumer groups.", () => this.members);
    this.#sweepLater();
  }

  /** @throws {OperatingError} storage trouble of the catalogue */
  static async open(options: CoordinatorOptions): Promise<GroupCoordinator> {
    return new GroupCoordinator(options, await options.book.load());
  }

  get size(): number {
    return this.#names().size;
  }

  get members(): number {
    return this.#groups.values().reduce((sum, { members }) => sum + members.size, 0);
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    checkJoin(request);
    if (this.#generation >= this.#reserved) await this.#reserve();
    if (this.#stopped) throw coordinatorStopping(request.group);
    this.#checkBytes(request);
    const group = this.#groups.get(request.group) ?? this.#make(request);
    try {
      return await group.join(request);
    } finally {
      this.#forgetIfEmpty(group);
    }
  }

  async sync(request: SyncRequest): Promise<Uint8Array> {
    return await this.#groupOf(request).sync(request);
  }

  heartbeat(claim: MemberClaim): void {
    this.#groupOf(claim).heartbeat(claim);
  }

  async waitForRebalance(claim: MemberClaim, wait: RebalanceWait): Promise<void> {
    await this.#groupOf(claim).waitForRebalance(claim, wait);
  }

  leave(claim: Omit<MemberClaim, "generation">): void {
    const group = this.#groupOf(claim);
    group.leave(claim);
    this.#forgetIfEmpty(group);
  }

  async commit({ group: name, member, offsets }: CommitRequest): Promise<void> {
    checkGroupName(name);
    if (this.#stopped) throw coordinatorStopping(name);
    const group = this.#groups.get(name);
    if (group !== undefined) group.checkCommit(member);
    else if (member !== undefined) throw unknownMember(name, member.memberId);
    if (offsets.length === 0) return;
    this.#checkRoomFor(name);
    await this.#offsets.commit(name, offsets);
    this.#commits.value++;
  }

  committed(group: string): Promise<readonly CommittedOffset[]> {
    return this.#offsets.committed(group);
  }

  assignments(group: string): ReadonlyMap<string, Uint8Array> {
    const members = this.#groups.get(group)?.members;
    if (members === undefined) return NO_ASSIGNMENTS;
    return new Map(members.values().map(({ id, assignment }) => [id, assignment]));
  }

  /** Every group there is, by name. */
  list(): GroupSummary[] {
    return [...this.#names()].toSorted().map((name) => summarizeGroup(name, this.#partsOf(name)));
  }

  /** @throws {OperatingError} unknown_group */
  describe(name: string): GroupDescription {
    if (this.#groups.has(name) || this.#offsets.has(name)) {
      return describeGroup(name, this.#partsOf(name));
    }
    throw unknownGroup(name);
  }

  /**
   * Forgets a group and what it committed, durably.
   *
   * @throws {OperatingError} unknown_group, group_not_empty
   */
  async delete(name: string): Promise<void> {
    const { members } = this.describe(name);
    if (members.length > 0) throw groupNotEmpty(name, "delete", members.length);
    await this.#offsets.drop([name]);
  }

  /** Looks for groups whose time is over now; it does so now and then of itself. */
  async sweep(): Promise<void> {
    for (const group of [...this.#groups.values()]) this.#forgetIfEmpty(group);
    const alive = [...this.#groups.keys()];
    await this.#offsets.alive(alive);
    const overMs = this.#options.ageMs() - OFFSETS_RETENTION_MS;
    const went = await this.#offsets.sweep((group, aliveMs) =>
      aliveMs < overMs && !this.#groups.has(group)
    );
    if (went > 0) this.#options.logger.info("groups_expired", { groups: went });
  }

  /** Answers all who wait, and takes nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelSweep();
    for (const group of this.#groups.values()) group.close();
    this.#groups.clear();
  }

  // ── groups ───────────────────────────────────────────────────────────────────────────────────

  #make({ group: name }: JoinRequest): Group {
    this.#checkRoomFor(name);
    const { clock, timers, random, membersMax, initialDelayMs, logger } = this.#options;
    const group: Group = new Group({
      name,
      time: {
        wallMs: () => clock.wallMs(),
        monotonicMs: () => clock.monotonicMs(),
        after: (delayMs, task) => timers.after(delayMs, task),
        soon: (task) => timers.soon(task),
      },
      random,
      membersMax: membersMax ?? GROUP_MEMBERS_MAX,
      initialDelayMs: initialDelayMs ?? GROUP_INITIAL_DELAY_MS,
      nextGeneration: () => this.#nextGeneration(),
      began: (members) => {
        this.#rebalances.value++;
        logger.info("group_generation", { group: name, generation: this.#generation, members });
        if (members === 0) timers.soon(() => this.#forgetIfEmpty(group));
      },
      grew: (bytes) => {
        this.#memberBytes += bytes;
      },
    });
    this.#groups.set(name, group);
    return group;
  }

  /** @throws {OperatingError} unknown_member where there is no such group: its members are gone */
  #groupOf({ group: name, memberId }: Omit<MemberClaim, "generation">): Group {
    const group = this.#groups.get(name);
    if (group !== undefined) return group;
    if (this.#stopped) throw coordinatorStopping(name);
    throw unknownMember(name, memberId);
  }

  #forgetIfEmpty(group: Group): void {
    if (group.isEmpty && this.#groups.get(group.name) === group) this.#groups.delete(group.name);
  }

  #names(): Set<string> {
    return new Set([...this.#groups.keys(), ...this.#offsets.names]);
  }

  #partsOf(name: string): GroupParts {
    const { topics } = this.#options;
    return { group: this.#groups.get(name), offsets: this.#offsets.now(name), topics };
  }

  // ── limits ───────────────────────────────────────────────────────────────────────────────────

  #checkRoomFor(group: string): void {
    const limit = this.#options.groupsMax ?? GROUPS_MAX;
    if (this.#groups.has(group) || this.#offsets.has(group) || this.size < limit) return;
    throw new OperatingError(
      "too_many_groups",
      `Cannot make group ${group}: the node has ${limit}, the limit; delete those that are done`,
      { group, limit },
    );
  }

  #checkBytes({ group }: JoinRequest): void {
    if (this.#memberBytes < GROUPS_BYTES_MAX) return;
    throw new OperatingError(
      "overloaded",
      `Cannot join group ${group}: members of all groups hold ${this.#memberBytes} bytes`,
      { group, limit: GROUPS_BYTES_MAX },
    );
  }

  #nextGeneration(): number {
    this.#generation++;
    const left = this.#reserved - this.#generation;
    if (left < GROUP_GENERATIONS_RESERVED / 2) {
      this.#reserve().catch((error) =>
        this.#options.logger.warn("generations_not_reserved", { error: messageOf(error) })
      );
    }
    return this.#generation;
  }

  #reserve(): Promise<void> {
    const upTo = Math.max(this.#generation, this.#reserved) + GROUP_GENERATIONS_RESERVED;
    this.#reserving ??= this.#options.book.putGeneration(upTo).then(() => {
      this.#reserved = upTo;
    }).finally(() => {
      this.#reserving = null;
    });
    return this.#reserving;
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.timers.after(GROUPS_SWEEP_MS, () => {
      this.sweep()
        .catch((error) => this.#options.logger.warn("groups_kept", { error: messageOf(error) }))
        .finally(() => {
          if (!this.#stopped) this.#sweepLater();
        });
    });
  }
}
