/**
 * Gets back what decayed here and stands at the upstream: each gap of this node's own logs is asked
 * for by log id and source offsets, one small request after another, behind all else on the link.
 * What comes is verified (checksum, identity, offsets), put back where it was, and only when that is
 * durable the gap goes, and with it what the ledger says of it. After a crash at any step the next
 * start finds either the gap, or whole batches in it.
 *
 * What the upstream does not have, or does not have yet, stays a gap and is asked for again now and
 * then. At a relay only what it took in itself is repaired: whose records of other nodes damage took
 * cannot be told from the gap.
 *
 * @module
 */
import { sleep, type Timers } from "../base/clock.ts";
import { isOperatingError, messageOf } from "../base/errors.ts";
import {
  REPAIR_PAUSE_MS,
  REPAIR_RETRY_MS,
  REPAIR_TROUBLE_MS,
  REPLICATION_FETCH_BYTES_MAX,
} from "../base/link_limits.ts";
import type { Logger } from "../base/log.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { FetchAnswer, FetchRequest } from "../protocol/replication/fetch.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import type { Store } from "../store/store.ts";

export interface RepairerOptions {
  readonly store: Pick<Store, "topics" | "logs" | "ledger" | "core" | "checkpoint">;
  /** Asks the upstream; rejects with an OperatingError while there is no link. */
  readonly fetch: (request: Omit<FetchRequest, "session">) => Promise<FetchAnswer>;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pauseMs?: number;
  readonly retryMs?: number;
}

/** A part of a gap that was one log's. */
interface Missing extends OffsetRange {
  readonly log: PartitionLog;
  readonly logId: LogId;
}

export class Repairer {
  readonly #options: RepairerOptions;
  readonly #repaired: Counter;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  /** The last round met trouble: the link is down, or a disk is. */
  #failed = false;

  constructor(options: RepairerOptions) {
    this.#options = options;
    this.#repaired = options.metrics.counter(
      "logboom_repaired_records_total",
      "Records that damage took here and the upstream gave back",
    );
    options.metrics.gauge(
      "logboom_gap_records",
      "Offsets of all partitions that hold no readable record",
      () => sumOf(this.#gaps().map(({ gap }) => gap)),
    );
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One round over all gaps; resolves to how many records are readable again. */
  async repair(): Promise<number> {
    const before = this.#repaired.value;
    this.#failed = false;
    for (const { log, gap } of this.#gaps()) {
      const healed = log.filler.heal(gap);
      if (healed !== null) await this.#settle(log, healed);
    }
    await this.#reconcile();
    for (const missing of this.#missing()) {
      if (this.#stopping.signal.aborted) break;
      try {
        await this.#fetchBack(missing);
      } catch (error) {
        if (!isOperatingError(error)) throw error;
        this.#failed = true;
        const { log: { topic, index: partition }, from, to } = missing;
        const fields = { topic, partition, from, to, error: error.message };
        this.#options.logger.debug("repair_waits", fields);
      }
    }
    return this.#repaired.value - before;
  }

  async #run(): Promise<void> {
    const { timers, pauseMs = REPAIR_PAUSE_MS, retryMs = REPAIR_RETRY_MS, logger } = this.#options;
    const { signal } = this.#stopping;
    const stepMs = 10 * pauseMs;
    let seen = "";
    let waitMs = 0;
    while (!signal.aborted) {
      const gaps = this.#signature();
      waitMs -= stepMs;
      // New damage at once; what could not be filled, and nothing at all, now and then.
      if ((gaps !== "" && gaps !== seen) || waitMs <= 0) {
        try {
          await this.repair();
        } catch (error) {
          if (!isOperatingError(error)) throw error;
          this.#failed = true;
          logger.warn("repair_failed", { error: messageOf(error) });
        }
        seen = this.#signature();
        waitMs = this.#failed ? Math.min(retryMs, REPAIR_TROUBLE_MS) : retryMs;
      }
      await sleep(timers, stepMs, signal);
    }
  }

  /** Which gaps there are. */
  #signature(): string {
    return this.#gaps().map(({ log, gap }) => `${log.handle}:${gap.from}-${gap.to}`).join();
  }

