/**
 * Reads ranges of whole batches out of one segment, from a place on. Each is verified; the first
 * that is not what was written ends the range.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { viewOf } from "../base/bytes.ts";
import { BATCH_BYTES_MAX, BATCH_HEADER_BYTES, INDEX_INTERVAL_BYTES } from "../base/limits.ts";
import type { Offset, Position } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import { Status } from "../core/status.ts";
import { BASE_OFFSET_AT, LAST_OFFSET_DELTA_AT } from "../format/record_batch.ts";
import type { DiskFile } from "./disk.ts";
import type { ScanPlace } from "./log_scan.ts";

export interface RangeOptions {
  readonly core: Core;
  /** Bytes of the segment that count. */
  readonly end: Position;
  /** Positions from here on are read on the event loop, if the read is small. */
  readonly warmFrom: Position;
  /** Batches that end at or below this are passed over. */
  readonly from: Offset;
  /** Batches that begin at or above this are not read. */
  readonly limit: Offset;
  /** At least one batch is given, however large. */
  readonly maxBytes: number;
  /** Memory to read into, where it is large enough. */
  readonly into?: Uint8Array | undefined;
}

export interface BatchRange {
  readonly batches: Uint8Array[];
  /** Behind the last batch that was read or passed over. */
  readonly place: ScanPlace;
  /** What lies at `place` is not what was written there. */
  readonly damaged: boolean;
}

/** Up to this much is copied on the event loop rather than by a thread. */
const WARM_READ_BYTES = 512 * 1024;

export async function readBatches(
  file: Pick<DiskFile, "readAt" | "readAtNow">,
  start: ScanPlace,
  options: RangeOptions,
): Promise<BatchRange> {
  const walk = new Walk(start, options);
  // Between two index entries lie batches that are read only to be passed over.
  const skipped = start.offset < options.from ? INDEX_INTERVAL_BYTES : 0;
  let size = Math.ceil(Math.max(options.maxBytes, INDEX_INTERVAL_BYTES)) + skipped;
  assert(!Number.isNaN(size), "a window has a size");
  for (;;) {
    size = Math.min(size, options.end - walk.position);
    if (size <= 0) return walk.range(false);
    const window = windowOf(size, options.into);
    const isWarm = size <= WARM_READ_BYTES && walk.position >= options.warmFrom;
    const got = await readWhole(file, { position: walk.position, isWarm }, window);
    const before = walk.position;
    const stop = walk.through(got === window.length ? window : window.subarray(0, got));
    if (stop === "done") return walk.range(false);
    if (stop === "damage") return walk.range(true);
    if (walk.batches.length > 0) return walk.range(false);
    // Without progress in a window that holds any legal batch whole, or all there is, a batch
    // claims to be longer than it is, or the file is shorter than it was.
    const all = got < window.length || size >= BATCH_BYTES_MAX || before + size >= options.end;
    if (walk.position === before && all) return walk.range(true);
    size = Math.max(size, BATCH_BYTES_MAX);
  }
}

/** Fewer bytes than the window has only at the end of the file, which a short read is not. */
async function readWhole(
  file: Pick<DiskFile, "readAt" | "readAtNow">,
  { position, isWarm }: { readonly position: Position; readonly isWarm: boolean },
  window: Uint8Array,
): Promise<number> {
  for (let got = 0;;) {
    const into = got === 0 ? window : window.subarray(got);
    const at = position + got;
    const count = isWarm ? file.readAtNow(at, into) : await file.readAt(at, into);
    got += count;
    if (count === 0 || got === window.length) return got;
  }
}

function windowOf(size: number, into: Uint8Array | undefined): Uint8Array {
  return into !== undefined && into.length >= size ? into.subarray(0, size) : new Uint8Array(size);
}

class Walk {
  readonly batches: Uint8Array[] = [];
  readonly #options: RangeOptions;
  position: Position;
  #offset: Offset;
  #bytes = 0;

  constructor(start: ScanPlace, options: RangeOptions) {
    this.position = start.position;
    this.#offset = start.offset;
    this.#options = options;
  }

  range(damaged: boolean): BatchRange {
    return {
      batches: this.batches,
      place: { position: this.position, offset: this.#offset },
      damaged,
    };
  }

  /** Takes the whole batches at the head of `window`; "more": the next one is not in it whole. */
  through(window: Uint8Array): "done" | "damage" | "more" {
    const { core, from, limit, maxBytes } = this.#options;
    const view = viewOf(window);
    for (let at = 0; at < window.length;) {
      if (this.#offset >= limit) return "done";
      if (window.length - at < BATCH_HEADER_BYTES) return "more";
      const size = core.verifyBatchAt(window, at);
      if (size === Status.NEED_MORE) return "more";
      const baseOffset = Number(view.getBigInt64(at + BASE_OFFSET_AT));
      if (size < 0 || baseOffset !== this.#offset) return "damage";
      const nextOffset = baseOffset + view.getInt32(at + LAST_OFFSET_DELTA_AT) + 1;
      if (nextOffset > from) {
        if (this.batches.length > 0 && this.#bytes + size > maxBytes) return "done";
        this.batches.push(window.subarray(at, at + size));
        this.#bytes += size;
      }
      at += size;
      this.position += size;
      this.#offset = nextOffset;
    }
    return this.#offset >= limit ? "done" : "more";
  }
}
