/**
 * A produce request, read and checked, before anything of it is appended: its records, or its lines
 * as they came, which go to the core without becoming objects.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { isOperatingError, OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import type { Core } from "../../core/core.ts";
import type { Inflate } from "../../format/codec.ts";
import { bodyMediaType, MediaType } from "../../protocol/http/media_type.ts";
import {
  type BodyRecord,
  bodyValues,
  checkLines,
  malformed,
} from "../../protocol/http/produce_body.ts";
import { Query } from "../../protocol/http/query.ts";
import { readRecordForms } from "../../protocol/http/record_form.ts";
import { checkTopicName } from "../../store/topic.ts";
import { readBatches } from "./batches_body.ts";
import { type ProducerSequence, producerSequenceOf } from "./producer_headers.ts";

export const PRODUCE_TYPES = [
  MediaType.json,
  MediaType.ndjson,
  MediaType.cbor,
  MediaType.text,
  MediaType.octets,
  MediaType.records,
  MediaType.batches,
] as const;

export type ProduceType = typeof PRODUCE_TYPES[number];

/** What is known of a request before its body is read. */
export interface ProduceHead {
  readonly topic: string;
  readonly type: ProduceType;
  readonly encoding: "identity" | "gzip" | "zstd";
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly producer: ProducerSequence | null;
}

export type ProduceBody =
  /** Lines that are known to be good, all with the request's key. */
  | { readonly kind: "lines"; readonly bytes: Uint8Array; readonly longestLine: number }
  | { readonly kind: "records"; readonly records: readonly BodyRecord[] };

/** @throws {OperatingError} invalid_argument, invalid_topic, unsupported_media_type */
export function readProduceHead(request: Request, topic: string): ProduceHead {
  const query = new Query(request.url, ["partition", "key"]);
  checkTopicName(topic);
  if (topic.startsWith("__")) {
    throw new OperatingError(
      "invalid_topic",
      `Cannot append to ${topic}: "__" marks internal ones`,
    );
  }
  const { headers } = request;
  const key = query.text("key");
  return {
    topic,
    type: bodyMediaType(headers.get("content-type"), PRODUCE_TYPES),
    encoding: encodingOf(headers.get("content-encoding")),
    partition: query.integer("partition", { min: 0, max: PARTITIONS_MAX - 1 }),
    key: key === undefined ? null : utf8(key),
    producer: producerSequenceOf(headers),
  };
}

export interface ReadBodyOptions {
  readonly core: Core;
  readonly inflate: Inflate;
  readonly bodyBytesMax: number;
}

/** @throws {OperatingError} malformed_body, body_too_large */
export function readProduceBody(
  head: ProduceHead,
  sent: Uint8Array,
  { core, inflate, bodyBytesMax }: ReadBodyOptions,
): ProduceBody {
  const body = head.encoding === "identity"
    ? sent
    : inflated(head.encoding, sent, { inflate, bodyBytesMax });
  const { type, key } = head;
  if (type === MediaType.batches) {
    return { kind: "records", records: withKey(readBatches(body, { core, inflate }), key) };
  }
  if (type === MediaType.records) {
    return { kind: "records", records: withKey(readRecordForms(body, core), key) };
  }
  if (head.producer === null && (type === MediaType.ndjson || type === MediaType.text)) {
    const { longest } = checkLines(type, body, core);
    return { kind: "lines", bytes: body, longestLine: longest };
  }
  const values = bodyValues(type, body, core);
  const records = values.map((value) => ({ key, value, headers: [], timestamp: null }));
  return { kind: "records", records };
}

function withKey(records: readonly BodyRecord[], key: Uint8Array | null): readonly BodyRecord[] {
  if (key === null) return records;
  return records.map((record) => record.key === null ? { ...record, key } : record);
}

/** @throws {OperatingError} unsupported_media_type */
export function encodingOf(header: string | null): ProduceHead["encoding"] {
  const encoding = header?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "gzip" || encoding === "zstd") return encoding;
  throw new OperatingError(
    "unsupported_media_type",
    `Cannot take content encoding "${encoding.slice(0, 40)}": expected identity, gzip or zstd`,
    { accepted: ["identity", "gzip", "zstd"] },
  );
}

/** @throws {OperatingError} malformed_body, body_too_large */
export function inflated(
  encoding: "gzip" | "zstd",
  body: Uint8Array,
  { inflate, bodyBytesMax }: Pick<ReadBodyOptions, "inflate" | "bodyBytesMax">,
): Uint8Array {
  if (body.length === 0) throw malformed("it is empty");
  try {
    return inflate(encoding, body, bodyBytesMax);
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    if (error.detail.limit === undefined) throw malformed(error.message);
    throw new OperatingError(
      "body_too_large",
      `Cannot take a body of more than ${bodyBytesMax} bytes when inflated`,
      { limit: bodyBytesMax },
    );
  }
}
