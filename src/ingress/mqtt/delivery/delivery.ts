/**
 * Delivery: from records in the logs to subscribers. This file holds the parts together; each says
 * what it does.
 *
 *     fresh_records.ts    a commit -> who is live, by subscription_tree.ts
 *     session_queue.ts    one session; share_group.ts  one shared subscription
 *     log_follower.ts     where a queue stands in the logs; backlog.ts  whose turn it is to read
 *     outbox.ts           what is in flight to a client, and how it leaves
 *
 * @module
 */
import { BufferPool } from "../../../base/buffer_pool.ts";
import type { Clock } from "../../../base/clock.ts";
import { isOperatingError } from "../../../base/errors.ts";
import {
  MQTT_BEHIND_RETRY_MS,
  MQTT_IDLE_SWEEPS,
  MQTT_OUT_PENDING_BYTES_MAX,
  MQTT_QUEUE_SAVE_MS,
} from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import { parsePartitionDirectory } from "../../../format/partition_directory.ts";
import { AwaySubscriptions } from "./away_subscriptions.ts";
import { Backlog } from "./backlog.ts";
import { BatchCache, type DeliveryLog } from "./batch_cache.ts";
import { DeliveryCounters } from "./delivery_counters.ts";
import type { DeliveryOptions, OpenQueueOptions } from "./delivery_options.ts";
import { FreshRecords } from "./fresh_records.ts";
import { type FollowedRecord, readRecord } from "./log_follower.ts";
import type { Message } from "./message.ts";
import type { GroupState, OutboundState, QueueBook } from "./queue_book.ts";
import { type QueueServices, SessionQueue } from "./session_queue.ts";
import { type GroupServices, ShareGroup } from "./share_group.ts";
import { type HeldSubscription, sharedFilterOf, type SubscriptionOptions } from "./subscription.ts";
import { TopicInterest } from "./topic_interest.ts";

interface HeldGroup {
  readonly group: ShareGroup;
  /** Sessions that are its members, their clients there or not. */
  sessions: number;
}

export class Delivery implements QueueServices, GroupServices {
  readonly cache: BatchCache;
  readonly backlog: Backlog;
  readonly counters: DeliveryCounters;
  readonly clock: Clock;
  readonly book: QueueBook;
  readonly flushSoon: DeliveryOptions["flushSoon"];
  readonly pending = { bytes: 0 };
  readonly buffers = new BufferPool({ keptMax: 16, bytesMin: MQTT_OUT_PENDING_BYTES_MAX / 2 });
  readonly readers = { count: 0 };
  readonly #options: DeliveryOptions;
  readonly #interest: TopicInterest;
  readonly #fresh: FreshRecords;
  readonly #queues = new Map<string, SessionQueue>();
  /** Clients whose queues ended, and are still kept. */
  readonly #ended = new Set<string>();
  readonly #groups = new Map<string, HeldGroup>();
  /** Of groups that a session is about to bring along. */
  readonly #savedGroups = new Map<string, GroupState>();
  #subscriptions = 0;
  readonly #awaySubscriptions: AwaySubscriptions;
  readonly #unsaved = new Set<SessionQueue>();
  readonly #unsavedGroups = new Set<ShareGroup>();
  /** Those that were away, and all written down, at the last sweep. */
  readonly #away = new WeakSet<SessionQueue>();
  #cancelSave: (() => void) | null = null;
  #saving = false;
  #saveFailed = false;
  /** Whose cursors are looked at next, though nothing comes for them. */
  #idle: Iterator<SessionQueue> = [].values();
  #stopped = false;

