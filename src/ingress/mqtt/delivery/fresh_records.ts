/**
 * Records as they are committed, on their way to those who are live. A batch is looked at once for
 * all of them, from memory, after the commit has released those who wait for it; and only where one
 * of its records may be wanted. Nothing is seen here that is not durable. What waits to be handed out
 * is bounded: where more is committed than that, those who are live fall behind, and read the log.
 *
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import type { Timers } from "../../../base/clock.ts";
import { MQTT_HAND_OUTS_PER_TURN_MAX } from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { Core } from "../../../core/core.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import type { CommitObserver } from "../../../store/commit_loop.ts";
import type { SealedBatch } from "../../../store/commit.ts";
import type { BatchCache, DeliveryLog } from "./batch_cache.ts";
import { type FollowedRecord, recordOf } from "./log_follower.ts";
import { NameMatches } from "./name_matches.ts";
import type { HeldSubscription } from "./subscription.ts";
import { SubscriptionTree } from "./subscription_tree.ts";
import { maySay, topicOfRecord } from "./topic_of_record.ts";

/** Whoever is handed the records that its subscriptions match. */
export interface Target {
  /** False where it had no room, and reads on from the log. */
  take(record: FollowedRecord, matched: readonly HeldSubscription[]): boolean;
  /** Nothing from there on is handed in: it is read from the log. */
  fallBehind(log: DeliveryLog, from: Offset): void;
}

interface Leaf {
  readonly target: Target;
  readonly held: HeldSubscription;
}

/** All that one target has to do with one topic name. */
export interface TargetMatch<Of = Target> {
  readonly target: Of;
  readonly matched: readonly HeldSubscription[];
}

interface PendingBatch {
  readonly baseOffset: Offset;
  /** Null where nobody wanted it when it was committed. */
  readonly bytes: Uint8Array | null;
}

interface Pending {
  readonly log: DeliveryLog;
  readonly batches: PendingBatch[];
  /** The one that is being looked at, as far as it was decoded, and its record that is next. */
  at: number;
  scanned: ScannedBatch | null;
  nth: number;
  /** Somebody had no room for one of its records. */
  full: boolean;
}

export interface FreshRecordsOptions {
  readonly core: Pick<Core, "routes" | "openRecords">;
  readonly commits: { observe(observer: CommitObserver): () => void };
  readonly timers: Timers;
  readonly cache: BatchCache;
  /** Of batches that wait to be handed out. */
  readonly bytesMax: number;
  logsOf(held: HeldSubscription): Iterable<DeliveryLog>;
  keyIsTopic(log: DeliveryLog): boolean;
}

export class FreshRecords {
  readonly #options: FreshRecordsOptions;
  readonly #tree = new SubscriptionTree<Leaf>();
  readonly #leaves = new Map<HeldSubscription, Leaf>();
  readonly #matches: NameMatches<readonly TargetMatch[]>;
  readonly #pending = new Map<number, Pending>();
  /** Below these offsets a batch may hold what became wanted after it was appended. */
  readonly #wantedBelow = new Map<number, Offset>();
  readonly #stopObserving: () => void;
  /** Of the batches that wait. */
  #bytes = 0;
  #scheduled = false;

