/**
 * A client that may send so much a second, and all of them together. It is not refused: it is read
 * no faster, and the socket's window holds it back. Reads are small enough that what one takes is
 * paid for in about a second, so that keep alive does not end a client that is being held.
 *
 * @module
 */
import { type Clock, sleep, type Timers } from "../../base/clock.ts";
import {
  MQTT_PACED_READ_BYTES_MIN,
  MQTT_PACED_READ_BYTES_PER_PACKET,
} from "../../base/door_limits.ts";
import type { Counter } from "../../base/metrics.ts";
import type { Connection, Transport } from "../../base/net.ts";
import { PublishCounter } from "./publish_counter.ts";
import { RateBucket } from "./rate_bucket.ts";

/** Null: no limit. */
export interface PublishRates {
  readonly bytesPerSecond: number | null;
  readonly packetsPerSecond: number | null;
}

export interface PacesOptions {
  /** Of each client. */
  readonly each: PublishRates;
  /** Of all together. */
  readonly all: PublishRates;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Reads that had to wait. */
  readonly held: Counter;
}

/** What all clients share of it. */
export class Paces {
  readonly options: PacesOptions;
  readonly #bytes: RateBucket | null;
  readonly #packets: RateBucket | null;

  constructor(options: PacesOptions) {
    this.options = options;
    this.#bytes = bucketOf(options.all.bytesPerSecond, options.clock);
    this.#packets = bucketOf(options.all.packetsPerSecond, options.clock);
  }

  /** The connection itself where nothing is limited. */
  pace(connection: Connection): Connection {
    const { each, all } = this.options;
    const limits = [...Object.values(each), ...Object.values(all)];
    if (limits.every((limit) => limit === null)) return connection;
    return new PacedConnection(connection, this);
  }

  /** The buckets a client is charged in. */
  buckets(): { readonly bytes: readonly RateBucket[]; readonly packets: readonly RateBucket[] } {
    const { each, clock } = this.options;
    const present = (bucket: RateBucket | null) => bucket !== null;
    return {
      bytes: [bucketOf(each.bytesPerSecond, clock), this.#bytes].filter(present),
      packets: [bucketOf(each.packetsPerSecond, clock), this.#packets].filter(present),
    };
  }

  /** Bytes of one read. */
  readBytesMax(): number {
    const { each, all } = this.options;
    const perRead = [
      ...[each.bytesPerSecond, all.bytesPerSecond],
      ...[each.packetsPerSecond, all.packetsPerSecond].map((packets) =>
        packets === null ? null : packets * MQTT_PACED_READ_BYTES_PER_PACKET
      ),
    ].filter((bytes) => bytes !== null);
    return Math.max(MQTT_PACED_READ_BYTES_MIN, Math.min(...perRead));
  }
}

class PacedConnection implements Connection {
  readonly remote: string;
  readonly transport: Transport;
  readonly #connection: Connection;
  readonly #paces: Paces;
  readonly #buckets: ReturnType<Paces["buckets"]>;
  readonly #counter = new PublishCounter();
  readonly #readBytesMax: number;
  readonly #closed = new AbortController();

  constructor(connection: Connection, paces: Paces) {
    this.#connection = connection;
    this.#paces = paces;
    this.#buckets = paces.buckets();
    this.#readBytesMax = paces.readBytesMax();
    this.remote = connection.remote;
    this.transport = connection.transport ?? "tcp";
  }

  async read(into: Uint8Array): Promise<number | null> {
    await this.#paid();
    const piece = into.subarray(0, this.#readBytesMax);
    const size = await this.#connection.read(piece);
    if (size === null) return null;
    const nowMs = this.#nowMs();
    const { bytes, packets } = this.#buckets;
    for (const bucket of bytes) bucket.charge(size, nowMs);
    if (packets.length === 0) return size;
    const publishes = this.#counter.count(piece.subarray(0, size));
    for (const bucket of packets) bucket.charge(publishes, nowMs);
    return size;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#connection.write(bytes);
  }

  close(): void {
    this.#closed.abort();
    this.#connection.close();
  }

  /** Resolves once nothing is owed, or it is closed. */
  async #paid(): Promise<void> {
    const { timers, held } = this.#paces.options;
    for (let first = true; !this.#closed.signal.aborted; first = false) {
      const nowMs = this.#nowMs();
      const { bytes, packets } = this.#buckets;
      const waits = [...bytes, ...packets].map((bucket) => bucket.waitMs(nowMs));
      const waitMs = Math.max(0, ...waits);
      if (waitMs === 0) return;
      if (first) held.value += 1;
      await sleep(timers, waitMs, this.#closed.signal);
    }
  }

  #nowMs(): number {
    return this.#paces.options.clock.monotonicMs();
  }
}

function bucketOf(perSecond: number | null, clock: Clock): RateBucket | null {
  return perSecond === null ? null : new RateBucket({ perSecond }, clock.monotonicMs());
}
