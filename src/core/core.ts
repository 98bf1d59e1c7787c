/**
 * The WASM core as TypeScript sees it: bytes are copied in, integers come back, fresh copies go
 * out. No view of the core's memory ever leaves this room. `wasm/README.md` describes what lies
 * below.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { uint32At } from "../base/bytes.ts";
import {
  BATCH_BYTES_MAX,
  DECOMPRESSED_BYTES_MAX,
  PARTITIONS_MAX,
  SEQUENCES_PER_EPOCH,
} from "../base/limits.ts";
import type { LogId, Offset } from "../base/types.ts";
import { type AppendStatus, appendStatus } from "./append_status.ts";
import { BatchReader } from "./batch_reader.ts";
import { type CoreExports, instantiate, type MemoryMap } from "./exports.ts";
import { type IngestResult, type IngestSession, ingestStatus } from "./ingest.ts";
import { PublishWriter } from "./publish_writer.ts";
import type { DecodedRecord, RecordParts } from "./record.ts";
import { type EncodedHeaders, encodeHeaders, NO_HEADERS } from "./record_headers.ts";
import { type FilterOptions, RecordSieve } from "./record_sieve.ts";
import { CoreRoutes } from "./routes.ts";
import type { ScannedBatch } from "./scanned_batch.ts";
import { Status } from "./status.ts";
import { type LineOptions, type LinesAppended, TextScanner } from "./text_scanner.ts";

/** What a batch is given when it is closed. */
export interface SealStamp {
  readonly baseOffset: Offset;
  readonly leaderEpoch: number;
  readonly logId: LogId;
  readonly compression: "none" | "lz4";
}

/** Bytes in front of a batch that say how long it is. */
const PREFIX_BYTES = 12;
const LOG_ID = /^[0-7][0-9a-f]{15}$/;
/** The producer epoch is an i16. */
const BASE_OFFSET_MAX = SEQUENCES_PER_EPOCH * 2 ** 15;

const NO_BYTES = new Uint8Array(0);

