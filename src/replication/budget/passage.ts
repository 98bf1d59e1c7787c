/**
 * One request on its way through the budget: waits for the cap, in pieces where its body is large,
 * and says at the end what it really took.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { GrantQueue } from "./grant_queue.ts";
import type { Hold } from "./quota.ts";
import { frameBytes } from "./wire_bytes.ts";

export interface PassageOptions {
  readonly clock: Clock;
  readonly queue: GrantQueue;
  readonly rank: number;
  /** Bytes of the next piece of the body; null: it goes whole, with its head. */
  readonly sliceBytes: (() => number) | null;
  /** What the quota promised; null where none is kept. */
  readonly hold: Hold | null;
  /** Called once, when it is over. */
  readonly ended: (passage: Passage, receivedBytes: number) => void;
}

export class Passage {
  readonly rank: number;
  readonly hold: Hold | null;
  /** Bytes let through so far. */
  sentBytes = 0;
  /** Whether all of it was let through, and only the answer is missing. */
  through = false;
  /** Milliseconds it was made to wait: no fault of the link. */
  waitedMs = 0;
  readonly #options: PassageOptions;
  #over = false;

  constructor(options: PassageOptions) {
    this.#options = options;
    this.rank = options.rank;
    this.hold = options.hold;
  }

  get paced(): boolean {
    return this.#options.sliceBytes !== null;
  }

  /** Resolves when so many bytes may go: the head, or all of it. */
  async pass(bytes: number): Promise<void> {
    const { clock, queue, rank } = this.#options;
    const startMs = clock.monotonicMs();
    const granted = await queue.acquire(rank, bytes, this);
    this.waitedMs += clock.monotonicMs() - startMs;
    if (granted) this.sentBytes += bytes;
  }

  /** Of what is left of a body: how many bytes may go next, once they may. */
  readonly pace = async (leftBytes: number): Promise<number> => {
    const bytes = Math.min(leftBytes, this.#options.sliceBytes?.() ?? leftBytes);
    await this.pass(bytes + frameBytes(bytes));
    if (bytes === leftBytes) this.through = true;
    return bytes;
  };

  /** The request is over. @param receivedBytes of its answer, head included */
  end(receivedBytes: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.queue.drop(this);
    this.#options.ended(this, receivedBytes);
  }

  /** It never left: nobody was there to take it. */
  unsent(): void {
    this.sentBytes = 0;
    this.end(0);
  }
}
