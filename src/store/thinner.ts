/**
 * Thins a segment: writes it anew without the records below the severity that its topic keeps. What
 * stays keeps its log id and its offsets, in batches of its own; where records went, an empty batch
 * says so. Nothing of that is seen before the new file takes the old one's place.
 *
 * Only this node's own records go; batches of other nodes stay as they are, and so does what does
 * not say how grave it is. No new batch reaches over the border of an old one: how far the old ones
 * were sent may be known already.
 *
 * @module
 */
import type { Logger } from "../base/log.ts";
import { messageOf } from "../base/errors.ts";
import {
  PARTITIONS_MAX,
  THINNED_HOLE_BYTES_MIN,
  THINNED_HOLES_MAX,
  THINNED_SHARE_MIN,
} from "../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { DecodedRecord } from "../core/record.ts";
import { encodeEmptyBatch } from "../format/empty_batch.ts";
import { type BatchHeader, readBatchHeader } from "../format/record_batch.ts";
import type { SegmentInfo } from "./books.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { PartitionLog } from "./partition_log.ts";
import { SegmentIndex } from "./segment_index.ts";
import { rankOf, severityReader } from "./severity.ts";

/** Records that go, of one log, and what is known of them. */
export interface Hole extends OffsetRange {
  readonly logId: LogId;
  readonly leaderEpoch: number;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
}

export interface ThinnedFile {
  readonly path: string;
  readonly bytes: number;
  readonly index: SegmentIndex;
  readonly holes: readonly Hole[];
}

export interface ThinnerOptions {
  readonly disk: Disk;
  readonly core: Core;
  readonly logger: Logger;
  /** Whether this node drew the log id for that partition. */
  readonly isOwn: (log: PartitionLog, logId: LogId) => boolean;
  /** No more entries for many small holes: what goes then goes whole. */
  readonly ledgerFull: () => boolean;
  /** Frees a slot of the core. */
  readonly sealLargest: () => void;
}

/** Ends the name of a file that is to take a segment's place. */
export const THINNED_SUFFIX = ".thin";
const READ_BYTES = 1024 * 1024;
/** Batches are put together in the core under the number of a partition that is seldom there. */
const SCRATCH = PARTITIONS_MAX - 1;
/** gzip, snappy, zstd: what a client compressed is left as it is. */
const CODECS_LEFT = new Set([1, 2, 4]);

export class Thinner {
  readonly #options: ThinnerOptions;

  constructor(options: ThinnerOptions) {
    this.#options = options;
  }

  /** The segment without what may go, synced beside it; null where that is not worth it. */
  async thin(log: PartitionLog, segment: SegmentInfo): Promise<ThinnedFile | null> {
    const { severityField, keepSeverity } = log.settings;
    const severity = severityReader(severityField);
    const least = rankOf(keepSeverity);
    if (severity === null || least === null || this.#options.ledgerFull()) return null;
    const goes = (record: DecodedRecord) => (severity(record) ?? least) < least;
    const holes = await this.#holesIn(log, segment, goes);
    if (holes === null) return null;
    const bytes = holes.reduce((sum, hole) => sum + hole.bytes, 0);
    if (bytes < segment.bytes / THINNED_SHARE_MIN) return null;
    try {
      return await this.#write(log, segment, holes);
    } catch (error) {
      // The disk may be too full for that: then the segment goes whole.
      const { topic, index: partition } = log;
      this.#options.logger.warn("not_thinned", { topic, partition, error: messageOf(error) });
      return null;
    }
  }

  /** In order, the largest of them; null where something else is missing already. */
  async #holesIn(
    log: PartitionLog,
    segment: SegmentInfo,
    goes: (record: DecodedRecord) => boolean,
  ): Promise<readonly Hole[] | null> {
    const holes: Hole[] = [];
    for await (const { batches, gaps } of pages(log, segment)) {
      if (gaps.length > 0) return null;
      for (const batch of batches) {
        const header = readBatchHeader(batch);
        if (!this.#mayGo(log, header)) continue;
        const records = this.#options.core.decode(batch);
        for (const run of runsOf(records, goes)) addHole(holes, holeOf(run, header));
      }
      if (holes.length > 8 * THINNED_HOLES_MAX) keepLargest(holes, 4 * THINNED_HOLES_MAX);
    }
    keepLargest(holes, THINNED_HOLES_MAX);
    // A smaller one would cost the books what it frees in the log.
    return holes.filter(({ bytes }) => bytes >= THINNED_HOLE_BYTES_MIN);
  }

  #mayGo(log: PartitionLog, { logId, attributes, sourceOffset, baseOffset }: BatchHeader): boolean {
    return sourceOffset === baseOffset && this.#options.isOwn(log, logId) &&
      !CODECS_LEFT.has(attributes & 7);
  }

