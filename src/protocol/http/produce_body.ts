/**
 * A request body to records. Bytes in are bytes out: an element of a JSON or CBOR array is stored
 * as the bytes it was sent as, never decoded and written again, and no byte order mark is dropped.
 *
 *   application/json          a value: one record; an array: one record for each element
 *   application/x-ndjson      a line a record, LF or CRLF ended; each a JSON value; empty ones skipped
 *   application/cbor          a value: one record; an array: one record for each element
 *   text/plain                a line a record, LF or CRLF ended; empty lines skipped
 *   application/octet-stream  one record
 *
 * (application/vnd.logboom.records+json is record_form.ts's; raw batches need the core.)
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { PRODUCE_LINES_MAX, PRODUCE_RECORDS_MAX } from "../../base/limits.ts";
import type { TimestampMs } from "../../base/types.ts";
import { cborArrayElements, cborItemEnd } from "./cbor_item.ts";
import { skipSpace } from "./json_source.ts";
import { MediaType } from "./media_type.ts";

export type HeaderPair = readonly [string, Uint8Array | null];

export interface BodyRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderPair[];
  /** Null: when it was received. */
  readonly timestamp: TimestampMs | null;
}

/** Checks JSON and finds where its values lie; the core is one. */
export interface JsonScanner {
  /** The end of the JSON value at `from`, or a negative number where there is none. */
  jsonValueEnd(bytes: Uint8Array, from: number): number;
  /** Begin and end of each element of the array that fills `bytes`, in turn; or negative. */
  jsonElements(bytes: Uint8Array): Uint32Array | number;
  /** Position of the first line that is not one JSON value; -1 where all are. */
  badJsonLine(bytes: Uint8Array): number;
}

/** Up to this much of a malformed body is searched once more for the element at fault. */
const FAULT_SEARCH_BYTES_MAX = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const COMMA = 0x2c;
const OPEN = 0x5b;
const BOM = [0xef, 0xbb, 0xbf];

export type SimpleBodyType =
  | typeof MediaType.json
  | typeof MediaType.ndjson
  | typeof MediaType.cbor
  | typeof MediaType.text
  | typeof MediaType.octets;

/**
 * The value of each record, as views of `body`.
 *
 * @throws {OperatingError} malformed_body, with the line, element or position at fault.
 */
export function bodyValues(
  type: SimpleBodyType,
  body: Uint8Array,
  scanner: JsonScanner,
): Uint8Array[] {
  if (body.length === 0) throw malformed("it is empty");
  switch (type) {
    case MediaType.json:
      return jsonElements(body, scanner);
    case MediaType.ndjson:
      return jsonLines(body, scanner);
    case MediaType.cbor:
      return cborElements(body);
    case MediaType.text:
      return lines(body);
    case MediaType.octets:
      return [body];
  }
}

export function jsonElements(body: Uint8Array, scanner: JsonScanner): Uint8Array[] {
  const bom = byteOrderMarkEnd(body);
  const start = skipSpace(body, bom);
  if (body[start] === OPEN) return jsonArray(body.subarray(start), start, scanner);
  const end = start < body.length ? scanner.jsonValueEnd(body, start) : -1;
  if (end < 0) throw malformed(`no JSON value at position ${start}`, { position: start });
  expectEnd(body, skipSpace(body, end), "JSON value");
  // A mark before a single value is part of what was sent; before an array it is no element's.
  return [body.subarray(bom > 0 ? 0 : start, end)];
}

function jsonArray(array: Uint8Array, start: number, scanner: JsonScanner): Uint8Array[] {
  const ranges = scanner.jsonElements(array);
  if (typeof ranges === "number") throw faultOfArray(array, start, scanner);
  if (ranges.length === 0) throw malformed("the array is empty");
  checkCount(ranges.length / 2);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    elements.push(array.subarray(ranges[at]!, ranges[at + 1]!));
  }
  return elements;
}

