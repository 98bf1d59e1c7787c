/**
 * Where a queue stands in the logs it follows. For each partition there is a cursor, which is
 *
 *     live      all below the high watermark was looked at; fresh records are handed in as they come
 *     behind    the log is read from the cursor on, until it is live again
 *
 * A queue falls behind with the first record it has no room for, and it begins behind after its
 * client was away. Nothing but the cursor is kept of what it has not had.
 *
 * @module
 */
import { isOperatingError } from "../../../base/errors.ts";
import { MQTT_NAMES_KEPT_MAX, MQTT_NAMES_KEPT_MIN } from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import type { BatchCache, DeliveryLog, KeyedForm, PacketPage, Page } from "./batch_cache.ts";
import { Message } from "./message.ts";
import { NameMatches } from "./name_matches.ts";
import { Outgoing } from "./outgoing.ts";
import type { PlainSending } from "./plain_sending.ts";
import { type HeldSubscription, partitionKey } from "./subscription.ts";
import { SubscriptionTree } from "./subscription_tree.ts";
import { maySay, topicOfRecord } from "./topic_of_record.ts";

/** A record that some subscription matches. */
export interface FollowedRecord {
  readonly log: DeliveryLog;
  readonly offset: Offset;
  readonly outgoing: Outgoing;
}

export interface FollowerOwner {
  /** Its subscriptions as of now; read again after `subscriptionsChanged()`. */
  subscriptions(): Iterable<HeldSubscription>;
  readonly hasRoom: boolean;
  /** Where records may be sent without being looked at; null where they never are. */
  readonly plain: PlainSending | null;
  /**
   * False: there is no room, and it comes again. `old`: it was there before the client came back,
   * so that nobody waits for it at QoS 0.
   */
  deliver(
    record: FollowedRecord,
    matched: readonly HeldSubscription[],
    old: boolean,
  ): boolean;
  /** So many records were gone before it had them. */
  missed(log: DeliveryLog, records: number): void;
}

/** What all followers share. */
export interface FollowerServices {
  readonly cache: BatchCache;
  /** Every record below has been handed to those who are live. */
  position(log: DeliveryLog): Offset;
  /** Whether a route makes the topic name the key of that topic's records. */
  keyIsTopic(log: DeliveryLog): boolean;
  /** How many of them read now: they share what names may take in memory. */
  readonly readers: { count: number };
}

interface Cursor {
  readonly log: DeliveryLog;
  /** The next record to look at; while live, none below is looked at again. */
  next: Offset;
  live: boolean;
  /** Records below were there before the client came back. */
  oldBelow: Offset;
  /** Records below are looked at one by one: not all of them are plain. */
  lookBelow: Offset;
}

export class LogFollower {
  readonly #services: FollowerServices;
  readonly #owner: FollowerOwner;
  readonly #cursors = new Map<number, Cursor>();
  /** Made when something is read from the log, and dropped when all is live. */
  #matches: NameMatches<readonly HeldSubscription[]> | null = null;
  #behind = 0;
  /** Counts up when the client comes or goes: what was begun before is given up. */
  #era = 0;

  constructor(services: FollowerServices, owner: FollowerOwner) {
    this.#services = services;
    this.#owner = owner;
  }

  get isBehind(): boolean {
    return this.#behind > 0;
  }

  has(log: DeliveryLog): boolean {
    return this.#cursors.has(log.handle);
  }

  /** The next record to look at in a log it follows. */
  next(log: DeliveryLog): Offset {
    return this.#positionOf(this.#cursors.get(log.handle)!);
  }

  /** Follows a log from `next` on; where it is not said, from now on. */
  follow(log: DeliveryLog, next?: Offset): void {
    const live = next === undefined;
    this.#forget(log.handle);
    const cursor = newCursor(log, next ?? log.highWatermark, live);
    this.#cursors.set(log.handle, cursor);
    if (!live) this.#behind += 1;
  }

  /** Nothing is delivered from it any more. */
  unfollow(log: DeliveryLog): void {
    this.#forget(log.handle);
  }

  /** The client is there: whatever came meanwhile is read. A log not known yet began after it left. */
  begin(logs: Iterable<DeliveryLog>): void {
    this.#era += 1;
    for (const log of logs) if (!this.has(log)) this.follow(log, 0);
    for (const cursor of this.#cursors.values()) {
      cursor.oldBelow = cursor.log.highWatermark;
      this.#caughtUp(cursor);
    }
  }