  async #write(
    log: PartitionLog,
    segment: SegmentInfo,
    holes: readonly Hole[],
  ): Promise<ThinnedFile> {
    const { disk } = this.#options;
    const path = `${log.pathOf(segment.baseOffset)}${THINNED_SUFFIX}`;
    disk.remove(path);
    const file = disk.open(path, { create: true });
    try {
      const writer = new BatchWriter(file, segment.baseOffset);
      let at = 0;
      for await (const { batches } of pages(log, segment)) {
        for (const batch of batches) {
          if (writer.position === 0) this.#fillUpTo(batch, segment.baseOffset, writer);
          at = this.#thinBatch({ log, batch, holes, writer }, at);
        }
      }
      writer.flush();
      await file.sync();
      return { path, bytes: writer.position, index: writer.index, holes };
    } catch (error) {
      disk.remove(path);
      throw error;
    } finally {
      file.close();
    }
  }

  /** What lies below the log start is not read, but the file begins where it did. */
  #fillUpTo(first: Uint8Array, from: Offset, writer: BatchWriter): void {
    const { baseOffset: to, logId, leaderEpoch, baseTimestamp } = readBatchHeader(first);
    if (from >= to) return;
    const times = { minTimestamp: baseTimestamp, maxTimestamp: baseTimestamp };
    const crc32c = (bytes: Uint8Array) => this.#options.core.crc32c(bytes);
    writer.add(encodeEmptyBatch({ from, to, logId, leaderEpoch, ...times }, crc32c));
  }

  /** Returns the first hole that later batches may still lie in. */
  #thinBatch({ log, batch, holes, writer }: ThinBatch, first: number): number {
    const header = readBatchHeader(batch);
    const next = header.lastOffset + 1;
    let at = first;
    while (at < holes.length && holes[at]!.to <= header.baseOffset) at++;
    if ((holes[at]?.from ?? Infinity) >= next) {
      writer.add(batch);
      return at;
    }
    const crc32c = (bytes: Uint8Array) => this.#options.core.crc32c(bytes);
    const wholly = holes[at]!.from <= header.baseOffset && next <= holes[at]!.to;
    const records = wholly ? [] : this.#options.core.decode(batch);
    let from = header.baseOffset;
    for (let hole = holes[at]; hole !== undefined && hole.from < next; hole = holes[++at]) {
      const upTo = hole.from;
      this.#keep(log, { header, writer }, records.filter(between(from, upTo)));
      // Said once, where it begins.
      if (hole.from >= header.baseOffset) writer.add(encodeEmptyBatch(hole, crc32c));
      from = hole.to;
      if (hole.to > next) return at;
    }
    this.#keep(log, { header, writer }, records.filter(between(from, next)));
    return at;
  }

  /** Writes dense records as batches. All in one turn: the core's open batch is nobody else's. */
  #keep(
    log: PartitionLog,
    { header, writer }: { readonly header: BatchHeader; readonly writer: BatchWriter },
    records: readonly DecodedRecord[],
  ): void {
    const { core, sealLargest } = this.#options;
    const handle = core.openRecords(SCRATCH) === 0 ? SCRATCH : log.handle;
    if (handle === log.handle) log.sealOpen();
    const { leaderEpoch, logId } = header;
    const compression = log.settings.compressionType;
    let first = 0;
    const seal = (end: number) => {
      if (end === first) return;
      const baseOffset = records[first]!.offset;
      writer.add(core.seal(handle, { baseOffset, leaderEpoch, logId, compression }));
      first = end;
    };
    for (const [at, record] of records.entries()) {
      let status = core.append(handle, record);
      if (status === "no_slot") sealLargest();
      if (status === "batch_full") seal(at);
      if (status !== "ok") status = core.append(handle, record);
      if (status !== "ok") throw new Error(`a record that was in a batch fits one: ${status}`);
    }
    seal(records.length);
  }
}

