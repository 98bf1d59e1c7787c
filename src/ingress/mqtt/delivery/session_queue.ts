/**
 * The queue of one session: its subscriptions, where it stands in the logs, and what it has in
 * flight. It holds no messages: what a client has not had yet is in the log, and is read from there.
 *
 *     away      nothing is delivered; each cursor stays where it is
 *     again     back: what was in flight is sent again, in its order, before anything else
 *     behind    reads from its cursors on; retained messages of a new subscription come first
 *     live      fresh records are handed in as they are committed
 *
 * @module
 */
import { assert } from "../../../base/assert.ts";
import { utf8 } from "../../../base/bytes.ts";
import { MQTT_IDLE_RECORDS } from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { Backlog, Behind } from "./backlog.ts";
import type { DeliveryLog } from "./batch_cache.ts";
import { type FollowedRecord, type FollowerOwner, LogFollower } from "./log_follower.ts";
import type { FollowerServices } from "./log_follower.ts";
import { type MatchedOptions, matchedOptions } from "./matched_options.ts";
import { Message } from "./message.ts";
import { Outbox, type OutboxOwner, type OutboxServices } from "./outbox.ts";
import { Outgoing } from "./outgoing.ts";
import type { OutboundState, QueueBook, QueueChange, QueueState } from "./queue_book.ts";
import { PlainSending } from "./plain_sending.ts";
import { QueueChanges } from "./queue_changes.ts";
import { Redelivery } from "./redelivery.ts";
import { RetainedFeed, type RetainedMessagesOf } from "./retained_feed.ts";
import type { SentRun } from "./sent_run.ts";
import type { Subscriber } from "./subscriber.ts";
import {
  HeldSubscription,
  partitionKey,
  type Subscription,
  type SubscriptionOptions,
} from "./subscription.ts";

export interface QueueServices extends FollowerServices, OutboxServices {
  readonly backlog: Backlog;
  readonly book: QueueBook;
  /** The log of that name; undefined where it is not there any more. */
  logOf(partition: string): DeliveryLog | undefined;
  /** Logs whose records a filter may match. */
  logsOf(held: HeldSubscription): Iterable<DeliveryLog>;
  /** Fresh records of what the subscription matches come from now on, or do not. */
  enter(queue: SessionQueue, held: HeldSubscription): void;
  leave(queue: SessionQueue, held: HeldSubscription): void;
  /** A session has the subscription, its client there or not; or has it no more. */
  hold(held: HeldSubscription): void;
  release(held: HeldSubscription): void;
  /** A member of the shared subscription may have room. */
  wake(group: string): void;
  /** Its changes are written a moment later. */
  saveSoon(queue: SessionQueue): void;
  /** Where shared subscriptions stand is written now, if it changed. */
  saveGroups(): void;
  gap(clientId: string, log: DeliveryLog, records: number): void;
  /** A shared subscription's message comes back: its session ended before it was acknowledged. */
  giveBack(state: OutboundState): void;
}

export class SessionQueue implements Behind, FollowerOwner, OutboxOwner {
  readonly clientId: string;
  readonly outbox: Outbox;
  readonly plain: PlainSending;
  /** Records that retention took before it had looked at them. */
  gapRecords = 0;
  #lasting: boolean;
  readonly #services: QueueServices;
  readonly #clientBytes: Uint8Array;
  readonly #subscriptions = new Map<string, HeldSubscription>();
  readonly #follower: LogFollower;
  readonly #redelivery: Redelivery;
  readonly #retained: RetainedFeed;
  #changes: QueueChanges;
  /** Resolves once all that was taken from the changes so far is durable. */
  #written: Promise<void> = Promise.resolve();

  constructor(
    clientId: string,
    services: QueueServices,
    { lasting, saved }: { readonly lasting: boolean; readonly saved: QueueState | null },
  ) {
    this.clientId = clientId;
    this.#clientBytes = utf8(clientId);
    this.#services = services;
    this.#lasting = lasting;
    this.outbox = new Outbox(services, this);
    this.plain = new PlainSending(this);
    this.#follower = new LogFollower(services, this);
    this.#redelivery = new Redelivery(this.outbox, services, (log) => this.missed(log, 1));
    this.#retained = new RetainedFeed(this);
    this.#changes = new QueueChanges(saved ?? undefined);
    if (saved !== null) this.#restore(saved);
  }

  get lasting(): boolean {
    return this.#lasting;
  }

  get isOnline(): boolean {
    return this.outbox.subscriber !== null;
  }

  get inFlight(): number {
    return this.outbox.window.size;
  }

  /** Waits for its turn to read, or for room. */
  get isBehind(): boolean {
    return this.#redelivery.any || this.#retained.any || this.#follower.isBehind;
  }

