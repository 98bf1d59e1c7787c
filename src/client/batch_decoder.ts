/**
 * Record batches as they lie on the node's disk: checked by their own CRC-32C, and taken apart, by
 * the very WASM core the node uses.
 *
 * @module
 */
import { DECOMPRESSED_BYTES_MAX } from "../base/limits.ts";
import { messageOf } from "../base/errors.ts";
import { Core } from "../core/core.ts";
import type { DecodedRecord } from "../core/record.ts";
import { statusName } from "../core/status.ts";
import { codecOf } from "../format/codec.ts";
import { HEADER_SIZE, readBatchHeader } from "../format/record_batch.ts";
import { coreBytes } from "./core_bytes.ts";
import { LogRecord } from "./log_record.ts";
import { LogboomError } from "./logboom_error.ts";

/**
 * What is known of a batch without looking into it.
 *
 * @example Where a batch began its life
 * ```ts
 * import { BatchDecoder, type BatchInfo } from "@logboom/client";
 *
 * const decoder = await BatchDecoder.load();
 * const show = ({ logId, sourceOffset, crc }: BatchInfo) => console.log(logId, sourceOffset, crc);
 * decoder.verify(new Uint8Array()).forEach(show);
 * ```
 */
export interface BatchInfo {
  /** Offset of its first record. */
  readonly baseOffset: number;
  /** Offset of its last. */
  readonly lastOffset: number;
  /** Bytes of all of it. */
  readonly sizeBytes: number;
  /** Records in it. */
  readonly recordsCount: number;
  /** Its CRC-32C: what the node that made it durable first computed, over any number of hops. */
  readonly crc: number;
  /** The log it began its life in: one run of one partition of one gateway. */
  readonly logId: string;
  /** Offset of its first record there. */
  readonly sourceOffset: number;
}

/**
 * Where records come from.
 *
 * @example Decode bytes that were kept
 * ```ts
 * import { BatchDecoder, type BatchPlace } from "@logboom/client";
 *
 * const place: BatchPlace = { topic: "logs", partition: 0 };
 * const records = await (await BatchDecoder.load()).decode(new Uint8Array(), place);
 * console.log(records.length);
 * ```
 */
export interface BatchPlace {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
}

/**
 * Checks and decodes what `application/vnd.logboom.batches` carries: record batches in Kafka's
 * format. The client does all this for you where you say `verify: true`.
 *
 * @example Check bytes that were kept
 * ```ts
 * import { BatchDecoder, Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const bytes = await client.batches("logs", { partition: 0, offset: "earliest" });
 * const decoder = await BatchDecoder.load();
 * for (const batch of decoder.verify(bytes)) {
 *   console.log(batch.baseOffset, batch.recordsCount, batch.crc.toString(16));
 * }
 * ```
 */
export class BatchDecoder {
  readonly #core: Core;

  private constructor(core: Core) {
    this.#core = core;
  }

  /** Compiles the core; it is kept, so that the next call costs nothing. */
  static load(): Promise<BatchDecoder> {
    loaded ??= coreBytes().then((wasm) => new BatchDecoder(Core.create(wasm)));
    return loaded;
  }

  /**
   * Every batch of `bytes`, its checksum verified.
   *
   * @throws {LogboomError} `corrupt_batch`, with the position of the first that is damaged or cut.
   */
  verify(bytes: Uint8Array): BatchInfo[] {
    return [...this.#batches(bytes)].map((batch) => {
      const { baseOffset, lastOffset, sizeBytes, recordsCount, crc, logId, sourceOffset } =
        readBatchHeader(batch);
      return { baseOffset, lastOffset, sizeBytes, recordsCount, crc, logId, sourceOffset };
    });
  }

  /**
   * The records of all batches of `bytes`, each batch's checksum verified first.
   *
   * @throws {LogboomError} `corrupt_batch`
   */
  async decode(bytes: Uint8Array, place: BatchPlace): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (const batch of this.#batches(bytes)) {
      const inflated = await inflate(batch);
      for (const decoded of this.#decodeOne(batch, inflated)) {
        records.push(recordOf(decoded, place));
      }
    }
    return records;
  }

  #decodeOne(batch: Uint8Array, inflated: Uint8Array | undefined): DecodedRecord[] {
    try {
      return this.#core.decode(batch, inflated);
    } catch (error) {
      throw corrupt(messageOf(error), { base_offset: readBatchHeader(batch).baseOffset });
    }
  }

  *#batches(bytes: Uint8Array): Generator<Uint8Array, void, void> {
    for (let position = 0; position < bytes.length;) {
      const size = this.#core.verifyBatchAt(bytes, position);
      if (size < 0) {
        const at = `the batch at position ${position} of ${bytes.length} bytes`;
        throw corrupt(`Cannot read ${at}: ${statusName(size)}`, { position });
      }
      yield bytes.subarray(position, position + size);
      position += size;
    }
  }
}

let loaded: Promise<BatchDecoder> | undefined;

function recordOf(decoded: DecodedRecord, place: BatchPlace): LogRecord {
  return new LogRecord({
    ...place,
    offset: decoded.offset,
    timestamp: decoded.timestamp,
    key: decoded.key,
    value: decoded.value,
    headers: decoded.headers.map(([key, value]) => ({ key, value })),
  });
}

/** The records where the platform has to inflate them: gzip and zstd. */
async function inflate(batch: Uint8Array): Promise<Uint8Array | undefined> {
  const codec = codecOf(readBatchHeader(batch).attributes);
  if (codec !== "gzip" && codec !== "zstd") return undefined;
  let stream: DecompressionStream;
  try {
    stream = new DecompressionStream(codec as CompressionFormat);
  } catch {
    throw new LogboomError(
      "unsupported_codec",
      `Cannot inflate ${codec}: this platform does not know it; read without verify`,
    );
  }
  try {
    return await inflated(batch.slice(HEADER_SIZE), stream);
  } catch (error) {
    throw error instanceof LogboomError ? error : corrupt(messageOf(error), { codec });
  }
}

async function inflated(
  bytes: Uint8Array<ArrayBuffer>,
  stream: DecompressionStream,
): Promise<Uint8Array> {
  const output = new Uint8Array(DECOMPRESSED_BYTES_MAX);
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return output.slice(0, size);
    if (size + value.length > output.length) {
      await reader.cancel();
      throw corrupt("Cannot inflate a batch: it would be too large", {});
    }
    output.set(value, size);
    size += value.length;
  }
}

function corrupt(message: string, detail: Record<string, unknown>): LogboomError {
  return new LogboomError("corrupt_batch", message, { detail });
}
