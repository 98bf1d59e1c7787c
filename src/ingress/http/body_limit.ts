/**
 * Request bodies, read within a size, a time and a budget. A body that says it is too large is
 * refused before a byte of it is read; one that turns out to be is refused as soon as it is. When
 * the bodies under way hold more than the node allows, the oldest unfinished one is given up: a
 * client that sends slowly costs itself, not those behind it.
 *
 * @module
 */
import { concat } from "../../base/bytes.ts";
import type { Clock, Timers } from "../../base/clock.ts";
import { messageOf, OperatingError } from "../../base/errors.ts";
import {
  HTTP_BODIES_BYTES_MAX,
  HTTP_BODY_BYTES_MAX,
  HTTP_BODY_TIMEOUT_MS,
} from "../../base/limits.ts";

export interface BodyLimitOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Bytes of one body. */
  readonly bodyBytesMax?: number;
  /** Bytes of all bodies being read. */
  readonly bodiesBytesMax?: number;
  /** Milliseconds a whole body may take. */
  readonly timeoutMs?: number;
}

/** Bodies up to this are read in one step: counted as if they had come whole. */
const ONE_STEP_BYTES_MAX = 64 * 1024;

/** One timer looks after all bodies: a timer for each would cost more than the body. */
const SWEEP_INTERVAL_MS = 1_000;

const EMPTY = new Uint8Array(0);

export class BodyLimit {
  readonly bodyBytesMax: number;
  readonly #bodiesBytesMax: number;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** Oldest first. */
  readonly #underWay = new Set<BodyUnderWay>();
  #bytes = 0;
  #sweeping = false;

  constructor({ clock, timers, bodyBytesMax, bodiesBytesMax, timeoutMs }: BodyLimitOptions) {
    this.#clock = clock;
    this.#timers = timers;
    this.bodyBytesMax = bodyBytesMax ?? HTTP_BODY_BYTES_MAX;
    this.#bodiesBytesMax = bodiesBytesMax ?? HTTP_BODIES_BYTES_MAX;
    this.#timeoutMs = timeoutMs ?? HTTP_BODY_TIMEOUT_MS;
  }

  /** Bytes held by bodies that are not whole yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The whole body.
   *
   * @throws {OperatingError} body_too_large, request_timeout, or malformed_body when it is cut off.
   */
  async read(request: Request): Promise<Uint8Array> {
    const declared = this.#declared(request);
    const oneStep = declared !== null && declared <= ONE_STEP_BYTES_MAX;
    // `request.body` is not looked at where it need not be: it makes a stream of the body.
    if (declared === 0 || (!oneStep && request.body === null)) return EMPTY;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const body: BodyUnderWay = { bytes: 0, startedMs: this.#clock.monotonicMs(), reject };
    this.#underWay.add(body);
    this.#sweepLater();
    try {
      if (oneStep) {
        this.#grow(body, declared);
        request.bytes().then(resolve, (error) => reject(cutOff(error)));
      } else {
        this.#stream(request.body!, body).then(resolve, reject);
      }
      return await promise;
    } finally {
      this.#underWay.delete(body);
      this.#bytes -= body.bytes;
    }
  }

  #declared(request: Request): number | null {
    const header = request.headers.get("content-length");
    if (header === null) return null;
    const declared = Number(header);
    if (declared > this.bodyBytesMax) throw this.#tooLarge(declared);
    return Number.isSafeInteger(declared) && declared >= 0 ? declared : null;
  }

  async #stream(stream: ReadableStream<Uint8Array>, body: BodyUnderWay): Promise<Uint8Array> {
    const reader = stream.getReader();
    const parts: Uint8Array[] = [];
    body.cancel = () => void reader.cancel().catch(() => {});
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        throw cutOff(error);
      });
      if (done) return parts.length === 1 ? parts[0]! : concat(parts);
      // Given up meanwhile: its bytes no longer count, so they must not be kept.
      if (!this.#underWay.has(body)) return EMPTY;
      parts.push(value);
      this.#grow(body, value.length);
      if (body.bytes > this.bodyBytesMax) {
        body.cancel();
        throw this.#tooLarge(body.bytes);
      }
    }
  }

  #grow(body: BodyUnderWay, bytes: number): void {
    body.bytes += bytes;
    this.#bytes += bytes;
    while (this.#bytes > this.#bodiesBytesMax) {
      const oldest = this.#underWay.values().next().value;
      if (oldest === undefined) return;
      this.#giveUp(
        oldest,
        new OperatingError(
          "overloaded",
          `Cannot read body: all bodies under way hold over ${this.#bodiesBytesMax} bytes`,
        ),
      );
      if (oldest === body) return;
    }
  }

  #giveUp(body: BodyUnderWay, error: OperatingError): void {
    this.#underWay.delete(body);
    this.#bytes -= body.bytes;
    body.bytes = 0;
    body.cancel?.();
    body.reject(error);
  }

  #sweepLater(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#timers.after(SWEEP_INTERVAL_MS, () => {
      this.#sweeping = false;
      this.#sweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    for (const body of this.#underWay) {
      if (now - body.startedMs < this.#timeoutMs) break;
      this.#giveUp(
        body,
        new OperatingError(
          "request_timeout",
          `Cannot read body: it was not whole after ${this.#timeoutMs} ms`,
          { timeout_ms: this.#timeoutMs },
        ),
      );
    }
    if (this.#underWay.size > 0) this.#sweepLater();
  }

  #tooLarge(bytes: number): OperatingError {
    return new OperatingError(
      "body_too_large",
      `Cannot take a body of ${bytes} bytes: at most ${this.bodyBytesMax} are allowed`,
      { limit: this.bodyBytesMax },
    );
  }
}

interface BodyUnderWay {
  bytes: number;
  readonly startedMs: number;
  readonly reject: (error: OperatingError) => void;
  cancel?: () => void;
}

function cutOff(error: unknown): OperatingError {
  return new OperatingError("malformed_body", `Cannot read body: ${messageOf(error)}`, {}, error);
}
