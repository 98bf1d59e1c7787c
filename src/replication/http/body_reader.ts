/**
 * Bodies of requests between nodes: read within a size each, a time each, and a budget together.
 * The budget counts what has arrived, not what was announced, so that a thousand gateways on slow
 * links do not keep each other out.
 *
 * @module
 */
import type { Timers } from "../../base/clock.ts";
import { messageOf, OperatingError } from "../../base/errors.ts";
import {
  REPLICATION_IN_FLIGHT_BYTES_MAX,
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
} from "../../base/limits.ts";

export interface Body {
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

export class BodyReader {
  readonly #timers: Timers;
  readonly #budgetBytes: number;
  readonly #timeoutMs: number;
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

  /** @throws {OperatingError} body_too_large, overloaded, request_timeout, malformed_body */
  async read(request: Request, bytesMax: number): Promise<Body> {
    const announced = Number(request.headers.get("content-length") ?? "-1");
    if (announced > bytesMax) throw tooLarge(bytesMax);
    if (request.body === null) return { bytes: new Uint8Array(0), release() {} };
    const reader = request.body.getReader();
    let late = false;
    const cancel = this.#timers.after(this.#timeoutMs, () => {
      late = true;
      reader.cancel().catch(() => {});
    });
    let held = 0;
    const release = () => {
      this.#heldBytes -= held;
      held = 0;
    };
    try {
      // Memory the body does not fill costs nothing: the pages are never touched.
      let buffer = new Uint8Array(announced > 0 ? announced : FIRST_BYTES);
      for (;;) {
        const { done, value } = await reader.read();
        if (late) {
          throw new OperatingError("request_timeout", "Cannot read body: it came too slowly");
        }
        if (done) return { bytes: buffer.subarray(0, held), release };
        if (held + value.length > bytesMax) throw tooLarge(bytesMax);
        if (this.#heldBytes + value.length > this.#budgetBytes) {
          throw new OperatingError("overloaded", "Cannot read body: too many are under way");
        }
        if (held + value.length > buffer.length) buffer = grown(buffer, held + value.length);
        buffer.set(value, held);
        held += value.length;
        this.#heldBytes += value.length;
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
