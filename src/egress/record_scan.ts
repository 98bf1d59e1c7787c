/**
 * A page of the records that a filter wants out of one partition's log. What is looked through is
 * bounded, and shared by all partitions of a page: a page may end with few records, or none, and a
 * next offset that is further on.
 *
 * @module
 */
import { BufferPool } from "../base/buffer_pool.ts";
import { isOperatingError } from "../base/errors.ts";
import { FETCH_DECODED_BYTES_MAX, INDEX_INTERVAL_BYTES } from "../base/limits.ts";
import { FETCH_SCAN_BYTES_MAX, FETCH_SCAN_READ_BYTES } from "../base/reader_limits.ts";
import type { Offset } from "../base/types.ts";
import type { PageGap } from "../protocol/http/fetch_body.ts";
import { passOlder, type SegmentedLog } from "./older_segments.ts";
import type { RecordFilter } from "./record_filter.ts";
import {
  PageBuilder,
  type ReadableLog,
  type RecordPage,
  type RecordPageOptions,
} from "./record_page.ts";
import type { ScanTurns } from "./scan_turns.ts";

/** How much of one partition may still be looked through for a page. */
export class ScanBudget {
  #bytesLeft: number;

  /** @param among partitions that share what a page may cost: each gets on with every page */
  constructor(among = 1, bytes: number = FETCH_SCAN_BYTES_MAX) {
    this.#bytesLeft = Math.ceil(bytes / Math.max(1, among));
  }

  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  get isSpent(): boolean {
    return this.#bytesLeft <= 0;
  }

  spend(bytes: number): void {
    this.#bytesLeft -= bytes;
  }
}

export interface RecordScanOptions extends RecordPageOptions {
  readonly filter: RecordFilter;
  readonly budget: ScanBudget;
  readonly turns: ScanTurns;
  /** Aborted: nobody waits for the page any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Memory that scans read into: what is found is copied out of it. */
const windows = new BufferPool({ keptMax: 1, bytesMin: FETCH_SCAN_READ_BYTES });

/** @throws {OperatingError} offset_out_of_range, where nothing was looked through yet */
export function scanRecordPage(
  log: ReadableLog & SegmentedLog,
  offset: Offset,
  options: RecordScanOptions,
): Promise<RecordPage> {
  return new RecordScan(log, offset, options).run();
}

class RecordScan {
  readonly #log: ReadableLog & SegmentedLog;
  readonly #offset: Offset;
  readonly #options: RecordScanOptions;
  readonly #page: PageBuilder;
  readonly #gaps: PageGap[] = [];
  #at: Offset;

  constructor(log: ReadableLog & SegmentedLog, offset: Offset, options: RecordScanOptions) {
    const maxBytes = Math.min(options.maxBytes, FETCH_DECODED_BYTES_MAX);
    this.#log = log;
    this.#offset = this.#at = offset;
    this.#options = options;
    this.#page = new PageBuilder(log, { ...options, maxBytes });
  }

  async run(): Promise<RecordPage> {
    const { budget, turns } = this.#options;
    // What comes meanwhile is for the next page.
    const end = this.#log.highWatermark;
    for (this.#passOlder(); this.#at < end && !budget.isSpent; this.#passOlder()) {
      const next = await turns.run(() => this.#step());
      if (next === "full") return this.#page.cut(this.#gaps, this.#offset);
      if (next === "gone") break;
    }
    const { records, gaps } = this.#page;
    return { records, gaps: [...this.#gaps, ...gaps], nextOffset: this.#at };
  }

  /**
   * "gone" where its reader is, or where retention overtook the scan: what was found is given, and
   * the next page says it.
   */
  async #step(): Promise<"on" | "full" | "gone"> {
    if (this.#options.signal?.aborted) return "gone";
    const window = windows.take(FETCH_SCAN_READ_BYTES + 2 * INDEX_INTERVAL_BYTES);
    try {
      const read = await this.#read(window);
      if (read === null) return "gone";
      this.#gaps.push(...read.gaps);
      for (const batch of read.batches) {
        this.#options.budget.spend(batch.length);
        const added = this.#page.add(batch, { from: this.#offset, to: Infinity });
        if (!added || this.#page.full) return "full";
      }
      this.#at = read.nextOffset;
      return "on";
    } finally {
      windows.give(window);
    }
  }

  #passOlder(): void {
    const { since } = this.#options.filter.terms;
    if (since === null || this.#at < this.#log.logStartOffset) return;
    const passed = passOlder(this.#log, this.#at, since);
    this.#gaps.push(...passed.gaps);
    this.#at = passed.offset;
  }

  /** Null where it is gone, and something was looked through before. */
  async #read(window: Uint8Array): Promise<Awaited<ReturnType<ReadableLog["read"]>> | null> {
    try {
      const maxBytes = Math.min(FETCH_SCAN_READ_BYTES, this.#options.budget.bytesLeft);
      return await this.#log.read(this.#at, { maxBytes, into: window });
    } catch (error) {
      if (this.#at === this.#offset || !isOperatingError(error, "offset_out_of_range")) throw error;
      return null;
    }
  }
}
