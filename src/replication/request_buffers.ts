/**
 * Memory for requests upstream: their bodies, and what is read into them.
 *
 * @module
 */
import { BufferPool } from "../base/buffer_pool.ts";
import { INDEX_INTERVAL_BYTES, REPLICATION_REQUEST_BYTES } from "../base/limits.ts";

/** More are under way on a long way only. */
const KEPT_MAX = 6;
/** A body grows from here: a trickle needs no more. */
const FIRST_BYTES = 16 * 1024;

export class RequestBuffers {
  readonly #bodies = new BufferPool({ keptMax: KEPT_MAX, bytesMin: FIRST_BYTES });
  #window: Uint8Array | null = null;

  /** To read into what goes into a request next. Pages that are not used take no memory. */
  get window(): Uint8Array {
    return this.#window ??= new Uint8Array(REPLICATION_REQUEST_BYTES + INDEX_INTERVAL_BYTES);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bodies.take(FIRST_BYTES);
  }

  /** Takes back the memory of a body that nobody reads any more. */
  give(body: Uint8Array<ArrayBuffer>): void {
    this.#bodies.give(body);
  }
}
