/**
 * Memory for requests upstream: their bodies, and what is read into them.
 *
 * @module
 */
import { BufferPool } from "../base/buffer_pool.ts";
import { INDEX_INTERVAL_BYTES } from "../base/limits.ts";
import { REPLICATION_REQUEST_BYTES } from "../base/link_limits.ts";

/** More are under way on a long way only. */
const KEPT_MAX = 6;
/** A body grows from here: a trickle needs no more. */
const FIRST_BYTES = 16 * 1024;
const WINDOW_BYTES = REPLICATION_REQUEST_BYTES + INDEX_INTERVAL_BYTES;

export class RequestBuffers {
  readonly #bodies = new BufferPool({ keptMax: KEPT_MAX, bytesMin: FIRST_BYTES });
  readonly #windows = new BufferPool({ keptMax: 1, bytesMin: WINDOW_BYTES });

  /**
   * To read into what goes into a request next, for one reading at a time. Pages that are not used
   * take no memory.
   */
  takeWindow(): Uint8Array<ArrayBuffer> {
    return this.#windows.take(WINDOW_BYTES);
  }

  /** What was read into it was written, and nobody reads into it any more. */
  giveWindow(window: Uint8Array<ArrayBuffer>): void {
    this.#windows.give(window);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bodies.take(FIRST_BYTES);
  }

  /** Takes back the memory of a body that nobody reads any more. */
  give(body: Uint8Array<ArrayBuffer>): void {
    this.#bodies.give(body);
  }
}
