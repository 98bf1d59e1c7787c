/**
 * Whether a request is worth compressing once more, as a whole: where the bytes it saves take longer
 * on the link than making them, or count against a quota. Batches are compressed one by one already;
 * what is left to gain is what they have in common.
 *
 * It goes by what was seen: how fast the link delivers, how much was saved, how long it took. A link
 * that answers within {@linkcode QUICK_MS} is fast, whatever it carried.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** zstd, off the event loop. */
export type Compress = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

export interface WrapNeeds {
  /** The cap; Infinity without one. */
  readonly bytesPerSecond: number;
  /** Whether bytes count against a quota. */
  readonly quota: boolean;
}

/** Below it the frame and its tables eat what is saved. */
const BODY_BYTES_MIN = 512;
const QUICK_MS = 50;
const SAMPLES_KEPT = 8;
/** What it must save to be worth the other side's work. */
const SAVED_PART_MIN = 0.03;
/** Time on the link saved for each of time spent. */
const GAIN_MIN = 2;
/** When it does not pay, it is tried again after so long: other records may be coming. */
const TRY_AGAIN_MS = 30_000;
const MEMORY = 0.8;

export class ZstdWrap {
  readonly #clock: Clock;
  readonly #compress: Compress;
  /** Bytes a second that requests were delivered at, the last of them; Infinity: quickly. */
  readonly #rates: number[] = [];
  /** Part saved, milliseconds per byte: smoothed; a guess before the first. */
  #savedPart = 0.2;
  #msPerByte = 1e-5;
  #triedMs = -Infinity;

  constructor(clock: Clock, compress: Compress) {
    this.#clock = clock;
    this.#compress = compress;
  }

  /** A request that nothing held back was answered. */
  delivered(bytes: number, tookMs: number): void {
    this.#rates.push(tookMs < QUICK_MS ? Infinity : bytes * 1_000 / tookMs);
    if (this.#rates.length > SAMPLES_KEPT) this.#rates.shift();
  }

  /** The body as one zstd frame; null where it goes as it is. */
  async wrap(
    body: Uint8Array<ArrayBuffer>,
    needs: WrapNeeds,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    if (body.length < BODY_BYTES_MIN || !this.#pays(needs)) return null;
    const startMs = this.#clock.monotonicMs();
    const wrapped = await this.#compress(body);
    const tookMs = this.#clock.monotonicMs() - startMs;
    this.#learn(1 - wrapped.length / body.length, tookMs / body.length);
    if (wrapped.length > body.length * (1 - SAVED_PART_MIN)) return null;
    return wrapped;
  }

  #pays({ bytesPerSecond, quota }: WrapNeeds): boolean {
    const seen = this.#rates.length === 0 ? Infinity : Math.max(...this.#rates);
    const rate = Math.min(bytesPerSecond, seen);
    // Another look at whether it saves something, now and then.
    const again = this.#clock.monotonicMs() - this.#triedMs >= TRY_AGAIN_MS;
    const savedPart = again ? Math.max(this.#savedPart, 2 * SAVED_PART_MIN) : this.#savedPart;
    if (savedPart < SAVED_PART_MIN) return false;
    return quota || savedPart * 1_000 / rate > GAIN_MIN * this.#msPerByte;
  }

  #learn(savedPart: number, msPerByte: number): void {
    const first = this.#triedMs === -Infinity;
    const mixed = (old: number, now: number) => first ? now : MEMORY * old + (1 - MEMORY) * now;
    this.#savedPart = mixed(this.#savedPart, savedPart);
    this.#msPerByte = mixed(this.#msPerByte, msPerByte);
    this.#triedMs = this.#clock.monotonicMs();
  }
}
