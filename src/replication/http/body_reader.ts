/**
 * Bodies of requests between nodes: read within a size each, a time between two pieces, and a budget
 * together. The budget counts what has arrived, not what was announced, so that a thousand gateways
 * on slow links do not keep each other out; and a body is given up when nothing more of it comes,
 * not when it takes long: a sender may have to make do with bytes a second.
 *
 * @module
 */
import { BufferPool } from "../../base/buffer_pool.ts";
import type { Timers } from "../../base/clock.ts";
import { messageOf, OperatingError } from "../../base/errors.ts";
import {
  REPLICATION_IN_FLIGHT_BYTES_MAX,
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
} from "../../base/link_limits.ts";
import type { Unpack } from "./content_encoding.ts";

export interface Body {
  /** Good until it is released. */
  readonly bytes: Uint8Array;
  /** Gives its bytes back to the budget; once, when the request is answered. */
  release(): void;
}

export interface BodyReaderOptions {
  readonly timers: Timers;
  readonly budgetBytes?: number;
  readonly timeoutMs?: number;
}

/** A body whose length is not announced grows by doubling from here. */
const FIRST_BYTES = 4 * 1024;
/** Smaller bodies cost nothing to speak of. */
const POOLED_BYTES_MIN = 64 * 1024;
/** What a few gateways that catch up have under way. */
const POOLED_MAX = 8;

export class BodyReader {
  readonly #timers: Timers;
  readonly #budgetBytes: number;
  readonly #timeoutMs: number;
  readonly #pool = new BufferPool({ keptMax: POOLED_MAX, bytesMin: POOLED_BYTES_MIN });
  #heldBytes = 0;

  constructor({ timers, budgetBytes, timeoutMs }: BodyReaderOptions) {
    this.#timers = timers;
    this.#budgetBytes = budgetBytes ?? REPLICATION_IN_FLIGHT_BYTES_MAX;
    this.#timeoutMs = timeoutMs ?? REPLICATION_REQUEST_TIMEOUT_MS_MAX;
  }

  /** Bytes of bodies that arrived and are not released. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * @param unpack turns the whole of what came into what was meant; the budget counts the larger
   * @throws {OperatingError} body_too_large, overloaded, request_timeout, malformed_body
   */
  async read(request: Request, bytesMax: number, unpack: Unpack = null): Promise<Body> {
    const announced = Number(request.headers.get("content-length") ?? "-1");
    if (announced > bytesMax) throw tooLarge(bytesMax);
    if (request.body === null) return { bytes: new Uint8Array(0), release() {} };
    const reader = request.body.getReader();
    let late = false;
    const wait = () =>
      this.#timers.after(this.#timeoutMs, () => {
        late = true;
        reader.cancel().catch(() => {});
      });
    let cancel = wait();
    let held = 0;
    const release = () => {
      this.#heldBytes -= held;
      held = 0;
    };
    try {
      // Memory the body does not fill costs nothing: the pages are never touched.
      let buffer = announced >= POOLED_BYTES_MIN
        ? this.#pool.take(announced)
        : new Uint8Array(announced > 0 ? announced : FIRST_BYTES);
      for (;;) {
        const { done, value } = await reader.read();
        if (late) {
          throw new OperatingError("request_timeout", "Cannot read body: it came too slowly");
        }
        if (done) {
          const came = buffer.subarray(0, held);
          const bytes = unpack?.(came) ?? came;
          if (bytes.length > held) {
            this.#makeRoom(bytes.length - held);
            held = bytes.length;
          }
          return { bytes, release: () => this.#reuse(came, release) };
        }
        if (held + value.length > bytesMax) throw tooLarge(bytesMax);
        this.#makeRoom(value.length);
        if (held + value.length > buffer.length) buffer = grown(buffer, held + value.length);
        buffer.set(value, held);
        held += value.length;
        cancel();
        cancel = wait();
      }
    } catch (error) {
      release();
      reader.cancel().catch(() => {});
      if (error instanceof OperatingError) throw error;
      throw new OperatingError("malformed_body", `Cannot read body: ${messageOf(error)}`);
    } finally {
      cancel();
    }
  }

  /** The memory is another body's from now on. */
  #reuse(came: Uint8Array<ArrayBuffer>, release: () => void): void {
    release();
    if (came.length >= POOLED_BYTES_MIN) this.#pool.give(came);
  }

  #makeRoom(bytes: number): void {
    if (this.#heldBytes + bytes > this.#budgetBytes) {
      throw new OperatingError("overloaded", "Cannot read body: too many are under way");
    }
    this.#heldBytes += bytes;
  }
}

function grown(buffer: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(least, 2 * buffer.length));
  larger.set(buffer);
  return larger;
}

function tooLarge(bytesMax: number): OperatingError {
  const message = `Cannot take body: over ${bytesMax} bytes`;
  return new OperatingError("body_too_large", message, { limit: bytesMax });
}
