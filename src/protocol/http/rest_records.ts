/**
 * The body of a produce request as Confluent's REST Proxy v2 and Strimzi's bridge have it:
 *
 *   {"records": [{"key": k, "value": v, "partition": 0, "timestamp": 1700000000000,
 *                 "headers": [{"key": "h", "value": "base64"}]}]}
 *
 * Everything but `records` may be left out. A key or value that is null, or not there, is none;
 * what another one is, the embedded format says (rest_media_type.ts). Of the format `json` the
 * source text is kept as it is, with its white space and the digits of its numbers.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import type { OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX, PRODUCE_RECORDS_MAX, RECORD_HEADERS_MAX } from "../../base/limits.ts";
import {
  elementsOf,
  isArray,
  isNull,
  isObject,
  isString,
  membersOf,
  skipSpace,
} from "./json_source.ts";
import {
  type BodyRecord,
  byteOrderMarkEnd,
  checkCount,
  type HeaderPair,
  jsonElements,
  type JsonScanner,
  malformed,
} from "./produce_body.ts";
import { restError, type RestErrorCode } from "./rest_error.ts";
import type { EmbeddedFormat } from "./rest_media_type.ts";

export interface RestRecord extends BodyRecord {
  /** Where it must go; null leaves it to the key. */
  readonly partition: number | null;
}

/** Fields for schemas, which are not kept here: taken where they say nothing. */
const SCHEMA_MEMBERS = ["key_schema", "key_schema_id", "value_schema", "value_schema_id"];
const RECORD_MEMBERS = ["key", "value", "partition", "timestamp", "headers"];
const HEADER_MEMBERS = ["key", "value"];

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;

type Members = ReadonlyMap<string, Uint8Array>;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @throws {OperatingError} malformed_body where it is no JSON, 422 where it is no list of records,
 * 42203 where a key or value is not of the format; each names the record.
 */
export function readRestRecords(
  body: Uint8Array,
  format: EmbeddedFormat,
  scanner: JsonScanner,
): RestRecord[] {
  const members = named(bodyMembers(wholeObject(body, scanner), scanner), {
    known: ["records", ...SCHEMA_MEMBERS],
    what: "the body",
  });
  for (const name of SCHEMA_MEMBERS) {
    const given = members.get(name);
    if (given !== undefined && !isNull(given)) {
      throw unfit(`Cannot take ${name}: records are stored without schemas here`);
    }
  }
  const records = members.get("records");
  if (records === undefined || !isArray(records)) {
    throw unfit('Cannot read body: it has no array "records"');
  }
  if (skipSpace(records, 1) === records.length - 1) {
    throw unfit("Cannot take body: its list of records is empty");
  }
  const elements = jsonElements(records, scanner);
  checkCount(elements.length, PRODUCE_RECORDS_MAX);
  return elements.map((element, index) => new RecordReader(index, format).read(element));
}

/** The JSON object that is all of the body. */
function wholeObject(body: Uint8Array, scanner: JsonScanner): Uint8Array {
  const start = skipSpace(body, byteOrderMarkEnd(body));
  const end = start < body.length ? scanner.jsonValueEnd(body, start) : -1;
  if (end < 0) throw malformed(`no JSON value at position ${start}`, { position: start });
  if (skipSpace(body, end) !== body.length) {
    throw malformed(`more follows the JSON value at position ${end}`, { position: end });
  }
  const object = body.subarray(start, end);
  if (!isObject(object)) throw unfit("Cannot read body: it is no JSON object");
  return object;
}

class RecordReader {
  readonly #name: string;
  readonly #format: EmbeddedFormat;

  constructor(index: number, format: EmbeddedFormat) {
    this.#name = `record ${index}`;
    this.#format = format;
  }

