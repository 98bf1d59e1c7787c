/**
 * How much a link is asked to carry at once. Pure arithmetic; time is handed in.
 *
 *     rate      bytes a second the link delivers: the most of the last rounds (below)
 *     delay     how long a small request takes there and back while nothing else is under way
 *     request   a fifth of a second of the rate: so long at most a live record waits behind one
 *     window    rate × (delay + 0.2 s): another request goes while less than that is under way, so
 *               that the link never runs dry, and no queue builds up before it
 *
 * A sample of the rate is what was acknowledged between a request's sending and its answer, over
 * that time: so a link that is used by several requests at once is measured as a whole. Samples of
 * a link that was not filled tell little: they only ever raise the rate. The delay is the
 * least of the last while; as a link that is always full hides it, the backlog stops for a moment
 * every half minute to see it again.
 *
 * A link that times out gets smaller and fewer requests and more time for each, down to one small
 * request in ten minutes; one that answers in time gets back to full size.
 *
 * @module
 */
import {
  REPLICATION_REQUEST_BYTES,
  REPLICATION_REQUEST_BYTES_MIN,
  REPLICATION_REQUEST_TIMEOUT_MS,
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
  REPLICATION_REQUESTS_IN_FLIGHT_MAX,
} from "../base/link_limits.ts";

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
/** The rate of one request: what a live record waits for at most, once it is first in line. */
const REQUEST_MS = 200;
/** What may wait before the link, so that it never runs dry. */
const QUEUE_MS = 200;
/** Bytes of a request before anything was measured, and the least there ever are. */
const FIRST_REQUEST_BYTES = 32 * 1024;
const REQUEST_BYTES_MIN = 4 * 1024;
/** Samples of the rate that count: some rounds of a full window. */
const RATE_SAMPLES = 10;
/** So many in a row below half the rate are enough to believe that the link got slower. */
const SLOWER_SAMPLES = 3;
/** How long the least delay counts before it must be seen again. */
const DELAY_MS_KEPT = 30_000;

/** A request that was sent, as the pace remembers it. */
export interface SentRequest {
  readonly bytes: number;
  readonly sentMs: number;
  /** Sum of the bytes acknowledged until then, and when the last of them was. */
  readonly delivered: number;
  readonly deliveredMs: number;
  /** When the first of what was under way then was sent. */
  readonly firstSentMs: number;
  readonly live: boolean;
  /** Nothing of the backlog was under way. */
  readonly alone: boolean;
  /** With it as much was under way as may be: what is measured is the link. */
  readonly full: boolean;
}

export class Pace {
  readonly #settings: PaceSettings;
  #bytesMax: number;
  #inFlightMax: number;
  #timeoutMs: number;
  readonly #underWay = new Set<SentRequest>();
  #underWayBytes = 0;
  #delivered = 0;
  #deliveredMs = 0;
  #firstSentMs = 0;
  readonly #rates: number[] = [];
  #rate = 0;
  #delayMs = Number.POSITIVE_INFINITY;
  #delaySeenMs = 0;
  /** What is seen of the delay next counts, whatever it was. */
  #renewing = true;

  constructor(settings: PaceSettings = PACE) {
    this.#settings = settings;
    this.#bytesMax = settings.requestBytes;
    this.#inFlightMax = settings.inFlightMax;
    this.#timeoutMs = settings.timeoutMs;
  }

  /** Bytes a second the link delivers; 0 while nothing is known. */
  get bytesPerSecond(): number {
    return this.#rate;
  }

  /** Milliseconds there and back; 0 while nothing is known. */
  get delayMs(): number {
    return this.#delayMs === Number.POSITIVE_INFINITY ? 0 : this.#delayMs;
  }

