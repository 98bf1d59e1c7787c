/**
 * Whether a record fits, asked before anything of its request is appended: a request is taken whole
 * or not at all.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { BATCH_BYTES_MAX, BATCH_HEADER_BYTES, RECORD_HEADERS_MAX } from "../../base/limits.ts";
import { type BodyRecord, malformed } from "../../protocol/http/produce_body.ts";
import type { TopicSettings } from "../../store/settings.ts";

/** What a record may take beside key, value and headers: Kafka's own bound. */
const RECORD_OVERHEAD_BYTES = 21;

/** Two length varints. */
const HEADER_OVERHEAD_BYTES = 10;

/** The same for a record with a value and a key only. */
export function plainRecordBytes(valueBytes: number, keyBytes: number): number {
  return RECORD_OVERHEAD_BYTES + valueBytes + keyBytes;
}

/** Bytes a record takes in a batch, at most. */
export function recordBytes({ key, value, headers }: BodyRecord): number {
  let bytes = plainRecordBytes(value?.length ?? 0, key?.length ?? 0);
  for (const [name, value] of headers) {
    // A UTF-16 unit is at most three bytes of UTF-8.
    bytes += HEADER_OVERHEAD_BYTES + 3 * name.length + (value?.length ?? 0);
  }
  return bytes;
}

/** The largest record of a topic: its `max_message_bytes` bounds the batch around it. */
export function recordBytesMax({ maxMessageBytes }: TopicSettings): number {
  return Math.min(maxMessageBytes, BATCH_BYTES_MAX) - BATCH_HEADER_BYTES;
}

/** @throws {OperatingError} record_too_large or malformed_body that names the record, from 0. */
export function checkRecord(record: BodyRecord, bytesMax: number, index: number): void {
  checkRecordSize(recordBytes(record), bytesMax, index);
  if (record.headers.length <= RECORD_HEADERS_MAX) return;
  throw malformed(`record ${index} has over ${RECORD_HEADERS_MAX} headers`, { record: index });
}

/** @throws {OperatingError} record_too_large that names the record, from 0, or the longest. */
export function checkRecordSize(bytes: number, bytesMax: number, index: number | "longest"): void {
  if (bytes <= bytesMax) return;
  throw new OperatingError(
    "record_too_large",
    `Cannot append record ${index} of the request: it takes ${bytes} bytes, ${bytesMax} at most`,
    { record: index, bytes, limit: bytesMax },
  );
}