  /** The client is gone: each cursor stays where it is. */
  end(logs: Iterable<DeliveryLog>): void {
    this.#era += 1;
    for (const log of logs) if (!this.has(log)) this.follow(log, this.#services.position(log));
    for (const cursor of this.#cursors.values()) this.#stop(cursor, this.#positionOf(cursor));
    this.#dropMatches();
  }

  /** Partitions made since the client came get a cursor, though nothing came from them yet. */
  notice(logs: Iterable<DeliveryLog>): void {
    for (const log of logs) {
      if (this.has(log)) continue;
      this.#cursors.set(log.handle, newCursor(log, this.#services.position(log), true));
    }
  }

  /** Passes over all there is: nothing of it is waited for. */
  skipAll(): void {
    for (const cursor of this.#cursors.values()) {
      cursor.next = Math.max(cursor.next, this.#services.position(cursor.log));
      this.#caughtUp(cursor);
    }
  }

  subscriptionsChanged(): void {
    this.#dropMatches();
    this.#owner.plain?.subscriptionsChanged();
  }

  /** The next record to look at, by partition. */
  positions(): Map<string, Offset> {
    const positions = new Map<string, Offset>();
    for (const cursor of this.#cursors.values()) {
      positions.set(partitionKey(cursor.log), this.#positionOf(cursor));
    }
    return positions;
  }

  /** A fresh record. False where the queue fell behind with it. */
  take(record: FollowedRecord, matched: readonly HeldSubscription[]): boolean {
    let cursor = this.#cursors.get(record.log.handle);
    if (cursor === undefined) {
      // A partition made since the client came: it is followed from its start.
      cursor = newCursor(record.log, 0, true);
      this.#cursors.set(record.log.handle, cursor);
    }
    if (!cursor.live || record.offset < cursor.next) return true;
    if (this.#owner.deliver(record, matched, false)) return true;
    this.#stop(cursor, record.offset);
    return false;
  }

  /** Fresh records are not handed in from there on. `follows` is asked of a log not known yet. */
  fallBehind(log: DeliveryLog, from: Offset, follows: () => boolean): void {
    const cursor = this.#cursors.get(log.handle);
    if (cursor === undefined) {
      if (follows()) this.follow(log, from);
    } else if (cursor.live) {
      this.#stop(cursor, Math.max(cursor.next, from));
    }
  }

  /** Reads on in one log that it is behind in. Returns whether there is more, and room for it. */
  async step(): Promise<boolean> {
    const cursor = this.#nextBehind();
    if (cursor === null) return false;
    const era = this.#era;
    const form = this.#formOf(cursor);
    const page = await this.#read(cursor, form);
    if (era !== this.#era || cursor.live || !this.#isCurrent(cursor)) return this.isBehind;
    if (page !== null) {
      // Subscriptions may have changed meanwhile.
      if (form !== null && form !== this.#formOf(cursor)) return true;
      const took = form !== null && "runs" in page
        ? this.#takePackets(cursor, page, form)
        : this.#takePage(cursor, page as Page);
      if (!took) return false;
    }
    this.#caughtUp(cursor);
    return this.isBehind;
  }

  /** How its next records are sent without being looked at; null where they cannot be. */
  #formOf(cursor: Cursor): KeyedForm | null {
    const { log, next, oldBelow, lookBelow } = cursor;
    if (next < lookBelow) return null;
    const keyIsTopic = this.#services.keyIsTopic(log);
    return this.#owner.plain?.form(log, next, { keyIsTopic, old: next < oldBelow }) ?? null;
  }

  /** One after the other, so that a busy log does not hide the others. */
  #nextBehind(): Cursor | null {
    for (const [handle, cursor] of this.#cursors) {
      if (cursor.live || this.#caughtUp(cursor)) continue;
      this.#cursors.delete(handle);
      this.#cursors.set(handle, cursor);
      return cursor;
    }
    return null;
  }

  /** Null where the cursor had to be moved. */
  async #read(cursor: Cursor, form: KeyedForm | null): Promise<Page | PacketPage | null> {
    const { log } = cursor;
    const { cache } = this.#services;
    try {
      const read = form === null
        ? cache.read(log, cursor.next)
        : cache.packets(log, cursor.next, form);
      return await read;
    } catch (error) {
      if (!isOperatingError(error, "offset_out_of_range")) throw error;
      // Retention was quicker, or the log is not the one that the cursor was made in.
      const from = cursor.next;
      const next = from < log.logStartOffset ? log.logStartOffset : log.highWatermark;
      cursor.next = next;
      if (next > from) this.#owner.missed(log, next - from);
      return null;
    }
  }

  /** Returns whether all of it was taken; the cursor stands where it was not. */
  #takePage(cursor: Cursor, page: Page): boolean {
    const matches = this.#matches ??= this.#makeMatches();
    const keyIsTopic = this.#services.keyIsTopic(cursor.log);
    for (const batch of page.batches) {
      if (batch.nextOffset <= cursor.next) continue;
      const first = Math.max(0, cursor.next - batch.baseOffset);
      for (let nth = first; nth < batch.count; nth++) {
        const name = topicOfRecord(batch, nth, keyIsTopic);
        if (name === null) continue;
        const matched = matches.of(name);
        if (matched.length === 0) continue;
        const record = recordOf(cursor.log, batch, { nth, name, shared: false });
        if (this.#owner.deliver(record, matched, record.offset < cursor.oldBelow)) continue;
        cursor.next = record.offset;
        return false;
      }
    }
    cursor.next = Math.max(cursor.next, page.nextOffset);
    return true;
  }

  /** The same of packets. */
  #takePackets(cursor: Cursor, page: PacketPage, form: KeyedForm): boolean {
    const plain = this.#owner.plain!;
    if (page.isGone) return true;
    const isTaken = plain.takes(page);
    if (isTaken) {
      const upTo = cursor.next < cursor.oldBelow ? cursor.oldBelow : Infinity;
      const sent = plain.send(cursor.log, page, { from: cursor.next, upTo });
      cursor.next = sent;
      if (page.isAll && 2 * sent > page.from + page.nextOffset) {
        this.#services.cache.prepare(cursor.log, page.nextOffset, form);
      }
      if (sent < Math.min(page.nextOffset, upTo)) return false;
    }
    if (!isTaken || (!page.isAll && cursor.next >= page.nextOffset)) cursor.lookBelow = page.end;
    return true;
  }

  #makeMatches(): NameMatches<readonly HeldSubscription[]> {
    const { readers } = this.#services;
    readers.count += 1;
    const tree = new SubscriptionTree<HeldSubscription>();
    for (const held of this.#owner.subscriptions()) tree.add(held.topicFilter, held);
    return new NameMatches<readonly HeldSubscription[]>({
      find: (topicName, bytes) => maySay(bytes) ? tree.match(topicName) : [],
      version: () => 0,
      weight: ({ length }) => length,
      namesMax: () => Math.max(MQTT_NAMES_KEPT_MIN, MQTT_NAMES_KEPT_MAX / readers.count),
    });
  }

  #dropMatches(): void {
    if (this.#matches !== null) this.#services.readers.count -= 1;
    this.#matches = null;
  }

  /** Makes it live where it has seen everything; returns whether it is. */
  #caughtUp(cursor: Cursor): boolean {
    if (cursor.live) return true;
    if (cursor.next < this.#services.position(cursor.log)) return false;
    cursor.live = true;
    this.#behind -= 1;
    if (this.#behind === 0) this.#dropMatches();
    return true;
  }

  #stop(cursor: Cursor, next: Offset): void {
    cursor.next = next;
    if (!cursor.live) return;
    cursor.live = false;
    this.#behind += 1;
  }

  #forget(handle: number): void {
    const cursor = this.#cursors.get(handle);
    if (cursor === undefined) return;
    this.#cursors.delete(handle);
    if (!cursor.live) this.#behind -= 1;
  }

  #isCurrent(cursor: Cursor): boolean {
    return this.#cursors.get(cursor.log.handle) === cursor;
  }

  #positionOf({ log, live, next }: Cursor): Offset {
    return live ? Math.max(next, this.#services.position(log)) : next;
  }
}

function newCursor(log: DeliveryLog, next: Offset, live: boolean): Cursor {
  return { log, next, live, oldBelow: 0, lookBelow: 0 };
}

/** The nth record of a batch, whose topic name is known. */
export function recordOf(
  log: DeliveryLog,
  batch: ScannedBatch,
  { nth, name, shared = true }: {
    readonly nth: number;
    readonly name: Uint8Array;
    /** False where one subscriber is handed it, and no other. */
    readonly shared?: boolean;
  },
): FollowedRecord {
  const offset = batch.baseOffset + nth;
  const message = new Message(name, batch.record(nth));
  const source = { partition: partitionKey(log), offset };
  return { log, offset, outgoing: new Outgoing(message, source, { shared }) };
}

/** One record that was a message; null where it is gone. */
export async function readRecord(
  services: FollowerServices,
  log: DeliveryLog,
  offset: Offset,
): Promise<FollowedRecord | null> {
  if (offset < log.logStartOffset) return null;
  const { batches } = await services.cache.read(log, offset);
  const batch = batches.find(({ nextOffset }) => offset < nextOffset);
  const nth = batch === undefined ? -1 : offset - batch.baseOffset;
  if (batch === undefined || nth < 0 || nth >= batch.count) return null;
  const name = topicOfRecord(batch, nth, services.keyIsTopic(log));
  return name === null ? null : recordOf(log, batch, { nth, name });
}