/** Walks an array that is malformed, or too long, up to what is wrong with it. */
function faultOfArray(array: Uint8Array, start: number, scanner: JsonScanner): OperatingError {
  if (array.length > FAULT_SEARCH_BYTES_MAX) {
    return malformed(`not one JSON array of up to ${PRODUCE_RECORDS_MAX} elements`);
  }
  let at = skipSpace(array, 1);
  for (let element = 0;; element++) {
    const end = at < array.length ? scanner.jsonValueEnd(array, at) : -1;
    const position = start + at;
    if (end < 0) {
      return malformed(`element ${element} is no JSON value at position ${position}`, {
        element,
        position,
      });
    }
    at = skipSpace(array, end);
    if (array[at] !== COMMA) break;
    at = skipSpace(array, at + 1);
  }
  const position = start + at;
  return malformed(`expected the array to go on or end at position ${position}`, { position });
}

function jsonLines(body: Uint8Array, scanner: JsonScanner): Uint8Array[] {
  checkJsonLines(body, scanner);
  return lines(body);
}

/** A byte order mark may stand before the first line, and is kept with it. */
function checkJsonLines(body: Uint8Array, scanner: JsonScanner): void {
  const bom = byteOrderMarkEnd(body);
  const position = scanner.badJsonLine(bom > 0 ? body.subarray(bom) : body);
  if (position < 0) return;
  let line = 1;
  for (let at = body.indexOf(LF); at >= 0 && at < bom + position; at = body.indexOf(LF, at + 1)) {
    line++;
  }
  throw malformed(`line ${line} is not one JSON value`, { line });
}

/**
 * Checks lines that will be appended as they stand, without making anything of them: NDJSON's must
 * be JSON, and there must be one at least.
 *
 * @throws {OperatingError} malformed_body with the line, body_too_large
 */
export function checkLines(
  type: typeof MediaType.ndjson | typeof MediaType.text,
  body: Uint8Array,
  scanner: JsonScanner,
): { readonly records: number; readonly longest: number } {
  if (body.length === 0) throw malformed("it is empty");
  if (type === MediaType.ndjson) checkJsonLines(body, scanner);
  let records = 0;
  let longest = 0;
  for (let from = 0; from < body.length;) {
    const lf = body.indexOf(LF, from);
    const end = lf < 0 ? body.length : lf;
    const to = end > from && body[end - 1] === CR ? end - 1 : end;
    if (to > from) {
      checkCount(++records, PRODUCE_LINES_MAX);
      longest = Math.max(longest, to - from);
    }
    from = end + 1;
  }
  if (records === 0) throw malformed("it has no line with anything in it");
  return { records, longest };
}

function cborElements(body: Uint8Array): Uint8Array[] {
  const array = cborArrayElements(body, PRODUCE_RECORDS_MAX);
  if (array !== null && typeof array !== "number") checkCount(array.elements.length);
  const end = typeof array === "number" ? array : array?.end ?? cborItemEnd(body, 0);
  if (end < 0) {
    throw malformed(`CBOR is not well-formed at position ${-1 - end}`, { position: -1 - end });
  }
  expectEnd(body, end, "CBOR item");
  if (array === null || typeof array === "number") return [body];
  if (array.elements.length === 0) throw malformed("the array is empty");
  return array.elements.map(([from, to]) => body.subarray(from, to));
}

/** Lines that are not empty, without their ends. */
function lines(body: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let from = 0; from < body.length;) {
    const lf = body.indexOf(LF, from);
    const end = lf < 0 ? body.length : lf;
    const to = end > from && body[end - 1] === CR ? end - 1 : end;
    if (to > from) {
      found.push(body.subarray(from, to));
      checkCount(found.length);
    }
    from = end + 1;
  }
  if (found.length === 0) throw malformed("it has no line with anything in it");
  return found;
}

function expectEnd(body: Uint8Array, end: number, what: string): void {
  if (end === body.length) return;
  throw malformed(`more follows the ${what} at position ${end}`, { position: end });
}

/** @throws {OperatingError} body_too_large when one request holds more records than a request may. */
export function checkCount(records: number, recordsMax = PRODUCE_RECORDS_MAX): void {
  if (records <= recordsMax) return;
  throw new OperatingError(
    "body_too_large",
    `Cannot take body: it holds more than ${recordsMax} records`,
    { records_max: recordsMax },
  );
}

export function byteOrderMarkEnd(bytes: Uint8Array): number {
  return BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
}

export function malformed(
  state: string,
  detail: Readonly<Record<string, string | number>> = {},
): OperatingError {
  return new OperatingError("malformed_body", `Cannot read body: ${state}`, detail);
}