  /** Its client is gone, and nothing else needs it: what is kept of it is enough. */
  get mayBeForgotten(): boolean {
    return this.#lasting && !this.isOnline && !this.#changes.any && !this.#retained.any &&
      [...this.#subscriptions.values()].every(({ group }) => group === null);
  }

  get subscriptionsCount(): number {
    return this.#subscriptions.size;
  }

  subscriptions(): Iterable<HeldSubscription> {
    return [...this.#subscriptions.values()].filter(({ group }) => group === null);
  }

  /** Its own and the shared ones, as they were asked for. */
  granted(): SubscriptionOptions[] {
    return [...this.#subscriptions.values()].map(({ options }) => options);
  }

  subscription(filter: string): HeldSubscription | undefined {
    return this.#subscriptions.get(filter);
  }

  get hasRoom(): boolean {
    return this.isReady && this.outbox.hasRoom;
  }

  /** What it had in flight was sent again: something new may follow. */
  get isReady(): boolean {
    return !this.#redelivery.any;
  }

  // ── the client comes and goes ────────────────────────────────────────────────────────────────

  /** The client is there, and was told so: messages may be sent. */
  attach(subscriber: Subscriber, lasting: boolean): void {
    assert(!this.isOnline, "a queue has one connection at a time");
    this.#lasting = lasting;
    this.outbox.attach(subscriber);
    this.#redelivery.begin();
    for (const held of this.#subscriptions.values()) this.#services.enter(this, held);
    this.#follower.begin(this.#logs());
    // Nobody waits for what would come with QoS 0.
    if ([...this.subscriptions()].every(({ options }) => options.qos === 0)) {
      this.#follower.skipAll();
    }
    this.roomMade();
  }

  /** The connection is gone; another may have taken its place. */
  detach(subscriber: Subscriber): void {
    if (this.outbox.subscriber !== subscriber) return;
    this.#follower.end(this.#logs());
    this.outbox.detach();
    if (this.#lasting) this.#retained.beginAgain();
    else this.#retained.clear();
    this.#services.backlog.remove(this);
    for (const held of this.#subscriptions.values()) this.#services.leave(this, held);
    // Where nothing was delivered the cursors have moved all the same.
    if (this.#lasting) this.#services.saveSoon(this);
  }

  /**
   * The session ends: what was taken from a shared subscription goes to another client, but for
   * QoS 2, of which nobody knows whether this one had it [MQTT-4.8.2-5].
   */
  end(): void {
    const { subscriber, window } = this.outbox;
    this.#lasting = false;
    if (subscriber !== null) this.detach(subscriber);
    for (const state of window.all()) {
      if (state.group !== null && state.qos === 1) this.#services.giveBack(state);
    }
    window.clear();
    this.#retained.clear();
    for (const held of this.#subscriptions.values()) this.#services.release(held);
    this.#subscriptions.clear();
  }

  // ── subscriptions ────────────────────────────────────────────────────────────────────────────

  /** Takes the place of one with the same filter [MQTT-3.8.4-3]. Returns whether it is new. */
  subscribe(options: SubscriptionOptions): boolean {
    const previous = this.#subscriptions.get(options.filter);
    const held = new HeldSubscription(options, previous?.since ?? new Map());
    if (previous === undefined) {
      this.#services.hold(held);
      for (const log of held.group === null ? this.#services.logsOf(held) : []) {
        if (!this.#follower.has(log)) this.#follower.follow(log);
        // Where it stands at the end, nothing older comes anyway.
        const from = log.highWatermark;
        if (this.#follower.next(log) < from) held.since.set(log.handle, from);
      }
    } else {
      this.#services.leave(this, previous);
    }
    this.#subscriptions.set(options.filter, held);
    this.#follower.subscriptionsChanged();
    if (this.isOnline) this.#services.enter(this, held);
    this.#subscriptionChanged(options.filter, held);
    return previous === undefined;
  }

  /** Returns whether there was one. */
  unsubscribe(filter: string): boolean {
    const held = this.#subscriptions.get(filter);
    if (held === undefined) return false;
    this.#subscriptions.delete(filter);
    this.#retained.remove(held);
    this.#services.leave(this, held);
    this.#services.release(held);
    this.#follower.subscriptionsChanged();
    const wanted = new Set([...this.#logs()].map(({ handle }) => handle));
    for (const log of this.#services.logsOf(held)) {
      if (!wanted.has(log.handle)) this.#follower.unfollow(log);
    }
    this.#subscriptionChanged(filter, null);
    return true;
  }

  /** Sends these before whatever comes: the retained messages of a new subscription. */
  feed(messages: RetainedMessagesOf, held: HeldSubscription): void {
    this.#retained.add(messages, held);
    this.roomMade();
  }

  // ── delivery ─────────────────────────────────────────────────────────────────────────────────

  /** A fresh record; false where the queue fell behind with it. */
  take(record: FollowedRecord, matched: readonly HeldSubscription[]): boolean {
    return this.#follower.take(record, matched);
  }

  fallBehind(log: DeliveryLog, from: Offset): void {
    this.#follower.fallBehind(log, from, () => [...this.#logs()].includes(log));
    this.roomMade();
  }

  deliver(
    { log, offset, outgoing }: FollowedRecord,
    matched: readonly HeldSubscription[],
    old: boolean,
  ): boolean {
    if (this.#redelivery.any || this.#retained.any) return false;
    const covering = matched.filter((held) => held.covers(log.handle, offset));
    const how = this.optionsFor(outgoing.message, covering);
    if (how === null || (old && how.qos === 0)) return true;
    return this.send(outgoing, how, null);
  }

  /** A message that is in no log. It is gone where there is no room for it. */
  deliverNow(message: Message, matched: readonly HeldSubscription[]): void {
    const how = this.optionsFor(message, matched);
    if (how !== null) this.sendInline(message, { ...how, qos: 0 });
  }

  /** How the client gets a message that these subscriptions match; null: not at all. */
  optionsFor(message: Message, matched: readonly HeldSubscription[]): MatchedOptions | null {
    return matchedOptions(message, matched, this.#clientBytes);
  }

  send(outgoing: Outgoing, how: MatchedOptions, group: string | null): boolean {
    const { clock, counters } = this.#services;
    if (outgoing.isExpired(clock.wallMs())) {
      counters.expired.value += 1; // [MQTT-3.3.2-5]
      return true;
    }
    return this.outbox.send(outgoing, { ...how, group });
  }

  /** False where there is no room. */
  sendInline(message: Message, how: MatchedOptions): boolean {
    const { topicName, payload: value, timestamp, headers } = message;
    const record = { key: null, value, timestamp, headers };
    return this.send(new Outgoing(message, { topicName, record }), how, null);
  }

  /** The client took all it was sent. */
  drained(subscriber: Subscriber): void {
    if (this.outbox.subscriber !== subscriber) return;
    this.outbox.drained();
    this.roomMade();
  }

  roomMade(): void {
    if (this.isOnline && this.isBehind && this.outbox.isOpen) this.#services.backlog.add(this);
    for (const { group } of this.#subscriptions.values()) {
      if (group !== null) this.#services.wake(group);
    }
  }

  async step(): Promise<boolean> {
    if (!this.isOnline) return false;
    const source = [this.#redelivery, this.#retained].find(({ any }) => any) ?? this.#follower;
    const hasRoom = await source.step();
    return hasRoom && this.isOnline && this.isBehind;
  }

  missed(log: DeliveryLog, records: number): void {
    this.gapRecords += records;
    this.#services.gap(this.clientId, log, records);
  }

  // ── what is kept ─────────────────────────────────────────────────────────────────────────────

  changed(packetId: number, state: OutboundState | SentRun | null): void {
    if (!this.#lasting) return;
    this.#changes.outbound(packetId, state);
    this.#services.saveSoon(this);
  }

  /** Once in a while: nothing may have come for long, and yet its cursors moved. */
  saveIdle(): void {
    if (!this.#lasting || !this.isOnline) return;
    this.#follower.notice(this.#logs());
    const far = this.#changes.isFarBeyond(this.#follower.positions(), MQTT_IDLE_RECORDS);
    if (far) this.#services.saveSoon(this);
  }

  /** Writes all that changed; resolves once it is durable, and what was on its way before. */
  kept(): Promise<void> {
    if (!this.#lasting) return Promise.resolve();
    const change = this.#changes.take(this.#follower.positions());
    if (change === null) return this.#written;
    // Together with where its groups stand: what it has in flight of them is past that.
    this.#services.saveGroups();
    const written = Promise.all([this.#written, this.#write(change)]).then(() => {});
    this.#written = written;
    // What failed was put back, and counts as not written.
    written.catch(() => {
      if (this.#written === written) this.#written = Promise.resolve();
    });
    return written;
  }

  async #write(change: QueueChange): Promise<void> {
    try {
      await this.#services.book.writeQueue(this.clientId, change);
    } catch (error) {
      this.#changes.putBack(change);
      throw error;
    }
  }

  #subscriptionChanged(filter: string, held: HeldSubscription | null): void {
    if (!this.#lasting) return;
    this.#changes.subscription(filter, held === null ? null : this.#stateOf(held));
  }

  #stateOf({ options, since }: HeldSubscription): Subscription {
    const named = new Map<string, number>();
    for (const log of this.#services.logsOf(new HeldSubscription(options, since))) {
      const from = since.get(log.handle);
      if (from !== undefined) named.set(partitionKey(log), from);
    }
    return { ...options, since: named };
  }

  #restore({ subscriptions, cursors, outbound }: QueueState): void {
    for (const { since, ...options } of subscriptions) {
      const byHandle = new Map<number, number>();
      for (const [partition, from] of since) {
        const log = this.#services.logOf(partition);
        if (log !== undefined) byHandle.set(log.handle, from);
      }
      const held = new HeldSubscription(options, byHandle);
      this.#subscriptions.set(options.filter, held);
      this.#services.hold(held);
    }
    for (const [partition, next] of cursors) {
      const log = this.#services.logOf(partition);
      if (log !== undefined) this.#follower.follow(log, next);
    }
    for (const state of outbound) this.outbox.window.restore(state);
  }

  /** Every log that one of its own filters may match, once. */
  #logs(): Iterable<DeliveryLog> {
    const logs = new Map<number, DeliveryLog>();
    for (const held of this.subscriptions()) {
      for (const log of this.#services.logsOf(held)) logs.set(log.handle, log);
    }
    return logs.values();
  }
}
