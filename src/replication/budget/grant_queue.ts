/**
 * Pieces of requests that wait for the cap to let them through: the best class first, with a floor
 * for each, first come first served within one. Without a cap nothing waits.
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { ClassShare } from "./class_share.ts";
import { TokenBucket } from "./token_bucket.ts";

interface Waiting {
  readonly rank: number;
  readonly bytes: number;
  readonly owner: object;
  readonly resolve: (granted: boolean) => void;
}

export interface GrantQueueOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly bytesPerSecond: number;
  readonly share?: ClassShare;
  /** Ranks that have data though no piece of theirs waits right now. */
  readonly wanting?: () => Iterable<number>;
}

export class GrantQueue {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #bucket: TokenBucket;
  readonly #share: ClassShare;
  readonly #wanting: () => Iterable<number>;
  readonly #waiting = new Set<Waiting>();
  #cancel: (() => void) | null = null;

  constructor({ clock, timers, bytesPerSecond, share, wanting }: GrantQueueOptions) {
    this.#clock = clock;
    this.#timers = timers;
    this.#bucket = new TokenBucket(bytesPerSecond, clock.monotonicMs());
    this.#share = share ?? new ClassShare();
    this.#wanting = wanting ?? (() => []);
  }

  /** Infinity where there is no cap. */
  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond;
  }

  /** Bytes that can pass at once after a rest. */
  get burstBytes(): number {
    return this.#bucket.capacity;
  }

  /** Pieces that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Milliseconds until so many bytes could go if nobody else wanted to. */
  waitMs(bytes: number): number {
    return this.#bucket.waitMs(bytes, this.#clock.monotonicMs());
  }

  setRate(bytesPerSecond: number): void {
    this.#bucket.setRate(bytesPerSecond, this.#clock.monotonicMs());
    this.#pump();
  }

  /**
   * Resolves when so many bytes of that class may go: true, or false when they were dropped.
   *
   * @param owner names the request, so that what it waits for can be dropped when it ends
   */
  acquire(rank: number, bytes: number, owner: object): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.add({ rank, bytes, owner, resolve });
      this.#pump();
    });
  }

  /** The request is over: what it still waits for is not wanted any more. */
  drop(owner: object): void {
    let dropped = false;
    for (const waiting of this.#waiting) {
      if (waiting.owner !== owner) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(false);
      dropped = true;
    }
    if (dropped) this.#pump();
  }

  /** Lets through what may go now, and comes back when the next may. */
  #pump(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (;;) {
      const next = this.#share.next(this.#waiting);
      if (next === null) return;
      const waitMs = this.waitMs(next.bytes);
      if (waitMs > 0) {
        this.#cancel = this.#timers.after(Math.ceil(waitMs), () => {
          this.#cancel = null;
          this.#pump();
        });
        return;
      }
      this.#waiting.delete(next);
      this.#bucket.take(next.bytes, this.#clock.monotonicMs());
      const others = [...this.#wanting(), ...[...this.#waiting].map(({ rank }) => rank)];
      this.#share.sent(next.rank, next.bytes, others);
      next.resolve(true);
    }
  }
}
