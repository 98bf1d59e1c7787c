/**
 * How fast each partition grows: bytes and records a second, over the last minutes and over the last
 * day. Both are exponentially weighted, and divided by what has been seen of their window so far, so
 * that they say something true soon after a start.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { RATE_LONG_MS, RATE_SHORT_MS } from "../base/limits.ts";
import type { PartitionLog } from "./partition_log.ts";

/** Of a partition, or of all together. */
export interface Rate {
  readonly bytesPerS: number;
  readonly recordsPerS: number;
}

export type RateWindow = "short" | "long";

const WINDOW_MS: Readonly<Record<RateWindow, number>> = {
  short: RATE_SHORT_MS,
  long: RATE_LONG_MS,
};
const WINDOWS = ["short", "long"] as const;

/** What a partition log has taken in, as far as it was counted. */
type Grown = Pick<PartitionLog, "highWatermark" | "takenBytes">;

interface Counted {
  bytes: number;
  records: number;
}

export class AppendRates {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #seen = new Map<Grown, Counted>();
  readonly #sums = new Map<Grown, Record<RateWindow, Counted>>();
  #decayedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = this.#decayedMs = clock.monotonicMs();
  }

  /** A log to be counted from now on; what is there already does not count, unless it is new. */
  add(log: Grown, isNew = false): void {
    if (this.#seen.has(log)) return;
    const there = { bytes: log.takenBytes, records: log.highWatermark };
    this.#seen.set(log, isNew ? { bytes: 0, records: 0 } : there);
    this.#sums.set(log, { short: { bytes: 0, records: 0 }, long: { bytes: 0, records: 0 } });
  }

  of(log: Grown, window: RateWindow): Rate {
    this.tick();
    const sums = this.#sums.get(log)?.[window];
    // A window that is not full yet weighs what it has.
    const seenMs = Math.max(1, this.#clock.monotonicMs() - this.#startedMs);
    const weightS = WINDOW_MS[window] * (1 - Math.exp(-seenMs / WINDOW_MS[window])) / 1_000;
    return {
      bytesPerS: (sums?.bytes ?? 0) / weightS,
      recordsPerS: (sums?.records ?? 0) / weightS,
    };
  }

  /** To be called now and then: what came since is taken to have come evenly. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const passedMs = nowMs - this.#decayedMs;
    if (passedMs <= 0) return;
    this.#decayedMs = nowMs;
    for (const [log, sums] of this.#sums) {
      const seen = this.#seen.get(log)!;
      const came = {
        bytes: log.takenBytes - seen.bytes,
        records: log.highWatermark - seen.records,
      };
      this.#seen.set(log, { bytes: log.takenBytes, records: log.highWatermark });
      for (const window of WINDOWS) {
        const kept = Math.exp(-passedMs / WINDOW_MS[window]);
        // Spread over the time that passed, which has faded in part.
        const fresh = WINDOW_MS[window] / passedMs * (1 - kept);
        sums[window].bytes = sums[window].bytes * kept + came.bytes * fresh;
        sums[window].records = sums[window].records * kept + came.records * fresh;
      }
    }
  }
}
