/**
 * How often clients may connect: all together, and each client identifier. Two devices with one
 * name take the session from each other as fast as they can, and each time costs a sync.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import {
  MQTT_CONNECT_RATES_MAX,
  MQTT_CONNECTS_PER_CLIENT_BURST,
  MQTT_CONNECTS_PER_CLIENT_S,
} from "../../base/door_limits.ts";
import { RateBucket } from "./rate_bucket.ts";

export interface ConnectRateOptions {
  readonly clock: Clock;
  /** Null: no limit. */
  readonly perSecondMax: number | null;
  readonly perClientPerSecondMax?: number;
}

export class ConnectRate {
  readonly #clock: Clock;
  readonly #all: RateBucket | null;
  readonly #perClient: number;
  readonly #clients = new Map<string, RateBucket>();

  constructor(options: ConnectRateOptions) {
    const { clock, perSecondMax, perClientPerSecondMax = MQTT_CONNECTS_PER_CLIENT_S } = options;
    this.#clock = clock;
    this.#perClient = perClientPerSecondMax;
    this.#all = perSecondMax === null
      ? null
      : new RateBucket({ perSecond: perSecondMax }, clock.monotonicMs());
  }

  /** How many client identifiers are remembered. */
  get size(): number {
    return this.#clients.size;
  }

  /** Whether one more may connect now. */
  mayConnect(clientId: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#all !== null && !this.#all.tryTake(nowMs)) return false;
    let bucket = this.#clients.get(clientId);
    if (bucket === undefined) {
      if (this.#clients.size >= MQTT_CONNECT_RATES_MAX) this.#forgetOldest();
      const burst = Math.max(MQTT_CONNECTS_PER_CLIENT_BURST, this.#perClient);
      bucket = new RateBucket({ perSecond: this.#perClient, burst }, nowMs);
      this.#clients.set(clientId, bucket);
    }
    return bucket.tryTake(nowMs);
  }

  /** Now and then: forgets those of whom nothing need be known. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [clientId, bucket] of this.#clients) {
      if (bucket.isFull(nowMs)) this.#clients.delete(clientId);
    }
  }

  #forgetOldest(): void {
    for (const clientId of this.#clients.keys()) {
      this.#clients.delete(clientId);
      return;
    }
  }
}