export class Core {
  /** Where the MQTT fast path appends to. */
  readonly routes: CoreRoutes;
  /** What MQTT subscribers who are behind are sent. */
  readonly publishes: PublishWriter;
  readonly #core: CoreExports;
  readonly #batches: BatchReader;
  readonly #sieve: RecordSieve;
  readonly #text: TextScanner;
  readonly #map: MemoryMap;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #result: Uint32Array;
  readonly #table: Int32Array;
  readonly #touched: Uint32Array;
  /** The record headers that lie in the core's memory. */
  #headers0: EncodedHeaders | null = null;
  #headers1: EncodedHeaders | null = null;
  readonly #ingested: IngestResult = {
    status: "need_more",
    consumed: 0,
    packetBytes: 0,
    acks: NO_BYTES,
    records: 0,
    bytes: 0,
    touched: [],
    handle: 0,
  };

  private constructor(wasm: Uint8Array) {
    const { exports, map } = instantiate(wasm);
    const { buffer } = exports.memory;
    this.#core = exports;
    this.#map = map;
    // The memory cannot grow, so these views stay good.
    this.#memory = new Uint8Array(buffer as ArrayBuffer);
    this.#result = new Uint32Array(buffer, map.RESULT, 64);
    this.#table = new Int32Array(buffer, map.TABLE, map.TABLE_BYTES / 4);
    this.#touched = new Uint32Array(buffer, map.TOUCHED, 64);
    this.#batches = new BatchReader(exports, this.#memory, map);
    this.#sieve = new RecordSieve(exports, this.#memory, map);
    this.#text = new TextScanner(exports, this.#memory, map);
    this.routes = new CoreRoutes(exports, this.#memory, map);
    this.publishes = new PublishWriter(exports, this.#memory, { batches: this.#batches, map });
  }

  /** Compiles and instantiates `core.wasm` or `core.relaxed.wasm`. */
  static create(wasm: Uint8Array): Core {
    return new Core(wasm);
  }

  /**
   * Bytes of all batches sealed so far, before compression and after; and of the last one, whether
   * a subscription may match one of its records.
   */
  readonly sealed = { rawBytes: 0, bytes: 0, wanted: false };

  /** Forgets open batches and routes: for tests, which open one store after the other. */
  reset(): void {
    this.#core.resetBatches();
    this.#core.clearRoutes();
  }

  // ── checksums and hashes ─────────────────────────────────────────────────────────────────────

  /** CRC-32C of `bytes`; `seed` is the checksum of what came before them. */
  crc32c(bytes: Uint8Array, seed = 0): number {
    const { IN, IN_BYTES } = this.#map;
    let crc = seed;
    for (let at = 0; at < bytes.length; at += IN_BYTES) {
      const piece = bytes.subarray(at, at + IN_BYTES);
      this.#memory.set(piece, IN);
      crc = this.#core.crc32c(IN, piece.length, crc);
    }
    return crc >>> 0;
  }

  /** Kafka's partitioner's hash, 31 bits: taken modulo the number of partitions. */
  murmur2(bytes: Uint8Array): number {
    this.#copyIn(bytes);
    return this.#core.murmur2(this.#map.IN, bytes.length);
  }

  // ── whole batches ────────────────────────────────────────────────────────────────────────────

  /** As {@linkcode verifyBatchAt}, of the batch that `bytes` begin with. */
  verifyBatch(bytes: Uint8Array, batchBytesMax = BATCH_BYTES_MAX): number {
    return this.verifyBatchAt(bytes, 0, batchBytesMax);
  }

  /** Bytes of the batch at `position`; NEED_MORE, BAD_LENGTH, _MAGIC or _CHECKSUM. */
  verifyBatchAt(bytes: Uint8Array, position: number, batchBytesMax = BATCH_BYTES_MAX): number {
    assert(batchBytesMax <= this.#map.IN_BYTES, "a batch fits the core");
    const available = bytes.length - position;
    // A window of many batches would be copied for each of them, so copy no more than the first.
    const claimed = available < PREFIX_BYTES ? 0 : PREFIX_BYTES + uint32At(bytes, position + 8);
    const size = Math.min(available, claimed, batchBytesMax);
    this.#memory.set(bytes.subarray(position, position + size), this.#map.IN);
    return this.#core.verifyBatch(this.#map.IN, available, batchBytesMax);
  }

  /**
   * Checks all that a client could have got wrong in a whole batch: header, checksum, counts, each
   * record. gzip and zstd answer NEED_INFLATED: inflate the records and ask again with them.
   */
  validateRecords(batch: Uint8Array, inflatedRecords?: Uint8Array): number {
    if (batch.length > this.#map.IN_BYTES) return Status.TOO_LARGE;
    this.#copyIn(batch);
    if (inflatedRecords === undefined) {
      return this.#core.validateBatch(this.#map.IN, batch.length, 0, 0);
    }
    if (inflatedRecords.length > this.#map.BIG_BYTES) return Status.TOO_LARGE;
    this.#memory.set(inflatedRecords, this.#map.BIG);
    return this.#core.validateBatch(
      this.#map.IN,
      batch.length,
      this.#map.BIG,
      inflatedRecords.length,
    );
  }

  /** See BatchReader.decode(). */
  decode(batch: Uint8Array, inflatedRecords?: Uint8Array): DecodedRecord[] {
    return this.#batches.decode(batch, inflatedRecords);
  }

  /** See BatchReader.scan(). */
  scan(batch: Uint8Array, inflatedRecords?: Uint8Array): ScannedBatch {
    return this.#batches.scan(batch, inflatedRecords);
  }

  /** See RecordSieve.filter(). */
  filter(batch: Uint8Array, options: FilterOptions): DecodedRecord[] {
    return this.#sieve.filter(batch, options, this.#batches);
  }

  // ── open batches ─────────────────────────────────────────────────────────────────────────────

  /**
   * Appends a record to the open batch of a partition. "batch_full": seal it, then again.
   * "no_slot": seal any, then again. "too_large": no batch could hold it.
   */
  append(handle: number, record: RecordParts): AppendStatus {
    assertHandle(handle);
    const { key = null, value, headers = NO_HEADERS } = record;
    const encoded = headers instanceof Uint8Array ? headers : encodeHeaders(headers);
    const keySize = key === null ? -1 : key.length;
    const valueSize = value === null ? -1 : value.length;
    const valueAt = this.#map.IN + Math.max(keySize, 0);
    const headersAt = valueAt + Math.max(valueSize, 0);
    if (headersAt + encoded.length - this.#map.IN > this.#map.IN_BYTES) return "too_large";
    if (key !== null) this.#memory.set(key, this.#map.IN);
    if (value !== null) this.#memory.set(value, valueAt);
    this.#memory.set(encoded, headersAt);
    return appendStatus(
      this.#core.append(
        handle,
        record.timestamp,
        this.#map.IN,
        keySize,
        valueAt,
        valueSize,
        headersAt,
        encoded.length,
        record.wanted === false ? 0 : 1,
      ),
    );
  }

  /** Appends a record for each line of `bytes`, ended by LF or CRLF; empty ones are skipped. */
  appendLines(handle: number, bytes: Uint8Array, options: LineOptions): LinesAppended {
    return this.#text.appendLines(handle, bytes, options);
  }

  /** Records in the open batch of a partition; 0 where there is none. */
  openRecords(handle: number): number {
    return this.#core.openCount(handle);
  }

  /** Bytes of the open batch of a partition as yet uncompressed; 0 if there is none. */
  openBytes(handle: number): number {
    return this.#core.openSize(handle);
  }

  /** The partitions that have an open batch. */
  openHandles(): number[] {
    const count = this.#core.openHandles(this.#map.TABLE);
    return Array.from(this.#table.subarray(0, count));
  }

  /**
   * Closes the open batch of a partition and frees its slot: offsets from `baseOffset`, the log's
   * identity, LZ4 where it is asked for and saves an eighth, the checksum.
   */
  seal(handle: number, stamp: SealStamp): Uint8Array<ArrayBuffer> {
    const { baseOffset, logId } = stamp;
    const count = this.#core.openCount(handle);
    assert(count > 0, "a batch that is sealed has records");
    assert(LOG_ID.test(logId), "a log id is a positive 63-bit number in hex");
    assert(baseOffset >= 0 && baseOffset < BASE_OFFSET_MAX, "the producer epoch fits its field");
    assert(
      baseOffset % SEQUENCES_PER_EPOCH + count <= SEQUENCES_PER_EPOCH,
      "no batch straddles a multiple of 2^31 offsets",
    );
    this.sealed.rawBytes += this.#core.openSize(handle);
    const size = this.#core.seal(
      handle,
      baseOffset,
      stamp.leaderEpoch,
      parseInt(logId.slice(0, 8), 16),
      parseInt(logId.slice(8), 16),
      stamp.compression === "lz4" ? 1 : 0,
    );
    this.sealed.bytes += size;
    this.sealed.wanted = this.#result[1]! !== 0;
    const start = this.#result[0]!;
    return this.#memory.slice(start, start + size);
  }

  /** Drops the open batch of a partition, if there is one. */
  discard(handle: number): void {
    this.#core.discard(handle);
  }

  // ── text ─────────────────────────────────────────────────────────────────────────────────────

  /** Position of the first line that is not one JSON value; -1 where all are. */
  badJsonLine(bytes: Uint8Array): number {
    return this.#text.badJsonLine(bytes);
  }

  /** Position behind the JSON value at `from`, white space before it skipped; or BAD_JSON. */
  jsonValueEnd(bytes: Uint8Array, from: number): number {
    return this.#text.jsonValueEnd(bytes, from);
  }

  /** Begin and end of each element of the JSON array that fills `bytes`; BAD_JSON or TOO_LARGE. */
  jsonElements(bytes: Uint8Array): Uint32Array | number {
    return this.#text.jsonElements(bytes);
  }

  // ── codecs ───────────────────────────────────────────────────────────────────────────────────

  /** One LZ4 frame, as a batch holds it. */
  lz4Compress(bytes: Uint8Array): Uint8Array {
    assert(bytes.length <= BATCH_BYTES_MAX, "what is compressed is no larger than a batch");
    this.#copyIn(bytes);
    const { IN, OUT, OUT_BYTES } = this.#map;
    const size = this.#core.compressFrame(IN, bytes.length, OUT, OUT_BYTES);
    assert(size > 0, "what cannot be compressed is stored");
    return this.#memory.slice(OUT, OUT + size);
  }

  /** What one LZ4 frame holds; BAD_COMPRESSION where broken, TOO_LARGE where over `bytesMax`. */
  lz4Decompress(frame: Uint8Array, bytesMax = DECOMPRESSED_BYTES_MAX): Uint8Array | number {
    return this.#decompress(this.#core.decompressFrame, frame, bytesMax);
  }

  /** What a bare snappy block, or blocks in xerial's framing, hold; likewise. */
  snappyDecompress(block: Uint8Array, bytesMax = DECOMPRESSED_BYTES_MAX): Uint8Array | number {
    return this.#decompress(this.#core.decompressSnappy, block, bytesMax);
  }

  #decompress(
    decompress: CoreExports["decompressFrame"],
    packed: Uint8Array,
    bytesMax: number,
  ): Uint8Array | number {
    const { IN, IN_BYTES, BIG, BIG_BYTES } = this.#map;
    if (packed.length > IN_BYTES) return Status.TOO_LARGE;
    this.#copyIn(packed);
    const size = decompress(IN, packed.length, BIG, Math.min(bytesMax, BIG_BYTES));
    return size < 0 ? size : this.#memory.slice(BIG, BIG + size);
  }

  // ── MQTT ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Appends the plain PUBLISH packets at the head of `chunk` to the open batches of their routes.
   * The caller deals with the packet at `consumed`, then calls again with what is behind it.
   */
  ingest(chunk: Uint8Array, session: IngestSession): IngestResult {
    const { IN, IN_BYTES, OUT } = this.#map;
    const size = Math.min(chunk.length, IN_BYTES);
    this.#memory.set(size === chunk.length ? chunk : chunk.subarray(0, size), IN);
    if (
      session.recordHeaders0 !== this.#headers0 || session.recordHeaders1 !== this.#headers1
    ) this.#setSessionHeaders(session.recordHeaders0, session.recordHeaders1);

    const version = session.protocolVersion;
    const status = this.#core.ingest(IN, size, version, session.nowMs, session.packetBytesMax);
    const result = this.#result;
    const ingested = this.#ingested;
    ingested.status = ingestStatus(status);
    ingested.consumed = result[0]!;
    ingested.acks = result[1]! > 0 ? this.#memory.slice(OUT, OUT + result[1]!) : NO_BYTES;
    ingested.records = result[2]!;
    ingested.bytes = result[3]!;
    ingested.touched = [];
    for (let nth = 0; nth < result[4]!; nth++) ingested.touched.push(this.#touched[nth]!);
    ingested.handle = result[5]!;
    ingested.packetBytes = result[6]!;
    return ingested;
  }

  #setSessionHeaders(headers0: EncodedHeaders, headers1: EncodedHeaders): void {
    const { SESSION_HEADERS_0, SESSION_HEADERS_1, SESSION_HEADERS_BYTES } = this.#map;
    assert(headers0.length <= SESSION_HEADERS_BYTES, "a session's record headers fit the core");
    assert(headers1.length <= SESSION_HEADERS_BYTES, "a session's record headers fit the core");
    this.#memory.set(headers0, SESSION_HEADERS_0);
    this.#memory.set(headers1, SESSION_HEADERS_1);
    this.#core.setSessionHeaders(headers0.length, headers1.length);
    this.#headers0 = headers0;
    this.#headers1 = headers1;
  }

  #copyIn(bytes: Uint8Array): void {
    assert(bytes.length <= this.#map.IN_BYTES, "what is copied in fits the core");
    this.#memory.set(bytes, this.#map.IN);
  }
}

function assertHandle(handle: number): void {
  assert(handle >= 0 && handle < PARTITIONS_MAX, "a partition handle is within its limit");
}