  constructor(options: FreshRecordsOptions) {
    this.#options = options;
    this.#matches = new NameMatches({
      find: (topicName, bytes) => this.#find(topicName, bytes),
      version: () => this.#tree.version,
      weight: ({ length }) => length,
    });
    this.#stopObserving = options.commits.observe((log, batches) => this.#committed(log, batches));
  }

  /** Subscriptions whose clients are there. */
  get size(): number {
    return this.#tree.size;
  }

  stop(): void {
    this.#stopObserving();
  }

  /** Records that the subscription matches go to `target` from now on. */
  add(target: Target, held: HeldSubscription): void {
    const { core, logsOf } = this.#options;
    const leaf = { target, held };
    this.#leaves.set(held, leaf);
    this.#tree.add(held.topicFilter, leaf);
    core.routes.want(utf8(held.topicFilter));
    for (const { handle, logEndOffset, highWatermark } of logsOf(held)) {
      // What is on its way to the disk was not marked: nobody was there.
      const end = logEndOffset + core.openRecords(handle);
      if (end > highWatermark) this.#wantedBelow.set(handle, end);
    }
  }

  remove(held: HeldSubscription): void {
    const leaf = this.#leaves.get(held);
    if (leaf === undefined) return;
    this.#leaves.delete(held);
    this.#tree.remove(held.topicFilter, leaf);
  }

  /** Every record below was handed to those who are live. */
  position(log: DeliveryLog): Offset {
    const pending = this.#pending.get(log.handle);
    const batch = pending?.batches[pending.at];
    return batch === undefined ? log.highWatermark : batch.baseOffset + pending!.nth;
  }

  /** Whether somebody waits for records of that topic name. */
  isWanted(topicName: Uint8Array): boolean {
    return this.#tree.size > 0 && this.#matches.of(topicName).length > 0;
  }

  /** Who has subscribed to that topic name. */
  matchesOf(topicName: Uint8Array): readonly TargetMatch[] {
    return this.#matches.of(topicName);
  }

  #committed(log: DeliveryLog, batches: readonly SealedBatch[]): void {
    if (this.#tree.size === 0 && !this.#pending.has(log.handle)) return;
    let pending = this.#pending.get(log.handle);
    if (pending === undefined) {
      if (!batches.some((batch) => this.#mayBeWanted(log, batch))) return;
      pending = { log, batches: [], at: 0, scanned: null, nth: 0, full: false };
      this.#pending.set(log.handle, pending);
    }
    for (const batch of batches) {
      // The memory of a batch that another node sent is used again once it is committed.
      const bytes = this.#mayBeWanted(log, batch) ? batch.bytes.slice() : null;
      pending.batches.push({ baseOffset: batch.baseOffset, bytes });
      this.#bytes += bytes?.length ?? 0;
    }
    if (this.#bytes > this.#options.bytesMax) this.#giveUp(pending);
    this.#handOutSoon();
  }

  /** Leaves what waits of a log to be read from there. */
  #giveUp({ log, batches, at }: Pending): void {
    const from = this.position(log);
    for (const { bytes } of batches.slice(at)) this.#bytes -= bytes?.length ?? 0;
    this.#pending.delete(log.handle);
    const targets = new Set([...this.#leaves.values()].map(({ target }) => target));
    for (const target of targets) target.fallBehind(log, from);
  }

  #handOutSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.timers.soon(() => this.#handOut());
  }

  #mayBeWanted({ handle }: DeliveryLog, { baseOffset, wanted }: SealedBatch): boolean {
    if (wanted) return true;
    const below = this.#wantedBelow.get(handle);
    if (below === undefined) return false;
    if (baseOffset < below) return true;
    this.#wantedBelow.delete(handle);
    return false;
  }

  #handOut(): void {
    this.#scheduled = false;
    let left = MQTT_HAND_OUTS_PER_TURN_MAX;
    for (const [handle, pending] of this.#pending) {
      while (pending.at < pending.batches.length) {
        left = this.#handOutBatch(pending, left);
        // One that is much wanted goes on where it was, after those who wait meanwhile.
        if (left <= 0) return this.#handOutSoon();
        this.#bytes -= pending.batches[pending.at]!.bytes?.length ?? 0;
        pending.at += 1;
        pending.nth = 0;
        pending.scanned = null;
        pending.full = false;
      }
      this.#pending.delete(handle);
    }
  }

  /** Hands out about as many as are left in this turn. Returns how many that leaves. */
  #handOutBatch(pending: Pending, turn: number): number {
    const { log } = pending;
    const { bytes } = pending.batches[pending.at]!;
    if (this.#tree.size === 0 || bytes === null) return turn;
    const scanned = pending.scanned ??= this.#options.cache.scan(bytes);
    if (scanned === null) return turn;
    const keyIsTopic = this.#options.keyIsTopic(log);
    let left = turn;
    while (pending.nth < scanned.count && left > 0) {
      const nth = pending.nth++;
      const name = topicOfRecord(scanned, nth, keyIsTopic);
      if (name === null) continue;
      const matches = this.#matches.of(name);
      if (matches.length === 0) continue;
      const record = recordOf(log, scanned, { nth, name });
      for (const { target, matched } of matches) {
        if (!target.take(record, matched)) pending.full = true;
      }
      left -= matches.length;
    }
    if (pending.full) this.#options.cache.keep(log, scanned);
    return pending.nth < scanned.count ? 0 : Math.max(left, 1);
  }

  #find(topicName: string, bytes: Uint8Array): readonly TargetMatch[] {
    const byTarget = new Map<Target, HeldSubscription[]>();
    const found = maySay(bytes) ? this.#tree.match(topicName) : [];
    for (const { target, held } of found) {
      const matched = byTarget.get(target);
      if (matched === undefined) byTarget.set(target, [held]);
      else matched.push(held);
    }
    // A mark that was set for a subscription that is no more.
    if (byTarget.size === 0) this.#options.core.routes.unwant(bytes);
    return [...byTarget].map(([target, matched]) => ({ target, matched }));
  }
}