  #gaps(): { readonly log: PartitionLog; readonly gap: OffsetRange }[] {
    return this.#options.store.topics().flatMap(({ partitions }) =>
      partitions.flatMap((log) =>
        log.gaps.filter(({ reason }) => reason !== "evicted").map((gap) => ({ log, gap }))
      )
    );
  }

  /** Own records stand at their own offsets, so the chain of runs tells whose they were. */
  #missing(): Missing[] {
    const { logs } = this.#options.store;
    return this.#gaps().flatMap(({ log, gap }) =>
      logs.chain(log.topic, log.index).flatMap((row) => {
        const from = Math.max(gap.from, row.firstOffset);
        const to = Math.min(gap.to, logs.endOf(row, log.highWatermark));
        return from < to ? [{ log, logId: row.logId, from, to }] : [];
      })
    );
  }

  async #fetchBack({ log, logId, from, to }: Missing): Promise<void> {
    const { fetch, timers, pauseMs = REPAIR_PAUSE_MS } = this.#options;
    let searchFrom: Offset | null = null;
    for (let at = from; at < to && !this.#stopping.signal.aborted;) {
      const maxBytes = REPLICATION_FETCH_BYTES_MAX;
      const answer = await fetch({ logId, from: at, to, maxBytes, searchFrom });
      const batches = this.#verified(answer.batches, { logId, from: at, to });
      if (batches.length > 0) {
        const filled = await log.filler.fill(batches);
        if (filled === null) return this.#unfit(log, { from: at, to });
        await this.#settle(log, filled);
        at = filled.to;
      }
      if (at >= to || (batches.length === 0 && answer.searchFrom === null)) return;
      searchFrom = answer.searchFrom;
      await sleep(timers, pauseMs, this.#stopping.signal);
    }
  }

  /** Whole batches that follow one another from `from` on; nothing else is believed. */
  #verified(
    bytes: Uint8Array,
    { logId, from, to }: OffsetRange & { readonly logId: LogId },
  ): Uint8Array[] {
    const batches: Uint8Array[] = [];
    let expected = from;
    for (let at = 0; at < bytes.length;) {
      const size = this.#options.store.core.verifyBatch(bytes.subarray(at));
      if (size <= 0) break;
      const batch = bytes.slice(at, at + size);
      const header = readBatchHeader(batch);
      const next = header.sourceOffset + header.lastOffset - header.baseOffset + 1;
      if (header.logId !== logId || header.sourceOffset !== expected || next > to) break;
      // Here its own offset is its place.
      new DataView(batch.buffer).setBigInt64(0, BigInt(header.sourceOffset));
      batches.push(batch);
      expected = next;
      at += size;
    }
    return batches;
  }

  /** The gap goes for good before the ledger says so. */
  async #settle(log: PartitionLog, range: OffsetRange): Promise<void> {
    const { store, logger } = this.#options;
    await store.checkpoint();
    await this.#reverse(log, range);
    this.#repaired.value += range.to - range.from;
    logger.info("range_repaired", { topic: log.topic, partition: log.index, ...range });
  }

  async #reverse(log: PartitionLog, { from, to }: OffsetRange): Promise<void> {
    const { ledger, logs } = this.#options.store;
    const { topic, index: partition } = log;
    for (const { logId } of logs.chain(topic, partition)) {
      for (const entry of ledger.standing(logId)) {
        if (entry.reason !== "corrupt") continue;
        const part = { from: Math.max(from, entry.from), to: Math.min(to, entry.to) };
        if (part.from < part.to) await ledger.reverse(entry.id, part);
      }
    }
  }

  /** A crash may have come between a gap that went and the word of the ledger. */
  async #reconcile(): Promise<void> {
    const { store } = this.#options;
    for (const { partitions } of store.topics()) {
      for (const log of partitions) {
        for (const { logId } of store.logs.chain(log.topic, log.index)) {
          for (const entry of store.ledger.standing(logId)) {
            if (entry.reason !== "corrupt" || entry.from < log.logStartOffset) continue;
            const gone = log.gaps.some(({ from, to }) => from < entry.to && entry.from < to);
            if (!gone && entry.to <= log.highWatermark) await store.ledger.reverse(entry.id);
          }
        }
      }
    }
  }

  #unfit(log: PartitionLog, range: OffsetRange): void {
    const { topic, index: partition } = log;
    this.#options.logger.warn("repair_does_not_fit", { topic, partition, ...range });
  }
}

function sumOf(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
