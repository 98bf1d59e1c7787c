/**
 * A shared subscription: each of its records goes to one of its members, in turn, to one that has
 * room [MQTT-4.8.2-4]. The group stands in the logs itself; where no member is there, or none has
 * room, it stays where it is. What a member had in flight with QoS 1 when its session ended comes
 * back and goes to another; with QoS 2 it goes to nobody [MQTT-4.8.2-5].
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { Behind } from "./backlog.ts";
import type { DeliveryLog } from "./batch_cache.ts";
import type { Target } from "./fresh_records.ts";
import { type FollowedRecord, type FollowerOwner, LogFollower } from "./log_follower.ts";
import type { FollowerServices } from "./log_follower.ts";
import type { GroupState } from "./queue_book.ts";
import type { SessionQueue } from "./session_queue.ts";
import { HeldSubscription } from "./subscription.ts";

export interface GroupServices extends FollowerServices {
  logOf(partition: string): DeliveryLog | undefined;
  logsOf(held: HeldSubscription): Iterable<DeliveryLog>;
  /** A record in flight comes back to its group. */
  readReturned(partition: string, offset: number): Promise<FollowedRecord | null>;
  /** It has something to hand out. */
  wake(group: string): void;
  saveGroupSoon(group: ShareGroup): void;
  gap(owner: string, log: DeliveryLog, records: number): void;
}

/** Of a record. */
export interface Place {
  readonly partition: string;
  readonly offset: number;
}

export class ShareGroup implements Behind, FollowerOwner, Target {
  /** The whole filter, which names it. */
  readonly name: string;
  /** Stands for all members where topic names are matched. */
  readonly held: HeldSubscription;
  /** Each of its records goes to another member. */
  readonly plain = null;
  readonly #services: GroupServices;
  readonly #follower: LogFollower;
  /** Members whose clients are there; whose turn it is comes first. */
  readonly #members = new Map<SessionQueue, HeldSubscription>();
  readonly #returned: Place[] = [];

  constructor(name: string, services: GroupServices, saved: GroupState | null) {
    this.name = name;
    this.#services = services;
    const options = {
      ...{ filter: name, qos: 2, noLocal: false, retainAsPublished: false } as const,
      ...{ retainHandling: 2, identifier: null } as const,
    };
    this.held = new HeldSubscription(options, new Map());
    this.#follower = new LogFollower(services, this);
    for (const [partition, next] of saved?.cursors ?? []) {
      const log = services.logOf(partition);
      if (log !== undefined) this.#follower.follow(log, next);
    }
    if (saved !== null) return;
    for (const log of services.logsOf(this.held)) this.#follower.follow(log);
  }

  get isOnline(): boolean {
    return this.#members.size > 0;
  }

  get isBehind(): boolean {
    return this.#returned.length > 0 || this.#follower.isBehind;
  }

  subscriptions(): Iterable<HeldSubscription> {
    return [this.held];
  }

  get hasRoom(): boolean {
    for (const member of this.#members.keys()) if (member.hasRoom) return true;
    return false;
  }

  enter(member: SessionQueue, held: HeldSubscription): void {
    const first = this.#members.size === 0;
    this.#members.set(member, held);
    if (first) this.#follower.begin(this.#services.logsOf(this.held));
    this.#services.wake(this.name);
  }

  leave(member: SessionQueue): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#follower.end(this.#services.logsOf(this.held));
    this.#services.saveGroupSoon(this);
  }

  /** Once in a while: nothing may have come for long, and yet its cursors moved. */
  saveIdle(): void {
    if (!this.isOnline) return;
    this.#follower.notice(this.#services.logsOf(this.held));
    this.#services.saveGroupSoon(this);
  }

  /** Its member's session ended before it was acknowledged. */
  giveBack(place: Place): void {
    this.#returned.push(place);
    this.#services.wake(this.name);
    this.#services.saveGroupSoon(this);
  }

  take(record: FollowedRecord, matched: readonly HeldSubscription[]): boolean {
    return this.#follower.take(record, matched);
  }

  fallBehind(log: DeliveryLog, from: Offset): void {
    const follows = () => [...this.#services.logsOf(this.held)].includes(log);
    this.#follower.fallBehind(log, from, follows);
    this.#services.wake(this.name);
  }

  deliver(record: FollowedRecord, _matched: readonly HeldSubscription[], old: boolean): boolean {
    return this.#returned.length === 0 && this.#handOut(record, old);
  }

  async step(): Promise<boolean> {
    if (!this.isOnline) return false;
    const hasRoom = this.#returned.length > 0
      ? await this.#handOutReturned()
      : await this.#follower.step();
    return hasRoom && this.isOnline && this.isBehind;
  }

  missed(log: DeliveryLog, records: number): void {
    this.#services.gap(this.name, log, records);
  }

  /**
   * Where it stands, for the next run: behind nothing that came back and was not handed out again,
   * or that a member has in flight with QoS 1 whose session would not survive.
   */
  state(): GroupState {
    const cursors = this.#follower.positions();
    for (const { partition, offset } of [...this.#returned, ...this.#inDoubt()]) {
      cursors.set(partition, Math.min(offset, cursors.get(partition) ?? offset));
    }
    return { group: this.name, cursors };
  }

  *#inDoubt(): Iterable<Place> {
    for (const { lasting, outbox } of this.#members.keys()) {
      if (lasting) continue;
      for (const { group, qos, source } of outbox.window.all()) {
        if (group === this.name && qos === 1 && "partition" in source) yield source;
      }
    }
  }

  /** To the first in line that takes it; false where none does. */
  #handOut(record: FollowedRecord, old: boolean): boolean {
    const { outgoing } = record;
    for (const [member, held] of this.#members) {
      const how = member.optionsFor(outgoing.message, [held]);
      if (how === null) continue;
      if (old && how.qos === 0) return true;
      if (!member.isReady || !member.send(outgoing, how, this.name)) continue;
      // To the end of the line.
      this.#members.delete(member);
      this.#members.set(member, held);
      this.#services.saveGroupSoon(this);
      return true;
    }
    return false;
  }

  /** Returns whether that was all. */
  async #handOutReturned(): Promise<boolean> {
    while (this.#returned.length > 0) {
      const place = this.#returned[0]!;
      const record = await this.#services.readReturned(place.partition, place.offset);
      if (this.#returned[0] !== place) return true;
      if (record !== null && !this.#handOut(record, false)) return false;
      this.#returned.shift();
    }
    return true;
  }
}
