/**
 * Raw Kafka record batches from a client to records. Only `/v1/replication/*` keeps the identity of
 * a batch; this door reads the records out, and they are made durable as this node's own.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { DECOMPRESSED_BYTES_MAX, PRODUCE_DECODED_BYTES_MAX } from "../../base/limits.ts";
import type { Core } from "../../core/core.ts";
import { Status, statusName } from "../../core/status.ts";
import { type Inflate, inflatedRecords, isTransactional } from "../../format/codec.ts";
import { HEADER_SIZE, readBatchHeader } from "../../format/record_batch.ts";
import { type BodyRecord, checkCount, malformed } from "../../protocol/http/produce_body.ts";
import { recordBytes } from "./record_size.ts";

export interface BatchesBodyOptions {
  readonly core: Core;
  readonly inflate: Inflate;
}

/** @throws {OperatingError} malformed_body with the batch and position, or body_too_large. */
export function readBatches(body: Uint8Array, options: BatchesBodyOptions): BodyRecord[] {
  if (body.length === 0) throw malformed("it is empty");
  const records: BodyRecord[] = [];
  let decodedBytes = 0;
  for (let position = 0, batch = 0; position < body.length; batch++) {
    const place = { batch, position };
    const size = options.core.verifyBatch(body.subarray(position));
    if (size < 0) throw malformed(`batch ${batch}: ${statusName(size)}`, place);
    for (const record of readBatch(body.subarray(position, position + size), place, options)) {
      decodedBytes += recordBytes(record);
      records.push(record);
    }
    checkCount(records.length);
    checkDecoded(decodedBytes);
    position += size;
  }
  return records;
}

interface Place {
  readonly batch: number;
  readonly position: number;
}

function readBatch(
  batch: Uint8Array,
  place: Place,
  { core, inflate }: BatchesBodyOptions,
): readonly BodyRecord[] {
  const { attributes, recordsCount } = readBatchHeader(batch);
  if (isTransactional(attributes)) {
    throw malformed(`batch ${place.batch} is of a transaction`, { ...place });
  }
  checkCount(recordsCount);
  let inflated: Uint8Array | undefined;
  try {
    inflated = inflatedRecords(
      { attributes, records: batch.subarray(HEADER_SIZE) },
      inflate,
      DECOMPRESSED_BYTES_MAX,
    );
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    throw malformed(`batch ${place.batch}: ${error.message}`, { ...place });
  }
  const status = core.validateRecords(batch, inflated);
  if (status !== Status.OK) {
    throw malformed(`batch ${place.batch}: ${statusName(status)}`, { ...place });
  }
  return core.decode(batch, inflated);
}

function checkDecoded(bytes: number): void {
  if (bytes <= PRODUCE_DECODED_BYTES_MAX) return;
  throw new OperatingError(
    "body_too_large",
    `Cannot take body: its batches hold over ${PRODUCE_DECODED_BYTES_MAX} bytes decompressed`,
    { limit: PRODUCE_DECODED_BYTES_MAX },
  );
}
