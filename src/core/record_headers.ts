/**
 * Record headers in the bytes that a record ends with.
 *
 *     headersCount  varint
 *     headers       each: nameSize varint, name, valueSize varint (-1 for null), value
 *
 * Encoded once for a session or a request and shared by all its records.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { concat, utf8 } from "../base/bytes.ts";
import { RECORD_HEADERS_MAX } from "../base/limits.ts";
import type { RecordHeader } from "./record.ts";

const NAMES = new TextDecoder("utf-8", { ignoreBOM: true });

/** The count and the headers, as they lie in a record. */
export type EncodedHeaders = Uint8Array;

/** No headers: a count of zero. */
export const NO_HEADERS: EncodedHeaders = new Uint8Array(1);

export function encodeHeaders(headers: readonly RecordHeader[]): EncodedHeaders {
  if (headers.length === 0) return NO_HEADERS;
  assert(headers.length <= RECORD_HEADERS_MAX, "the record's headers are within their limit");
  const parts: Uint8Array[] = [varint(headers.length)];
  for (const [name, value] of headers) {
    const nameBytes = utf8(name);
    parts.push(varint(nameBytes.length), nameBytes, varint(value === null ? -1 : value.length));
    if (value !== null) parts.push(value);
  }
  return concat(parts);
}

/** What `encodeHeaders` made, kept somewhere and read again: of damaged bytes as far as they go. */
export function decodeHeaders(encoded: EncodedHeaders): RecordHeader[] {
  let at = 0;
  const varint = (): number => {
    let zigzag = 0;
    for (let shift = 1; at < encoded.length; shift *= 128) {
      const byte = encoded[at++]!;
      zigzag += (byte & 127) * shift;
      if (byte < 128) break;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  };
  const bytes = (size: number) => encoded.subarray(at, at = Math.min(at + size, encoded.length));
  const headers: RecordHeader[] = [];
  for (let count = varint(); count > 0 && at < encoded.length; count--) {
    const name = NAMES.decode(bytes(Math.max(varint(), 0)));
    const valueSize = varint();
    headers.push([name, valueSize < 0 ? null : bytes(valueSize)]);
  }
  return headers;
}

/** Zigzag, then seven bits a byte; `value` from -1 up. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let zigzag = value < 0 ? 1 : value * 2;
  for (; zigzag > 127; zigzag = Math.floor(zigzag / 128)) bytes.push((zigzag % 128) + 128);
  bytes.push(zigzag);
  return Uint8Array.from(bytes);
}
