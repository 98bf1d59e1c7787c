/**
 * How much a link is asked to carry at once. Pure arithmetic. A link that times out gets smaller
 * and fewer requests and more time for each, down to one small request in ten minutes; one that
 * answers in time gets back to full size.
 *
 * @module
 */
import {
  REPLICATION_REQUEST_BYTES,
  REPLICATION_REQUEST_BYTES_MIN,
  REPLICATION_REQUEST_TIMEOUT_MS,
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
  REPLICATION_REQUESTS_IN_FLIGHT_MAX,
} from "../base/limits.ts";

export interface PaceSettings {
  readonly requestBytes: number;
  readonly inFlightMax: number;
  readonly timeoutMs: number;
}

export const PACE: PaceSettings = {
  requestBytes: REPLICATION_REQUEST_BYTES,
  inFlightMax: REPLICATION_REQUESTS_IN_FLIGHT_MAX,
  timeoutMs: REPLICATION_REQUEST_TIMEOUT_MS,
};

/** An answer that took less than this part of its time leaves room for more. */
const EASY_PART = 1 / 4;

export class Pace {
  readonly #settings: PaceSettings;
  #requestBytes: number;
  #inFlightMax: number;
  #timeoutMs: number;

  constructor(settings: PaceSettings = PACE) {
    this.#settings = settings;
    this.#requestBytes = settings.requestBytes;
    this.#inFlightMax = settings.inFlightMax;
    this.#timeoutMs = settings.timeoutMs;
  }

  /** Bytes of batches to put into one request. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  get inFlightMax(): number {
    return this.#inFlightMax;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  answered(tookMs: number): void {
    if (tookMs > this.#timeoutMs * EASY_PART) return;
    const { requestBytes, inFlightMax, timeoutMs } = this.#settings;
    // First the size, then the number: one full request before two of them.
    if (this.#requestBytes === requestBytes) {
      this.#inFlightMax = Math.min(inFlightMax, this.#inFlightMax + 1);
    }
    this.#requestBytes = Math.min(requestBytes, this.#requestBytes * 2);
    this.#timeoutMs = Math.max(timeoutMs, this.#timeoutMs / 2);
  }

  timedOut(): void {
    this.#inFlightMax = 1;
    this.#timeoutMs = Math.min(REPLICATION_REQUEST_TIMEOUT_MS_MAX, this.#timeoutMs * 2);
    this.tooLarge();
  }

  tooLarge(): void {
    const least = Math.min(REPLICATION_REQUEST_BYTES_MIN, this.#settings.requestBytes);
    this.#requestBytes = Math.max(least, Math.floor(this.#requestBytes / 2));
  }
}
