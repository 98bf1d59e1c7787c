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
import { PRODUCE_RECORDS_MAX } from "../../base/limits.ts";
import type { TimestampMs } from "../../base/types.ts";
import { cborArrayElements, cborItemEnd } from "./cbor_item.ts";
import { MediaType } from "./media_type.ts";

export type HeaderPair = readonly [string, Uint8Array | null];

export interface BodyRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderPair[];
  /** Null: when it was received. */
  readonly timestamp: TimestampMs | null;
}

/** Finds where JSON ends; the core is one. */
export interface JsonScanner {
  /** The end of the JSON value that begins at `from`, or a negative number where none does. */
  jsonValueEnd(bytes: Uint8Array, from: number): number;
}

const LF = 0x0a;
const CR = 0x0d;
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
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
      return lines(body).map(({ value }) => value);
    case MediaType.octets:
      return [body];
  }
}

export function jsonElements(body: Uint8Array, scanner: JsonScanner): Uint8Array[] {
  const bom = byteOrderMarkEnd(body);
  const start = skipSpace(body, bom);
  if (body[start] === OPEN) return jsonArray(body, start, scanner);
  const end = valueEnd(body, start, scanner);
  expectEnd(body, end);
  // A mark before a single value is part of what was sent; before an array it is no element's.
  return [body.subarray(bom > 0 ? 0 : start, end)];
}

function jsonArray(body: Uint8Array, open: number, scanner: JsonScanner): Uint8Array[] {
  const elements: Uint8Array[] = [];
  let at = skipSpace(body, open + 1);
  if (body[at] === CLOSE) throw malformed("the array is empty");
  for (;;) {
    const end = valueEnd(body, at, scanner, elements.length);
    elements.push(body.subarray(at, end));
    checkCount(elements.length);
    at = skipSpace(body, end);
    if (body[at] === CLOSE) break;
    if (body[at] !== COMMA) {
      throw malformed(`expected "," or "]" at position ${at}`, { position: at });
    }
    at = skipSpace(body, at + 1);
  }
  expectEnd(body, at + 1);
  return elements;
}

function jsonLines(body: Uint8Array, scanner: JsonScanner): Uint8Array[] {
  return lines(body).map(({ value, number }, index) => {
    const start = skipSpace(value, index === 0 ? byteOrderMarkEnd(value) : 0);
    const end = scanner.jsonValueEnd(value, start);
    if (end >= 0 && skipSpace(value, end) === value.length) return value;
    throw malformed(`line ${number} is not one JSON value`, { line: number });
  });
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

interface Line {
  readonly value: Uint8Array;
  /** From 1, empty lines counted: as an editor would. */
  readonly number: number;
}

/** Lines that are not empty, without their ends. */
function lines(body: Uint8Array): Line[] {
  const found: Line[] = [];
  for (let from = 0, number = 1; from < body.length; number++) {
    const lf = body.indexOf(LF, from);
    const end = lf < 0 ? body.length : lf;
    const to = end > from && body[end - 1] === CR ? end - 1 : end;
    if (to > from) {
      found.push({ value: body.subarray(from, to), number });
      checkCount(found.length);
    }
    from = end + 1;
  }
  if (found.length === 0) throw malformed("it has no line with anything in it");
  return found;
}

function valueEnd(body: Uint8Array, at: number, scanner: JsonScanner, element?: number): number {
  const end = at < body.length ? scanner.jsonValueEnd(body, at) : -1;
  if (end >= 0) return end;
  const what = element === undefined ? "no JSON value" : `element ${element} is no JSON value`;
  throw malformed(`${what} at position ${at}`, {
    position: at,
    ...(element === undefined ? undefined : { element }),
  });
}

function expectEnd(body: Uint8Array, end: number, what = "JSON value"): void {
  const rest = what === "JSON value" ? skipSpace(body, end) : end;
  if (rest === body.length) return;
  throw malformed(`more follows the ${what} at position ${rest}`, { position: rest });
}

/** @throws {OperatingError} body_too_large when one request holds more records than a request may. */
export function checkCount(records: number): void {
  if (records <= PRODUCE_RECORDS_MAX) return;
  throw new OperatingError(
    "body_too_large",
    `Cannot take body: it holds more than ${PRODUCE_RECORDS_MAX} records`,
    { records_max: PRODUCE_RECORDS_MAX },
  );
}

/** The first position from `from` on that holds no JSON white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== LF && byte !== CR && byte !== 0x09) break;
  }
  return at;
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
