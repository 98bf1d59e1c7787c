/**
 * Who is in a group: its members, the names of those that keep their place when they start again,
 * the ids given out to those who have yet to come back with them, and who leads.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { type Random, randomHex } from "../base/random.ts";
import { Deadline } from "./deadline.ts";
import type { JoinRequest } from "./group_api.ts";
import { GroupMember, protocolBytes } from "./group_member.ts";
import {
  fencedInstance,
  groupFull,
  inconsistentProtocol,
  memberIdRequired,
  unknownMember,
} from "./group_troubles.ts";

export interface MembershipOptions {
  readonly name: string;
  readonly time: Clock & Timers;
  readonly random: Random;
  readonly membersMax: number;
  /** Members hold so many bytes more, or fewer. */
  readonly grew?: ((bytes: number) => void) | undefined;
  /** Its session is over. */
  readonly lost: (member: GroupMember) => void;
  /** Nobody came back with an id. */
  readonly pendingLost: () => void;
}

const MEMBER_ID_BYTES = 16;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<string, GroupMember>();
  readonly #statics = new Map<string, string>();
  readonly #pending = new Map<string, Deadline>();
  #protocolType: string | null = null;
  leaderId: string | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get byId(): ReadonlyMap<string, GroupMember> {
    return this.#members;
  }

  get size(): number {
    return this.#members.size;
  }

  /** How many have an id, and have yet to join with it. */
  get pending(): number {
    return this.#pending.size;
  }

  get protocolType(): string | null {
    return this.#protocolType;
  }

  all(): GroupMember[] {
    return [...this.#members.values()];
  }

  /** The longest time any of them takes to join again. */
  get rebalanceTimeoutMs(): number {
    return this.all().reduce(
      (most, { rebalanceTimeoutMs }) => Math.max(most, rebalanceTimeoutMs),
      0,
    );
  }

  /** @throws {OperatingError} inconsistent_protocol where it shares no assignor with the others */
  checkProtocols({ protocolType, protocols, memberId }: JoinRequest): void {
    if (this.#members.size === 0) return;
    const { name } = this.#options;
    if (protocolType !== this.#protocolType) {
      const state = `its members speak "${this.#protocolType}", not "${protocolType.slice(0, 60)}"`;
      throw inconsistentProtocol(name, state);
    }
    const others = this.all().filter(({ id }) => id !== memberId);
    if (protocols.some((each) => others.every((other) => other.supports(each.name)))) return;
    throw inconsistentProtocol(name, "it knows no assignor that all members know");
  }

  /** The member whose place a static member takes that starts again. */
  predecessorOf({ memberId, instanceId }: JoinRequest): GroupMember | null {
    if (memberId !== "" || instanceId === undefined) return null;
    return this.#members.get(this.#statics.get(instanceId) ?? "") ?? null;
  }

  /** The member that joins again; null where it is one that comes back with its new id. */
  rejoining({ memberId, instanceId }: JoinRequest): GroupMember | null {
    return this.#pending.has(memberId) ? null : this.find(memberId, instanceId);
  }

  /** @throws {OperatingError} unknown_member, fenced_instance */
  find(memberId: string, instanceId: string | undefined): GroupMember {
    const { name } = this.#options;
    const holder = instanceId === undefined ? undefined : this.#statics.get(instanceId);
    if (holder !== undefined && holder !== memberId) throw fencedInstance(name, instanceId!);
    const member = this.#members.get(memberId);
    if (member !== undefined && (instanceId === undefined || holder === memberId)) return member;
    throw unknownMember(name, memberId);
  }

  /** Whom somebody means that leaves: a static member may give its instance id alone. */
  leaving(memberId: string, instanceId: string | undefined): GroupMember {
    const byName = memberId === "" && instanceId !== undefined;
    return this.find(byName ? this.#statics.get(instanceId) ?? "" : memberId, instanceId);
  }

  /** @throws {OperatingError} group_full; member_id_required with the id that was drawn */
  add(request: JoinRequest): GroupMember {
    const id = this.dropPending(request.memberId) ? request.memberId : this.#draw(request);
    return this.#put(id, request);
  }

  /** A new member in the place of one with the same instance id: all it had, and its lead. */
  replace(old: GroupMember, request: JoinRequest): GroupMember {
    const leads = old.id === this.leaderId;
    const { assignment, isSyncDue } = old;
    this.remove(old, fencedInstance(this.#options.name, old.instanceId!));
    const member = this.#put(this.#newId(request), request);
    this.assign(member, assignment);
    member.isSyncDue = isSyncDue;
    if (leads) this.leaderId = member.id;
    return member;
  }

  /** @returns whether the group has to hear of it */
  update(member: GroupMember, request: JoinRequest): boolean {
    this.#grew(protocolBytes(request.protocols) - protocolBytes(member.protocols));
    return member.update(request);
  }

  assign(member: GroupMember, assignment: Uint8Array): void {
    this.#grew(assignment.length - member.assignment.length);
    member.assignment = assignment;
  }

  /** Whatever it waits for ends with `why`. */
  remove(member: GroupMember, why: unknown): void {
    if (!this.#members.delete(member.id)) return;
    if (member.instanceId !== null) this.#statics.delete(member.instanceId);
    this.#grew(-member.bytes);
    member.end(why);
    if (this.leaderId === member.id) this.leaderId = this.#members.keys().next().value ?? null;
  }

  /** Whether it was an id that nobody had come back with. */
  dropPending(memberId: string): boolean {
    this.#pending.get(memberId)?.clear();
    return this.#pending.delete(memberId);
  }

  close(why: unknown): void {
    for (const id of [...this.#pending.keys()]) this.dropPending(id);
    for (const member of this.all()) this.remove(member, why);
  }

  #put(id: string, request: JoinRequest): GroupMember {
    const { time, lost } = this.#options;
    const member = new GroupMember(id, request, time, () => lost(member));
    member.isTold = request.memberId !== "";
    if (this.#members.size === 0) this.#protocolType = request.protocolType;
    this.leaderId ??= id;
    this.#members.set(id, member);
    if (member.instanceId !== null) this.#statics.set(member.instanceId, id);
    this.#grew(member.bytes);
    return member;
  }

  #draw(request: JoinRequest): string {
    const { name, membersMax, time, pendingLost } = this.#options;
    if (this.#members.size + this.#pending.size >= membersMax) throw groupFull(name, membersMax);
    const id = this.#newId(request);
    if (request.memberIdRequired !== true || request.instanceId !== undefined) return id;
    const deadline = new Deadline(time, () => {
      this.#pending.delete(id);
      pendingLost();
    });
    deadline.set(request.sessionTimeoutMs);
    this.#pending.set(id, deadline);
    throw memberIdRequired(name, id);
  }

  #newId({ instanceId, clientId }: JoinRequest): string {
    return `${instanceId ?? clientId}-${randomHex(this.#options.random, MEMBER_ID_BYTES)}`;
  }

  #grew(bytes: number): void {
    this.#options.grew?.(bytes);
  }
}