  read(source: Uint8Array): RestRecord {
    if (!isObject(source)) throw unfit(`Cannot take ${this.#name}: it is no JSON object`);
    const members = membersBy(source, RECORD_MEMBERS, this.#name);
    return {
      key: this.#embedded(members.get("key"), "key"),
      value: this.#embedded(members.get("value"), "value"),
      headers: this.#headers(members.get("headers")),
      partition: this.#integer(members.get("partition"), "partition", PARTITIONS_MAX - 1),
      timestamp: this.#integer(members.get("timestamp"), "timestamp", Number.MAX_SAFE_INTEGER),
    };
  }

  #embedded(source: Uint8Array | undefined, name: "key" | "value"): Uint8Array | null {
    if (source === undefined || isNull(source)) return null;
    if (this.#format === "json") return source;
    if (!isString(source)) throw this.#fault(`its ${name} is no string, as ${this.#format} has it`);
    return this.#format === "text" ? utf8(this.#text(source, name)) : this.#base64(source, name);
  }

  #headers(source: Uint8Array | undefined): HeaderPair[] {
    if (source === undefined || isNull(source)) return [];
    if (!isArray(source)) throw unfit(`Cannot take ${this.#name}: its headers are no array`);
    const pairs: HeaderPair[] = [];
    for (const each of elementsUpTo(source, RECORD_HEADERS_MAX, `${this.#name}: its headers`)) {
      if (!isObject(each)) throw unfit(`Cannot take ${this.#name}: a header is no JSON object`);
      const members = membersBy(each, HEADER_MEMBERS, `a header of ${this.#name}`);
      const key = members.get("key");
      if (key === undefined || !isString(key)) {
        throw unfit(`Cannot take ${this.#name}: a header has no key`);
      }
      const value = members.get("value");
      if (value === undefined || isNull(value)) pairs.push([this.#text(key, "header"), null]);
      else pairs.push([this.#text(key, "header"), this.#base64(value, "header")]);
    }
    return pairs;
  }

  #base64(source: Uint8Array, name: string): Uint8Array {
    if (!isString(source)) throw this.#fault(`its ${name} is no string of base64`);
    try {
      return Uint8Array.fromBase64(this.#text(source, name));
    } catch {
      throw this.#fault(`its ${name} is no base64`);
    }
  }

  #integer(source: Uint8Array | undefined, name: string, max: number): number | null {
    if (source === undefined || isNull(source)) return null;
    const text = isString(source) ? "" : decoder.decode(source);
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
    if (value <= max) return value;
    throw unfit(`Cannot take ${this.#name}: its ${name} is no integer from 0 to ${max}`);
  }

  #text(source: Uint8Array, name: string): string {
    const text = textOf(source);
    if (text !== undefined) return text;
    throw this.#fault(`its ${name} is no Unicode text`);
  }

  #fault(state: string): OperatingError {
    return unfit(`Cannot take ${this.#name}: ${state}`, 42203);
  }
}

function elementsUpTo(array: Uint8Array, max: number, what: string): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (const each of elementsOf(array)) {
    if (elements.length === max) throw unfit(`Cannot take ${what} are over ${max}`);
    elements.push(each);
  }
  return elements;
}

/** The members of the body: the core steps over the records, which may be most of 16 MiB. */
function* bodyMembers(
  object: Uint8Array,
  scanner: JsonScanner,
): Iterable<readonly [Uint8Array, Uint8Array]> {
  let at = skipSpace(object, 1);
  while (object[at] !== CLOSE_OBJECT) {
    let nameEnd = at + 1;
    while (object[nameEnd] !== QUOTE) nameEnd += object[nameEnd] === BACKSLASH ? 2 : 1;
    const from = skipSpace(object, skipSpace(object, ++nameEnd) + 1);
    const to = scanner.jsonValueEnd(object, from);
    yield [object.subarray(at, nameEnd), object.subarray(from, to)];
    at = skipSpace(object, to);
    if (object[at] === COMMA) at = skipSpace(object, at + 1);
  }
}

function membersBy(object: Uint8Array, known: readonly string[], what: string): Members {
  return named(membersOf(object), { known, what });
}

/** @throws {OperatingError} 422 on a member that is unknown, or there twice. */
function named(
  pairs: Iterable<readonly [Uint8Array, Uint8Array]>,
  { known, what }: { readonly known: readonly string[]; readonly what: string },
): Members {
  const members = new Map<string, Uint8Array>();
  for (const [nameSource, value] of pairs) {
    const name = textOf(nameSource) ?? "";
    if (!known.includes(name)) {
      throw unfit(
        `Cannot take ${what}: unrecognized field "${name.slice(0, 40)}", known are ` +
          known.join(", "),
      );
    }
    if (members.has(name)) throw unfit(`Cannot take ${what}: it has "${name}" twice`);
    members.set(name, value);
  }
  return members;
}

/** The text of a JSON string that is well-formed; undefined where it holds a lone surrogate. */
function textOf(source: Uint8Array): string | undefined {
  if (source.length <= SHORT_BYTES) {
    const plain = plainTextOf(source);
    if (plain !== undefined) return plain;
  }
  const text: unknown = JSON.parse(decoder.decode(source));
  return typeof text === "string" && text.isWellFormed() ? text : undefined;
}

/** Up to this a string of plain characters is made faster by hand than by a decoder. */
const SHORT_BYTES = 32;

/** Where there is nothing in it but ASCII that stands for itself. */
function plainTextOf(source: Uint8Array): string | undefined {
  let text = "";
  for (let at = 1; at < source.length - 1; at++) {
    const byte = source[at]!;
    if (byte >= 0x80 || byte === BACKSLASH) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function unfit(message: string, number: RestErrorCode = 422): OperatingError {
  return restError(number, message);
}
