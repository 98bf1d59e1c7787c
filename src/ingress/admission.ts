/**
 * Admission: bytes let in and not yet durable, per source and per node. It is the one backpressure
 * valve of every door. A source that is over its share, or a node that is over its own, makes the
 * source stop reading; the socket's window does the rest, back to the device.
 *
 * A commit lasts as long as there is in it. So while there are modest sources, those who want more
 * share what one commit may well carry: whoever is alone may have all a source may have.
 *
 * Waiting sources are woken in the order they came, each once, so none starves. When full, nothing
 * is dropped and nothing is refused: reading stops until commits have freed room.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Timers } from "../base/clock.ts";
import {
  CROWD_IN_FLIGHT_BYTES_MAX,
  MODEST_IN_FLIGHT_BYTES,
  MODEST_SEEN_BYTES,
} from "../base/door_limits.ts";
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_BYTES_PER_CONNECTION_MAX } from "../base/limits.ts";
import type { Metrics } from "../base/metrics.ts";

export interface AdmissionOptions {
  readonly timers: Timers;
  readonly metrics?: Metrics;
  readonly bytesMax?: number;
  readonly bytesPerSourceMax?: number;
}

interface Seen {
  source: AdmissionSource | null;
  bytesSince: number;
}

export class Admission {
  readonly bytesMax: number;
  readonly bytesPerSourceMax: number;
  #timers: Timers;
  #bytes = 0;
  #waiting = new Set<AdmissionSource>();
  #waking = false;
  /** The modest source that was seen last, and the one before; and what was let in since. */
  #modest: Seen = { source: null, bytesSince: Infinity };
  #modestBefore: Seen = { source: null, bytesSince: Infinity };

  constructor({ timers, metrics, bytesMax, bytesPerSourceMax }: AdmissionOptions) {
    this.bytesMax = bytesMax ?? IN_FLIGHT_BYTES_MAX;
    this.bytesPerSourceMax = bytesPerSourceMax ?? IN_FLIGHT_BYTES_PER_CONNECTION_MAX;
    this.#timers = timers;
    metrics?.gauge(
      "logboom_ingress_in_flight_bytes",
      "Bytes let in and not yet durable.",
      () => this.#bytes,
    );
    metrics?.gauge(
      "logboom_ingress_waiting_sources",
      "Connections and requests that wait for room.",
      () => this.#waiting.size,
    );
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One connection's or one request's share; `wake` is called once for each refused `mayEnter`. */
  source(wake: () => void): AdmissionSource {
    return new AdmissionSource(this, wake);
  }

  /** True while the node has room; a large entry may take it over the line, once. */
  get hasRoom(): boolean {
    return this.#bytes < this.bytesMax;
  }

  /** For {@linkcode AdmissionSource} only: what it may have now. */
  shareOf(source: AdmissionSource): number {
    // Whoever wants much may have begun with little: that does not count for itself.
    const modest = this.#modest.source === source ? this.#modestBefore : this.#modest;
    if (modest.bytesSince >= MODEST_SEEN_BYTES) return this.bytesPerSourceMax;
    const sharers = this.#waiting.size + (this.#waiting.has(source) ? 0 : 1);
    const share = Math.max(MODEST_IN_FLIGHT_BYTES, CROWD_IN_FLIGHT_BYTES_MAX / sharers);
    return Math.min(share, this.bytesPerSourceMax);
  }

  /** For {@linkcode AdmissionSource} only: it was let in with so much more. */
  entered(source: AdmissionSource, bytes: number): void {
    this.#modest.bytesSince += bytes;
    this.#modestBefore.bytesSince += bytes;
    if (source.bytes <= MODEST_IN_FLIGHT_BYTES) {
      if (this.#modest.source !== source) {
        [this.#modest, this.#modestBefore] = [this.#modestBefore, this.#modest];
        this.#modest.source = source;
      }
      this.#modest.bytesSince = 0;
    }
    this.add(bytes);
  }

  /** For {@linkcode AdmissionSource} only. */
  add(bytes: number): void {
    this.#bytes += bytes;
    assert(this.#bytes >= 0, "no more bytes leave than entered");
    if (bytes < 0 && this.#waiting.size > 0 && this.hasRoom) this.#wakeSoon();
  }

  /** For {@linkcode AdmissionSource} only. */
  wait(source: AdmissionSource): void {
    this.#waiting.add(source);
  }

  /** For {@linkcode AdmissionSource} only. */
  forget(source: AdmissionSource): void {
    this.#waiting.delete(source);
  }

  /** Not at once: room is made inside a commit, and no source may append in the middle of one. */
  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#timers.soon(() => {
      this.#waking = false;
      this.#wake();
    });
  }

  #wake(): void {
    // A woken source may wait again; it then stands behind those that wait now.
    let candidates = this.#waiting.size;
    for (const source of this.#waiting) {
      if (candidates-- === 0 || !this.hasRoom) return;
      if (!source.hasRoom) continue;
      this.#waiting.delete(source);
      source.wake();
    }
  }
}

export class AdmissionSource {
  readonly wake: () => void;
  #admission: Admission;
  #bytes = 0;

  constructor(admission: Admission, wake: () => void) {
    this.#admission = admission;
    this.wake = wake;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#admission.shareOf(this);
  }

  /** Whether more may be let in now. Where not, the source is queued, and woken when it may. */
  mayEnter(): boolean {
    if (this.hasRoom && this.#admission.hasRoom) return true;
    this.#admission.wait(this);
    return false;
  }

  enter(bytes: number): void {
    this.#bytes += bytes;
    this.#admission.entered(this, bytes);
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, "a source gives back what it took");
    this.#admission.add(-bytes);
  }

  /** For a source that ends while bytes of it are on their way: each still leaves when durable. */
  stopWaiting(): void {
    this.#admission.forget(this);
  }

  /** Gives back all it holds and stops waiting; nothing may leave afterwards. */
  close(): void {
    this.stopWaiting();
    const held = this.#bytes;
    this.#bytes = 0;
    if (held > 0) this.#admission.add(-held);
  }
}

/** The same for request handlers, which await their turn. */
export class AdmissionGate {
  readonly source: AdmissionSource;
  #resolve: (() => void) | null = null;

  constructor(admission: Admission) {
    this.source = admission.source(() => this.#resolve?.());
  }

  async entered(bytes: number): Promise<void> {
    while (!this.source.mayEnter()) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.source.enter(bytes);
  }

  close(): void {
    this.source.close();
  }
}
