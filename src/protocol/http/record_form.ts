/**
 * Records written out: `application/vnd.logboom.records+json`, an array (or one) of
 *
 *   {"key": "k", "timestamp": 1700000000000, "headers": [{"key": "h", "value": "v"}], "value": {}}
 *
 * All members may be left out. `value` and `key` are text where they are a JSON string, nothing
 * where they are null, and else the source text of the JSON value; `value_base64` and `key_base64`
 * stand for bytes that are no UTF-8. Headers keep their order and may repeat; `{"h": "v"}` will do
 * where they need neither.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { RECORD_HEADERS_MAX } from "../../base/limits.ts";
import type { TimestampMs } from "../../base/types.ts";
import { elementsOf, isArray, isNull, isObject, isString, membersOf } from "./json_source.ts";
import {
  type BodyRecord,
  type HeaderPair,
  jsonElements,
  type JsonScanner,
  malformed,
} from "./produce_body.ts";

/** Member name to the source text of its value. */
type Members = ReadonlyMap<string, Uint8Array>;

/** @throws {OperatingError} malformed_body that names the element, and the member at fault. */
export function readRecordForms(body: Uint8Array, scanner: JsonScanner): BodyRecord[] {
  if (body.length === 0) throw malformed("it is empty");
  return jsonElements(body, scanner).map((source, element) => new Form(element).read(source));
}

const MEMBERS = ["key", "key_base64", "value", "value_base64", "headers", "timestamp"];
const HEADER_MEMBERS = ["key", "value", "value_base64"];

const BACKSLASH = 0x5c;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads one element; its JSON is known to be well-formed. */
class Form {
  readonly #element: number;

  constructor(element: number) {
    this.#element = element;
  }

  read(source: Uint8Array): BodyRecord {
    const members = this.#members(source, MEMBERS);
    return {
      key: this.#bytes(members, "key"),
      value: this.#bytes(members, "value"),
      headers: this.#headers(members.get("headers")),
      timestamp: this.#timestamp(members.get("timestamp")),
    };
  }

  #members(source: Uint8Array, known: readonly string[]): Members {
    if (!isObject(source)) throw this.#fault("is no JSON object");
    const members = new Map<string, Uint8Array>();
    for (const [nameSource, value] of membersOf(source)) {
      const name = this.#text(nameSource, "a member name");
      if (!known.includes(name)) {
        throw this.#fault(`has member "${name.slice(0, 40)}": known are ${known.join(", ")}`);
      }
      if (members.has(name)) throw this.#fault(`has member "${name}" twice`);
      members.set(name, value);
    }
    return members;
  }

  #bytes(members: Members, name: "key" | "value"): Uint8Array | null {
    const plain = members.get(name);
    const base64 = members.get(`${name}_base64`);
    if (plain !== undefined && base64 !== undefined) {
      throw this.#fault(`has both ${name} and ${name}_base64`);
    }
    if (base64 !== undefined) return this.#base64(base64, `${name}_base64`);
    return plain === undefined ? null : this.#plain(plain, name);
  }

  #plain(source: Uint8Array, name: string): Uint8Array | null {
    if (isNull(source)) return null;
    return isString(source) ? this.#utf8(source, name) : source;
  }

  #base64(source: Uint8Array, name: string): Uint8Array {
    if (!isString(source)) throw this.#fault(`has a ${name} that is no string`);
    try {
      const binary = atob(this.#text(source, name));
      return Uint8Array.from(binary, (character) => character.charCodeAt(0));
    } catch {
      throw this.#fault(`has a ${name} that is no base64`);
    }
  }

  #headers(source: Uint8Array | undefined): HeaderPair[] {
    if (source === undefined || isNull(source)) return [];
    const headers: HeaderPair[] = [];
    for (const header of isArray(source) ? this.#headerList(source) : this.#headerMap(source)) {
      headers.push(header);
      if (headers.length > RECORD_HEADERS_MAX) {
        throw this.#fault(`has over ${RECORD_HEADERS_MAX} headers`);
      }
    }
    return headers;
  }

  *#headerList(source: Uint8Array): Iterable<HeaderPair> {
    for (const each of elementsOf(source)) {
      const members = this.#members(each, HEADER_MEMBERS);
      const key = members.get("key");
      if (key === undefined || !isString(key)) throw this.#fault("has a header without a key");
      yield [this.#text(key, "a header key"), this.#bytes(members, "value")];
    }
  }

  *#headerMap(source: Uint8Array): Iterable<HeaderPair> {
    if (!isObject(source)) throw this.#fault("has headers that are no array and no object");
    for (const [name, value] of membersOf(source)) {
      yield [this.#text(name, "a header key"), this.#plain(value, "a header value")];
    }
  }

  #timestamp(source: Uint8Array | undefined): TimestampMs | null {
    if (source === undefined || isNull(source)) return null;
    const value = Number(decoder.decode(source));
    if (Number.isSafeInteger(value) && value >= 0 && !isString(source)) return value;
    throw this.#fault("has a timestamp that is no integer of milliseconds from 0");
  }

  /** The UTF-8 of a JSON string: of a plain one, the very bytes between its quotes. */
  #utf8(source: Uint8Array, name: string): Uint8Array {
    return isPlainAscii(source)
      ? source.subarray(1, source.length - 1)
      : utf8(this.#text(source, name));
  }

  #text(source: Uint8Array, name: string): string {
    if (source.length <= SHORT_BYTES && isString(source) && isPlainAscii(source)) {
      let text = "";
      for (let at = 1; at < source.length - 1; at++) text += String.fromCharCode(source[at]!);
      return text;
    }
    let text: unknown;
    try {
      text = JSON.parse(decoder.decode(source));
    } catch {
      throw this.#fault(`has ${name} that is no JSON string`);
    }
    // A lone surrogate has no UTF-8, and would come out as another character.
    if (typeof text === "string" && text.isWellFormed()) return text;
    throw this.#fault(`has ${name} that is no Unicode text`);
  }

  #fault(state: string): Error {
    return malformed(`element ${this.#element} ${state}`, { element: this.#element });
  }
}

/** Up to this a string of plain characters is made faster by hand than by a decoder. */
const SHORT_BYTES = 64;

/** Whether there is nothing in a JSON string but ASCII that stands for itself. */
function isPlainAscii(source: Uint8Array): boolean {
  for (let at = 0; at < source.length; at++) {
    if (source[at]! >= 0x80 || source[at] === BACKSLASH) return false;
  }
  return true;
}
