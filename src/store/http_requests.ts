/**
 * What is remembered of HTTP producers: per producer the last few sequences, per sequence which of
 * its records are durable and where. So a repeated request gets the original answer, and one that
 * a crash cut in half is completed instead of repeated.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { OperatingError } from "../base/errors.ts";
import { PRODUCER_WINDOW, PRODUCERS_MAX } from "../base/limits.ts";
import type { Offset, TopicName } from "../base/types.ts";
import type { OriginEntry } from "./books.ts";

/** Records of a request that are durable, of those it has for one partition. */
export interface RequestPart {
  readonly topic: TopicName;
  readonly partition: number;
  /** Which of them, counted from 0 in the order of the request; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** Offset of record `from`; the others follow it. */
  readonly baseOffset: Offset;
}

export type HttpVerdict =
  /** Never seen. */
  | { readonly kind: "fresh"; readonly request: HttpRequest }
  /** Some of it is durable already; append the rest, to the partitions it was going to. */
  | { readonly kind: "resume"; readonly request: HttpRequest }
  /** All of it is durable: answer with `request.parts`. */
  | { readonly kind: "repeat"; readonly request: HttpRequest }
  /** The same request is under way; ask again once this resolves. */
  | { readonly kind: "wait"; readonly settled: Promise<void> };

/** One `appended()` call's share of a request. */
export class HttpEntry implements OriginEntry {
  readonly kind = "http";
  readonly request: HttpRequest;
  /** The first of its records, counted within the partition. */
  readonly from: number;

  constructor(request: HttpRequest, from: number) {
    this.request = request;
    this.from = from;
  }
}

export class HttpRequest {
  readonly producerId: string;
  readonly sequence: number;
  readonly fingerprint: string;
  /** Records of all partitions together. */
  records = 0;
  /** The partition its records without a key go to; the same again when it is resumed. */
  keylessPartition: number | null = null;
  readonly #parts: RequestPart[] = [];
  #settled: { promise: Promise<void>; resolve: () => void } | null = null;

  constructor(producerId: string, sequence: number, fingerprint: string) {
    this.producerId = producerId;
    this.sequence = sequence;
    this.fingerprint = fingerprint;
  }

  /** What is durable of it, by partition and order. */
  get parts(): readonly RequestPart[] {
    return this.#parts;
  }

  get complete(): boolean {
    const durable = this.#parts.reduce((sum, { from, to }) => sum + to - from, 0);
    return this.records > 0 && durable >= this.records;
  }

  get underWay(): Promise<void> | null {
    return this.#settled?.promise ?? null;
  }

  /** Says how large it is and where keyless records go, before its first record is appended. */
  begin(records: number, keylessPartition: number | null): void {
    this.records = records;
    this.keylessPartition = keylessPartition;
  }

  /** The entry to hand to `appended()` with the records from `from` on, counted per partition. */
  entry(from: number): HttpEntry {
    return new HttpEntry(this, from);
  }

  /** Whether record `index` of those for that partition is durable. */
  holds(topic: TopicName, partition: number, index: number): boolean {
    return this.#parts.some((part) =>
      part.topic === topic && part.partition === partition && part.from <= index && index < part.to
    );
  }

  /** To be called once, when all that was appended is committed or failed: wakes who waits. */
  finish(): void {
    this.#settled?.resolve();
    this.#settled = null;
  }

  /** @internal */
  start(): void {
    assert(this.#settled === null, "a request is under way once");
    this.#settled = Promise.withResolvers<void>();
  }

  /** @internal */
  addPart(part: RequestPart): void {
    if (this.holds(part.topic, part.partition, part.from)) return;
    this.#parts.push(part);
    this.#parts.sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition || a.from - b.from
    );
  }

  /** Forgets the parts that `keep` does not vouch for. @internal */
  filterParts(keep: (part: RequestPart) => boolean): void {
    const kept = this.#parts.filter(keep);
    this.#parts.splice(0, this.#parts.length, ...kept);
  }
}

export class HttpRequests {
  /** In order of last use. */
  readonly #producers = new Map<string, Map<number, HttpRequest>>();

  get producers(): number {
    return this.#producers.size;
  }

  /**
   * @throws {OperatingError} sequence_conflict when the sequence came with another body before;
   *         sequence_too_old when it is below what is remembered
   */
  judge(producerId: string, sequence: number, fingerprint: string): HttpVerdict {
    const known = this.#producers.get(producerId)?.get(sequence);
    if (known === undefined) {
      this.#checkAge(producerId, sequence);
      const request = this.place(producerId, sequence, fingerprint);
      request.start();
      return { kind: "fresh", request };
    }
    this.#touch(producerId);
    const detail = { producer_id: producerId, sequence };
    if (known.fingerprint !== fingerprint) {
      throw new OperatingError(
        "sequence_conflict",
        `Cannot accept sequence ${sequence} again: it came with another body before`,
        detail,
      );
    }
    if (known.underWay !== null) return { kind: "wait", settled: known.underWay };
    if (known.complete) return { kind: "repeat", request: known };
    known.start();
    return { kind: known.parts.length > 0 ? "resume" : "fresh", request: known };
  }

  /** The request of that name, made if it is not known; forgets what is beyond the limits. */
  place(producerId: string, sequence: number, fingerprint: string): HttpRequest {
    const window = this.#touch(producerId);
    const known = window.get(sequence);
    if (known !== undefined && known.fingerprint === fingerprint) return known;
    const request = new HttpRequest(producerId, sequence, fingerprint);
    window.set(sequence, request);
    this.#trim(window);
    return request;
  }

  *all(): Iterable<HttpRequest> {
    for (const window of this.#producers.values()) yield* window.values();
  }

  clear(): void {
    this.#producers.clear();
  }

  #checkAge(producerId: string, sequence: number): void {
    const newest = Math.max(-1, ...this.#producers.get(producerId)?.keys() ?? []);
    if (sequence > newest - PRODUCER_WINDOW) return;
    throw new OperatingError(
      "sequence_too_old",
      `Cannot tell whether sequence ${sequence} came before: only the last ${PRODUCER_WINDOW} up ` +
        `to ${newest} are remembered`,
      { producer_id: producerId, sequence, oldest_remembered: newest - PRODUCER_WINDOW + 1 },
    );
  }

  #touch(producerId: string): Map<number, HttpRequest> {
    const window = this.#producers.get(producerId) ?? new Map<number, HttpRequest>();
    this.#producers.delete(producerId);
    this.#producers.set(producerId, window);
    if (this.#producers.size > PRODUCERS_MAX) this.#forgetOldest();
    return window;
  }

  #forgetOldest(): void {
    for (const [producerId, window] of this.#producers) {
      if (Array.from(window.values()).some(({ underWay }) => underWay !== null)) continue;
      this.#producers.delete(producerId);
      return;
    }
  }

  /** Sequences too old to be told apart are dropped; what is under way stays until it is done. */
  #trim(window: Map<number, HttpRequest>): void {
    const newest = Math.max(...window.keys());
    for (const [sequence, request] of window) {
      if (sequence <= newest - PRODUCER_WINDOW && request.underWay === null) {
        window.delete(sequence);
      }
    }
  }
}
