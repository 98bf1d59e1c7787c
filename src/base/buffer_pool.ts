/**
 * Large buffers, used again. A fresh megabyte for each request would have the garbage collector run
 * through everything fifty times for a gigabyte.
 *
 * @module
 */

export interface BufferPoolOptions {
  /** So many are kept at most: more are under way at a time only now and then. */
  readonly keptMax: number;
  /** The smallest there are. */
  readonly bytesMin: number;
}

/** What is so much larger than what it was used for is not kept: times have changed. */
const SPARE_FACTOR = 8;

export class BufferPool {
  readonly #options: BufferPoolOptions;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: BufferPoolOptions) {
    this.#options = options;
  }

  /** A buffer of at least that size, with anything in it. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const at = this.#free.findLastIndex(({ length }) => length >= bytes);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    return new Uint8Array(Math.max(bytes, this.#options.bytesMin));
  }

  /** Takes back the buffer that `used` is the used part of. Nobody may look at it any more. */
  give({ buffer, length }: Uint8Array<ArrayBuffer>): void {
    const { keptMax, bytesMin } = this.#options;
    if (buffer.byteLength > Math.max(bytesMin, SPARE_FACTOR * length)) return;
    if (this.#free.length >= keptMax) this.#free.shift();
    this.#free.push(new Uint8Array(buffer));
  }
}
