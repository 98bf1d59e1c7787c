/**
 * What becomes of the disk if all goes on as it does: how fast the logs grow, when the disk is full,
 * and, in a dry run, what is lost should the link be down for a while.
 *
 * @module
 */
import type { TopicName } from "../base/types.ts";
import type { AppendRates, Rate, RateWindow } from "./append_rates.ts";
import type { DiskBudget } from "./disk_budget.ts";
import { type OutageLoss, outageLosses } from "./outage.ts";
import type { PartitionLog } from "./partition_log.ts";
import type { RetainedLog } from "./retention.ts";

export interface ForecastOptions {
  readonly budget: DiskBudget;
  readonly rates: AppendRates;
  readonly retained: () => Iterable<RetainedLog & { readonly log: PartitionLog }>;
  readonly thinnedShareOf: (topic: TopicName) => number;
  /** The age clock's. */
  readonly nowMs: () => number;
}

export interface TopicGrowth {
  readonly topic: TopicName;
  readonly bytes: number;
  readonly short: Rate;
  readonly long: Rate;
}

export class Forecast {
  readonly #options: ForecastOptions;

  constructor(options: ForecastOptions) {
    this.#options = options;
  }

  get roomBytes(): number {
    return this.#options.budget.roomBytes;
  }

  get capacityBytes(): number {
    return this.#options.budget.capacityBytes;
  }

  /** Bytes that may go without loss: they were delivered. */
  get deliveredBytes(): number {
    let bytes = 0;
    for (const { log, deliveredBelow } of this.#options.retained()) {
      if (deliveredBelow === Infinity) continue;
      for (const segment of log.segments()) {
        if (segment.endOffset <= deliveredBelow) bytes += segment.bytes;
      }
    }
    return bytes;
  }

  /** Seconds until there is no room but what is made by giving records up; Infinity: never. */
  fullInS(window: RateWindow): number {
    const { retained, rates } = this.#options;
    let bytesPerS = 0;
    for (const { log } of retained()) bytesPerS += rates.of(log, window).bytesPerS;
    if (bytesPerS < LEAST_BYTES_PER_S) return Infinity;
    return Math.max(0, this.roomBytes + this.deliveredBytes) / bytesPerS;
  }

  growth(): TopicGrowth[] {
    const { retained, rates } = this.#options;
    const topics = new Map<TopicName, TopicGrowth>();
    for (const { log } of retained()) {
      const known = topics.get(log.topic) ??
        { topic: log.topic, bytes: 0, short: STILL, long: STILL };
      topics.set(log.topic, {
        topic: log.topic,
        bytes: known.bytes + log.bytes,
        short: sum(known.short, rates.of(log, "short")),
        long: sum(known.long, rates.of(log, "long")),
      });
    }
    return [...topics.values()];
  }

  /** What an outage of the link of that length would cost, from now on. */
  outage(durationS: number, window: RateWindow): OutageLoss[] {
    const { budget, rates, retained, thinnedShareOf, nowMs } = this.#options;
    return outageLosses({
      logs: Array.from(retained(), (each) => ({
        ...each,
        // Not as large as they may be, but as they are on a disk of this size.
        settings: { ...each.settings, segmentBytes: each.log.settings.segmentBytes },
        rate: rates.of(each.log, window),
        thinnedShare: thinnedShareOf(each.log.topic),
      })),
      roomBytes: budget.look(),
      aheadBytes: budget.aheadBytes,
      capacityBytes: budget.capacityBytes,
      nowMs: nowMs(),
      durationS,
    });
  }
}

/** A rate that has faded to less than this is none. */
const LEAST_BYTES_PER_S = 0.001;
const STILL: Rate = { bytesPerS: 0, recordsPerS: 0 };

function sum(a: Rate, b: Rate): Rate {
  return { bytesPerS: a.bytesPerS + b.bytesPerS, recordsPerS: a.recordsPerS + b.recordsPerS };
}
