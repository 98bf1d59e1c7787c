/**
 * One answer's worth of records, from all partitions of an instance: taken from each in turn, as far
 * as the answer's size allows, beginning with another one each time, so that none waits behind one
 * that never ends.
 *
 * @module
 */
import { GAPS_PER_HEADER_MAX } from "../../../base/limits.ts";
import { REST_RECORDS_MAX } from "../../../base/rest_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { Core } from "../../../core/core.ts";
import type { Inflate } from "../../../format/codec.ts";
import type { EmbeddedFormat } from "../../../protocol/http/rest_media_type.ts";
import type { PartitionLog } from "../../../store/partition_log.ts";
import type { Topic } from "../../../store/topic.ts";
import { type LossBook, lossNamer } from "../../ledgered_losses.ts";
import { readRecordPage } from "../../record_page.ts";
import type { Position, RestGap } from "./positions.ts";
import { RecordEmbedder } from "./record_embedder.ts";

/** A partition to read from, and where. */
export interface Reading {
  readonly topic: Topic;
  readonly log: PartitionLog;
  readonly position: Position;
  readonly offset: Offset;
  /** What was missed before `offset`. */
  readonly gaps: readonly RestGap[];
}

export interface RestPageOptions {
  readonly core: Core;
  readonly inflate: Inflate;
  /** Knows what was lost before it came here. */
  readonly losses: LossBook;
  readonly format: EmbeddedFormat;
  /** Bytes of keys and values, roughly; one record is always taken. */
  readonly maxBytes: number;
}

export interface RestPage {
  /** Each as JSON. */
  readonly records: readonly string[];
  readonly gaps: readonly RestGap[];
  readonly bytes: number;
  /** Where each partition was read up to; those it had no room for are not among them. */
  readonly ends: readonly { readonly reading: Reading; readonly offset: Offset }[];
}

/**
 * @throws {OperatingError} 40602 where the next record of a partition is not of the format: none is
 * left out unknown to the reader
 */
export async function readRestPage(
  readings: readonly Reading[],
  { core, inflate, losses, format, maxBytes }: RestPageOptions,
): Promise<RestPage> {
  const embedder = new RecordEmbedder(format, core);
  const records: string[] = [];
  const gaps: RestGap[] = [];
  const ends = [];
  let bytes = 0;
  for (const reading of readings) {
    const room = maxBytes - bytes;
    if (room <= 0 || records.length >= REST_RECORDS_MAX || gaps.length >= GAPS_PER_HEADER_MAX) {
      break;
    }
    gaps.push(...reading.gaps);
    const page = await readRecordPage(reading.log, reading.offset, {
      ...{ core, inflate },
      maxBytes: room,
      maxRecords: REST_RECORDS_MAX - records.length,
      lossesBefore: lossNamer(losses),
    });
    let end = page.nextOffset;
    const tooMany = page.gaps[GAPS_PER_HEADER_MAX - gaps.length];
    if (tooMany !== undefined) end = tooMany.from;
    for (const record of page.records) {
      if (record.offset >= end) break;
      const embedded = embedder.embed(record);
      if (embedded === null) {
        if (record.offset === page.records[0]!.offset) throw embedder.refusalOf(record);
        end = record.offset;
        break;
      }
      records.push(embedded.json);
      bytes += embedded.bytes;
    }
    const { topic: { name: topic }, log: { index: partition } } = reading;
    for (const gap of page.gaps) {
      if (gap.from < end || end === page.nextOffset) gaps.push({ topic, ...gap, partition });
    }
    ends.push({ reading, offset: end });
  }
  return { records, gaps, bytes, ends };
}
