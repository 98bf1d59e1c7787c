/**
 * A page of records as a reader wants it. One model, three representations:
 *
 *   record   {topic, partition, offset, timestamp, key, value, headers: [{key, value}], source?}
 *   bytes    `value`, or in JSON, where they are no UTF-8, `value_base64`; the same for `key`.
 *            In CBOR always `value`: a text string where they are UTF-8, else a byte string.
 *   gap      {partition?, from, to, reason, source?}: offsets that stay assigned and hold no records;
 *            with `source` and no offsets: records of that log that were lost before they came here
 *
 *   application/json      {records: [...], gaps: [...], ...rest of the page}
 *   application/cbor      the same
 *   application/x-ndjson  a line a record; {"gap": {...}} where a gap lies; the rest is in headers
 *
 * @module
 */
import { Encoder } from "cbor-x";
import { utf8 } from "../../base/bytes.ts";
import type { LogId, Offset, TimestampMs } from "../../base/types.ts";
import { MediaType } from "./media_type.ts";
import type { HeaderPair } from "./produce_body.ts";

/** Where a record first became durable. */
export interface RecordSource {
  /** Name of the gateway, or null where this node knows the log by its id only. */
  readonly gateway: string | null;
  readonly log_id: LogId;
  readonly partition: number | null;
  readonly offset: Offset;
}

export interface PageRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  readonly timestamp: TimestampMs;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderPair[];
  readonly source?: RecordSource;
}

export interface PageGap {
  readonly partition?: number;
  readonly from: Offset;
  readonly to: Offset;
  readonly reason: string;
  /**
   * Which records are missing, by the offsets of their log: in the order of source, where these
   * offsets hold others too, and where they were lost before they came here. Then there is an end, and
   * `from` and `to` are both where they would have been.
   */
  readonly source?: { readonly log_id: LogId; readonly from: Offset; readonly to?: Offset };
}

export interface Page {
  readonly records: readonly PageRecord[];
  readonly gaps: readonly PageGap[];
  /** What else stands beside them: `next_offset`, `high_watermark`, `cursor` ... */
  readonly rest: Readonly<Record<string, string | number | null>>;
}

export type PageType =
  | typeof MediaType.json
  | typeof MediaType.ndjson
  | typeof MediaType.cbor;

export function encodePage(type: PageType, page: Page): Uint8Array<ArrayBuffer> {
  switch (type) {
    case MediaType.json:
      return utf8(JSON.stringify(pageModel(page, jsonBytes)));
    case MediaType.cbor:
      return encodeCbor(pageModel(page, cborBytes));
    case MediaType.ndjson:
      return utf8(ndjson(page));
  }
}

/** One record as it stands in a page of JSON. */
export function recordJson(record: PageRecord): string {
  return JSON.stringify(recordModel(record, jsonBytes));
}

/**
 * Any JSON-like value as CBOR: bytes as byte strings, plain maps. Integers beyond 32 bits are
 * written as float64, which holds every offset and timestamp exactly: as 64-bit integers they would
 * reach JavaScript readers as bigints.
 */
export function encodeCbor(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(value));
}

const encoder = new Encoder({ useRecords: false, tagUint8Array: false, variableMapSize: true });
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Puts bytes under `name` into `target`, in a representation's own way. */
type BytesWriter = (
  target: Record<string, unknown>,
  name: string,
  bytes: Uint8Array | null,
) => void;

function pageModel({ records, gaps, rest }: Page, write: BytesWriter): unknown {
  return { records: records.map((record) => recordModel(record, write)), gaps, ...rest };
}

function recordModel(record: PageRecord, write: BytesWriter): Record<string, unknown> {
  const model: Record<string, unknown> = {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
  };
  write(model, "key", record.key);
  write(model, "value", record.value);
  model["headers"] = record.headers.map(([key, value]) => {
    const header: Record<string, unknown> = { key };
    write(header, "value", value);
    return header;
  });
  if (record.source !== undefined) model["source"] = record.source;
  return model;
}

function jsonBytes(target: Record<string, unknown>, name: string, bytes: Uint8Array | null): void {
  const text = textOf(bytes);
  if (text === undefined) target[`${name}_base64`] = bytes!.toBase64();
  else target[name] = text;
}

function cborBytes(target: Record<string, unknown>, name: string, bytes: Uint8Array | null): void {
  const text = textOf(bytes);
  target[name] = text === undefined ? bytes : text;
}

/** The text, null for none, undefined where the bytes are no UTF-8. */
function textOf(bytes: Uint8Array | null): string | null | undefined {
  if (bytes === null) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Gaps stand where they lie: before the first record behind them. */
function ndjson({ records, gaps }: Page): string {
  const lines: string[] = [];
  const waiting = [...gaps];
  const writeGaps = (record?: PageRecord) => {
    for (let at = 0; at < waiting.length;) {
      const gap = waiting[at]!;
      const behind = record === undefined ||
        ((gap.partition ?? record.partition) === record.partition && gap.to <= record.offset);
      if (behind) lines.push(JSON.stringify({ gap: waiting.splice(at, 1)[0] }), "\n");
      else at++;
    }
  };
  for (const record of records) {
    if (waiting.length > 0) writeGaps(record);
    lines.push(recordJson(record), "\n");
  }
  writeGaps();
  return lines.join("");
}