  /** Bytes of batches to put into one request. */
  get requestBytes(): number {
    const wanted = this.#rate === 0 ? FIRST_REQUEST_BYTES : this.#rate * REQUEST_MS / 1_000;
    return Math.floor(Math.min(this.#bytesMax, Math.max(REQUEST_BYTES_MIN, wanted)));
  }

  /** Bytes under way below which another request may go. */
  get windowBytes(): number {
    const wanted = this.#rate * (this.delayMs + QUEUE_MS) / 1_000;
    return Math.max(this.requestBytes, wanted);
  }

  /** Requests that may be under way, of live records and of the backlog each. */
  get inFlightMax(): number {
    return this.#inFlightMax;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Whether another request may go. */
  hasRoom(live: boolean, nowMs: number): boolean {
    if (this.#underWay.size === 0) return true;
    const count = this.#countOf(live);
    if (count >= this.#inFlightMax) return false;
    // Live records do not wait for room: there are few of them, or they were backlog.
    return live || !this.#mustDrain(nowMs) && this.#underWayBytes < this.windowBytes;
  }

  sent(bytes: number, live: boolean, nowMs: number): SentRequest {
    if (this.#underWay.size === 0) {
      this.#firstSentMs = this.#deliveredMs = nowMs;
    }
    const alone = this.#countOf(false) === 0;
    if (alone && this.#delayIsOld(nowMs)) this.#renewing = true;
    const request = {
      bytes,
      live,
      alone,
      full: this.#underWayBytes + bytes >= this.windowBytes ||
        this.#countOf(live) + 1 >= this.#inFlightMax,
      sentMs: nowMs,
      delivered: this.#delivered,
      deliveredMs: this.#deliveredMs,
      firstSentMs: this.#firstSentMs,
    };
    this.#underWay.add(request);
    this.#underWayBytes += bytes;
    return request;
  }

  answered(request: SentRequest, nowMs: number): void {
    this.#over(request);
    const tookMs = Math.max(0.1, nowMs - request.sentMs);
    this.#delivered += request.bytes;
    this.#deliveredMs = nowMs;
    this.#firstSentMs = request.sentMs;
    const sendingMs = request.sentMs - request.firstSentMs;
    const ackingMs = nowMs - request.deliveredMs;
    const overMs = Math.max(sendingMs, ackingMs, 0.1);
    const rate = (this.#delivered - request.delivered) * 1_000 / overMs;
    if (request.full || rate > this.#rate) this.#sample(rate);
    if (request.alone || tookMs < this.#delayMs) this.seen(tookMs, nowMs);
    if (tookMs <= this.#timeoutMs * EASY_PART) this.#grow();
  }

  /** So long it took there and back, with nothing else under way. */
  seen(tookMs: number, nowMs: number): void {
    if (tookMs > this.#delayMs && !this.#renewing) return;
    this.#delayMs = tookMs;
    this.#delaySeenMs = nowMs;
    this.#renewing = false;
  }

  /** No answer came, or none that counts. */
  failed(request: SentRequest): void {
    this.#over(request);
  }

  timedOut(): void {
    this.#inFlightMax = 1;
    this.#timeoutMs = Math.min(REPLICATION_REQUEST_TIMEOUT_MS_MAX, this.#timeoutMs * 2);
    this.tooLarge();
  }

  tooLarge(): void {
    const least = Math.min(REPLICATION_REQUEST_BYTES_MIN, this.#settings.requestBytes);
    this.#bytesMax = Math.max(least, Math.floor(this.#bytesMax / 2));
  }

  /** Another link, perhaps: what was measured counts no longer. */
  reset(): void {
    this.#rates.length = 0;
    this.#rate = 0;
    this.#delayMs = Number.POSITIVE_INFINITY;
    this.#renewing = true;
  }

  #over(request: SentRequest): void {
    if (this.#underWay.delete(request)) this.#underWayBytes -= request.bytes;
  }

  #sample(rate: number): void {
    this.#rates.push(rate);
    const slower = this.#rates.slice(-SLOWER_SAMPLES);
    const isSlower = slower.length === SLOWER_SAMPLES && Math.max(...slower) < this.#rate / 2;
    if (isSlower) this.#rates.splice(0, this.#rates.length, ...slower);
    else if (this.#rates.length > RATE_SAMPLES) this.#rates.shift();
    this.#rate = Math.max(...this.#rates);
  }

  /** The delay was not seen for long: nothing of the backlog goes until all of it was answered. */
  #mustDrain(nowMs: number): boolean {
    return this.#delayIsOld(nowMs) && this.#countOf(false) > 0;
  }

  #delayIsOld(nowMs: number): boolean {
    return !this.#renewing && nowMs - this.#delaySeenMs > DELAY_MS_KEPT;
  }

  /** Requests under way: live ones, or those of the backlog. */
  #countOf(live: boolean): number {
    let count = 0;
    for (const request of this.#underWay) if (request.live === live) count++;
    return count;
  }

  #grow(): void {
    const { requestBytes, timeoutMs } = this.#settings;
    const inFlightMax = Math.max(this.#settings.inFlightMax, this.#requestsOnTheWay());
    // First the size, then the number: one full request before two of them.
    if (this.#bytesMax === requestBytes) {
      const one = this.#inFlightMax < inFlightMax ? 1 : 0;
      this.#inFlightMax = Math.min(inFlightMax, this.#inFlightMax + one);
    }
    this.#bytesMax = Math.min(requestBytes, this.#bytesMax * 2);
    this.#timeoutMs = Math.max(timeoutMs, this.#timeoutMs / 2);
  }

  /** A fast link with a long way needs more than the usual number under way. */
  #requestsOnTheWay(): number {
    const bytes = this.#rate * this.delayMs * 1.5 / 1_000;
    return Math.min(REQUESTS_ON_THE_WAY_MAX, Math.ceil(bytes / this.requestBytes) + 1);
  }
}

/** Each is a connection. */
const REQUESTS_ON_THE_WAY_MAX = 16;

/**
 * How long a backlog takes; null while the rate is not known. A burst may go faster than the cap
 * of the link, a backlog does not.
 */
export function catchUpSeconds(bytes: number, rate: number, cap: number | null): number | null {
  if (bytes === 0) return 0;
  return rate === 0 ? null : bytes / Math.min(rate, cap ?? Infinity);
}