  constructor(options: DeliveryOptions) {
    const { book, clock, flushSoon, freshBytesMax, inflate, log, metrics, routes, store, timers } =
      options;
    this.#options = options;
    this.#awaySubscriptions = new AwaySubscriptions(options.kept);
    this.book = book;
    this.clock = clock;
    this.flushSoon = flushSoon;
    this.counters = new DeliveryCounters(metrics);
    this.cache = new BatchCache(store.core, inflate);
    this.#interest = new TopicInterest(routes.all, () => store.topics());
    this.backlog = new Backlog({
      timers,
      failed: (error) => log.warn("mqtt_delivery_failed", { error: error.message }),
    });
    this.#fresh = new FreshRecords({
      ...{ core: store.core, commits: store.commits, timers, cache: this.cache },
      bytesMax: freshBytesMax,
      logsOf: (held) => this.logsOf(held),
      keyIsTopic: (at) => this.keyIsTopic(at),
    });
    metrics.gauge(
      "logboom_mqtt_subscriptions",
      "Subscriptions of sessions this run knows.",
      () => this.#subscriptions,
    );
  }

  // ── sessions ─────────────────────────────────────────────────────────────────────────────────

  /** Whether `prepare()` has to be called before a session subscribes to it. */
  mustPrepare({ filter }: Pick<SubscriptionOptions, "filter">): boolean {
    return sharedFilterOf(filter) !== null && !this.#groups.has(filter);
  }

  /**
   * Before a kept queue is opened, and before a client subscribes: reads where the shared
   * subscriptions stand that this run does not know yet. Others of their members may be away.
   */
  async prepare(subscriptions: readonly Pick<SubscriptionOptions, "filter">[]): Promise<void> {
    for (const { filter } of subscriptions.filter((one) => this.mustPrepare(one))) {
      const state = await this.book.group(filter);
      if (state === null) this.#savedGroups.delete(filter);
      else this.#savedGroups.set(filter, state);
    }
  }

  /** The queue of a session that was opened; `attach()` it once CONNACK is written. */
  open(clientId: string, options: OpenQueueOptions): SessionQueue {
    if (options.saved === null) this.end(clientId);
    this.#ended.delete(clientId);
    // This run knows it better: some of it is written a little later.
    const known = this.#queues.get(clientId);
    if (known !== undefined) {
      this.#away.delete(known);
      return known;
    }
    this.#awaySubscriptions.remove(clientId);
    const queue = new SessionQueue(clientId, this, options);
    this.#queues.set(clientId, queue);
    return queue;
  }

  /** What this run knows of a session. */
  queue(clientId: string): SessionQueue | undefined {
    return this.#queues.get(clientId);
  }

  /** The session ends. */
  end(clientId: string): void {
    this.#awaySubscriptions.remove(clientId);
    const queue = this.#queues.get(clientId);
    if (queue === undefined) return;
    this.#queues.delete(clientId);
    this.#unsaved.delete(queue);
    if (queue.lasting) this.#ended.add(clientId);
    queue.end();
  }

  /**
   * Before what is kept of a session that ended is dropped: where this run did not know its queue,
   * it ends only now, since it may have messages of shared subscriptions in flight.
   */
  async giveUp(clientId: string): Promise<void> {
    if (this.#ended.delete(clientId) || this.#queues.has(clientId)) return;
    const saved = await this.book.queue(clientId);
    if (saved === null || saved.outbound.every(({ group }) => group === null)) return;
    await this.prepare(saved.subscriptions);
    this.open(clientId, { saved, lasting: true });
    this.end(clientId);
    this.#ended.delete(clientId);
  }

  /**
   * Once in a while: forgets the queues of clients that have been away for a while, all of which is
   * kept; an offline session costs no memory then. Those of shared subscriptions count as members.
   */
  sweep(): void {
    for (const [clientId, queue] of this.#queues) {
      if (!queue.mayBeForgotten || this.#unsaved.has(queue)) this.#away.delete(queue);
      else if (!this.#away.has(queue)) this.#away.add(queue);
      else {
        this.#queues.delete(clientId);
        this.#away.delete(queue);
        this.#subscriptions -= queue.subscriptionsCount;
        this.#awaySubscriptions.add(clientId, queue.subscriptionsCount);
      }
    }
    this.#saveIdle();
  }

  /** A few of them at each sweep, so that the disk is not asked for all at once. */
  #saveIdle(): void {
    for (let left = Math.ceil(this.#queues.size / MQTT_IDLE_SWEEPS); left > 0; left--) {
      const { done, value } = this.#idle.next();
      if (!done) {
        value.saveIdle();
        continue;
      }
      this.#idle = this.#queues.values();
      for (const { group } of this.#groups.values()) group.saveIdle();
    }
  }

  /** Writes what is not written yet, and sends nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#fresh.stop();
    await this.#save();
  }

  /** Of all sessions whose queues are in memory, their clients there or not. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** Of those that are only kept, too. */
  get allSubscriptions(): number {
    return this.#subscriptions + this.#awaySubscriptions.total;
  }

  // ── publishing ───────────────────────────────────────────────────────────────────────────────

  /** Whether somebody waits for records of that topic name. */
  isWanted(topicName: Uint8Array): boolean {
    return this.#fresh.isWanted(topicName);
  }

  /** Sends a message that is in no log to who subscribes to its topic name now, with QoS 0. */
  publish(message: Message): void {
    for (const { target, matched } of this.#fresh.matchesOf(message.topicName)) {
      if (target instanceof SessionQueue) target.deliverNow(message, matched);
    }
  }

  // ── what queues and groups need ──────────────────────────────────────────────────────────────

  position(log: DeliveryLog): Offset {
    return this.#fresh.position(log);
  }

  keyIsTopic(log: DeliveryLog): boolean {
    return this.#interest.keyIsTopic(log);
  }

  logsOf({ topicFilter }: HeldSubscription): Iterable<DeliveryLog> {
    return this.#interest.logsOf(topicFilter);
  }

  logOf(partition: string): DeliveryLog | undefined {
    const place = parsePartitionDirectory(partition);
    return place === null
      ? undefined
      : this.#options.store.topic(place.topic)?.partitions[place.partition];
  }

  enter(queue: SessionQueue, held: HeldSubscription): void {
    if (held.group === null) return this.#fresh.add(queue, held);
    const { group } = this.#groups.get(held.group)!;
    if (!group.isOnline) this.#fresh.add(group, group.held);
    group.enter(queue, held);
  }

  leave(queue: SessionQueue, held: HeldSubscription): void {
    if (held.group === null) return this.#fresh.remove(held);
    const group = this.#groups.get(held.group)?.group;
    if (group === undefined) return;
    group.leave(queue);
    if (!group.isOnline) this.#fresh.remove(group.held);
  }

  hold({ group: name }: HeldSubscription): void {
    this.#subscriptions += 1;
    if (name === null) return;
    const saved = this.#savedGroups.get(name) ?? null;
    this.#savedGroups.delete(name);
    const held = this.#groups.get(name);
    if (held !== undefined) held.sessions += 1;
    else this.#groups.set(name, { group: new ShareGroup(name, this, saved), sessions: 1 });
  }

  release({ group: name }: HeldSubscription): void {
    this.#subscriptions -= 1;
    const held = name === null ? undefined : this.#groups.get(name);
    if (held === undefined || --held.sessions > 0) return;
    const { group } = held;
    this.#groups.delete(name!);
    this.#savedGroups.delete(name!);
    this.backlog.remove(group);
    // Members that this run has not seen yet go on where it stood.
    const kept = this.#unsavedGroups.delete(group) ? [this.book.writeGroup(group.state())] : [];
    Promise.all([...kept, this.book.dropGroup(group.name)])
      .catch((error) => this.#notKept(error, () => {}));
  }

  wake(name: string): void {
    const group = this.#groups.get(name)?.group;
    if (group?.isOnline && group.isBehind) this.backlog.add(group);
  }

  giveBack({ group, source }: OutboundState): void {
    if (group !== null && "partition" in source) this.#groups.get(group)?.group.giveBack(source);
  }

  async readReturned(partition: string, offset: Offset): Promise<FollowedRecord | null> {
    const log = this.logOf(partition);
    return log === undefined ? null : await readRecord(this, log, offset);
  }

  gap(owner: string, { topic, index }: DeliveryLog, records: number): void {
    this.counters.gapRecords.value += records;
    this.#options.log.warn("mqtt_gap", { owner, topic, partition: index, records });
  }

  // ── what is kept ─────────────────────────────────────────────────────────────────────────────

  saveSoon(queue: SessionQueue): void {
    this.#unsaved.add(queue);
    this.#saveLater();
  }

  saveGroupSoon(group: ShareGroup): void {
    this.#unsavedGroups.add(group);
    this.#saveLater();
  }

  async saveGroups(): Promise<void> {
    if (this.#unsavedGroups.size === 0) return;
    const groups = [...this.#unsavedGroups].filter(({ name }) => this.#groups.has(name));
    this.#unsavedGroups.clear();
    // In one turn, and so in one transaction, with what every member has in flight: a group that
    // stood past a record of which no member knows would have lost it.
    const queues = this.#takeUnsaved();
    await Promise.all([
      ...groups.map((group) =>
        this.book.writeGroup(group.state())
          .catch((error) => this.#notKept(error, () => this.#unsavedGroups.add(group)))
      ),
      ...queues.map((queue) => this.#keep(queue)),
    ]);
  }

  /** One save at a time: where the disk is slow, more changes gather for the next. */
  #saveLater(): void {
    if (this.#saving || this.#stopped) return;
    const delayMs = this.#saveFailed ? MQTT_BEHIND_RETRY_MS : MQTT_QUEUE_SAVE_MS;
    this.#cancelSave ??= this.#options.timers.after(delayMs, () => void this.#save());
  }

  async #save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = null;
    this.#saving = true;
    this.#saveFailed = false;
    await Promise.all([
      this.saveGroups(),
      ...this.#takeUnsaved().map((queue) => this.#keep(queue)),
    ]);
    this.#saving = false;
    if (this.#unsaved.size > 0 || this.#unsavedGroups.size > 0) this.#saveLater();
  }

  #takeUnsaved(): SessionQueue[] {
    const queues = [...this.#unsaved];
    this.#unsaved.clear();
    return queues;
  }

  #keep(queue: SessionQueue): Promise<void> {
    return queue.kept().catch((error) => this.#notKept(error, () => this.#unsaved.add(queue)));
  }

  /** A crash now would bring messages again; it is tried again in a while. */
  #notKept(error: unknown, again: () => void): void {
    if (!isOperatingError(error)) throw error;
    this.#options.log.warn("mqtt_queue_not_kept", { error: error.message });
    if (this.#stopped) return;
    again();
    this.#saveFailed = true;
    this.#saveLater();
  }
}