interface ThinBatch {
  readonly log: PartitionLog;
  readonly batch: Uint8Array;
  readonly holes: readonly Hole[];
  readonly writer: BatchWriter;
}

/** Batches one behind the other, in few writes. */
class BatchWriter {
  readonly index: SegmentIndex;
  readonly #file: DiskFile;
  #buffer = new Uint8Array(2 * READ_BYTES);
  #buffered = 0;
  #written = 0;

  constructor(file: DiskFile, baseOffset: Offset) {
    this.#file = file;
    this.index = new SegmentIndex(baseOffset);
  }

  get position(): number {
    return this.#written + this.#buffered;
  }

  add(batch: Uint8Array): void {
    this.index.note(readBatchHeader(batch), this.position);
    if (this.#buffered + batch.length > this.#buffer.length) this.flush();
    this.#buffer.set(batch, this.#buffered);
    this.#buffered += batch.length;
  }

  flush(): void {
    this.#file.writeAt(this.#written, this.#buffer.subarray(0, this.#buffered));
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}

async function* pages(log: PartitionLog, { baseOffset, endOffset }: SegmentInfo) {
  let at = Math.max(baseOffset, log.logStartOffset);
  // The first batch may begin below the log start: it is read whole, and stays so.
  while (at < endOffset) {
    const page = await log.read(at, { maxBytes: READ_BYTES, upTo: endOffset });
    yield page;
    at = Math.max(page.nextOffset, at + 1);
  }
}

function* runsOf(
  records: readonly DecodedRecord[],
  goes: (record: DecodedRecord) => boolean,
): Iterable<{ readonly run: readonly DecodedRecord[]; readonly share: number }> {
  let from = -1;
  for (let at = 0; at <= records.length; at++) {
    const out = at < records.length && goes(records[at]!);
    if (out && from < 0) from = at;
    if (out || from < 0) continue;
    yield { run: records.slice(from, at), share: (at - from) / records.length };
    from = -1;
  }
}

function holeOf(
  { run, share }: { readonly run: readonly DecodedRecord[]; readonly share: number },
  { logId, leaderEpoch, sizeBytes }: BatchHeader,
): Hole {
  const times = run.map(({ timestamp }) => timestamp);
  return {
    logId,
    leaderEpoch,
    from: run[0]!.offset,
    to: run.at(-1)!.offset + 1,
    bytes: Math.round(sizeBytes * share),
    minTimestamp: times.reduce((a, b) => Math.min(a, b)),
    maxTimestamp: times.reduce((a, b) => Math.max(a, b)),
  };
}

/** Neighbours of one log are one hole. */
function addHole(holes: Hole[], hole: Hole): void {
  const last = holes.at(-1);
  if (last === undefined || last.to !== hole.from || last.logId !== hole.logId) {
    holes.push(hole);
    return;
  }
  holes[holes.length - 1] = {
    ...last,
    to: hole.to,
    bytes: last.bytes + hole.bytes,
    minTimestamp: Math.min(last.minTimestamp, hole.minTimestamp),
    maxTimestamp: Math.max(last.maxTimestamp, hole.maxTimestamp),
  };
}

/** Each hole is an entry of the ledger, so there may not be any number of them. */
function keepLargest(holes: Hole[], count: number): void {
  if (holes.length <= count) return;
  const sizes = holes.map(({ bytes }) => bytes).sort((a, b) => b - a);
  const least = sizes[count - 1]!;
  const kept = holes.filter(({ bytes }) => bytes >= least).slice(0, count);
  holes.splice(0, holes.length, ...kept);
}

function between(from: Offset, to: Offset): (record: DecodedRecord) => boolean {
  return ({ offset }) => offset >= from && offset < to;
}
