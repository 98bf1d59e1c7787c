/**
 * Bytes that clients make the node keep for as long as they are connected: wills and topic aliases.
 * One client may have little, but thousands together would have a lot.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";

export class ByteBudget {
  readonly bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False, and nothing taken, where it would be too much. A negative number gives back. */
  take(bytes: number): boolean {
    if (bytes > 0 && this.#bytes + bytes > this.bytesMax) return false;
    this.#bytes += bytes;
    assert(this.#bytes >= 0, "no more is given back than was taken");
    return true;
  }
}
