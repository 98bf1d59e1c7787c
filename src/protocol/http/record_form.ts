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
import {
  type BodyRecord,
  type HeaderPair,
  jsonElements,
  type JsonScanner,
  malformed,
  skipSpace,
} from "./produce_body.ts";

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;

/** Member name to the source text of its value. */
type Members = ReadonlyMap<string, Uint8Array>;

/** @throws {OperatingError} malformed_body that names the element, and the member at fault. */
export function readRecordForms(body: Uint8Array, scanner: JsonScanner): BodyRecord[] {
  if (body.length === 0) throw malformed("it is empty");
  return jsonElements(body, scanner).map((source, element) =>
    new Form(scanner, element).read(source)
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Form {
  readonly #scanner: JsonScanner;
  readonly #element: number;

  constructor(scanner: JsonScanner, element: number) {
    this.#scanner = scanner;
    this.#element = element;
  }

  read(source: Uint8Array): BodyRecord {
    const members = this.#members(source);
    this.#expectOnly(members, [
      "key",
      "key_base64",
      "value",
      "value_base64",
      "headers",
      "timestamp",
    ]);
    return {
      key: this.#bytes(members, "key"),
      value: this.#bytes(members, "value"),
      headers: this.#headers(members.get("headers")),
      timestamp: this.#timestamp(members.get("timestamp")),
    };
  }

  #members(source: Uint8Array): Members {
    const start = skipSpace(source, 0);
    if (source[start] !== OPEN_OBJECT) throw this.#fault("is no JSON object");
    const members = new Map<string, Uint8Array>();
    let at = skipSpace(source, start + 1);
    // The scanner has found the object whole and well-formed, so only its ends must be found again.
    while (source[at] !== CLOSE_OBJECT) {
      const nameEnd = this.#scanner.jsonValueEnd(source, at);
      if (nameEnd < 0) throw this.#fault("is no JSON object");
      const name = this.#text(source.subarray(at, nameEnd), "a member name");
      at = skipSpace(source, nameEnd);
      if (source[at] !== COLON) throw this.#fault("is no JSON object");
      const from = skipSpace(source, at + 1);
      const to = this.#scanner.jsonValueEnd(source, from);
      if (to < 0) throw this.#fault("is no JSON object");
      if (members.has(name)) throw this.#fault(`has member "${name.slice(0, 40)}" twice`);
      members.set(name, source.subarray(from, to));
      at = skipSpace(source, to);
      if (source[at] === COMMA) at = skipSpace(source, at + 1);
    }
    return members;
  }

  #expectOnly(members: Members, known: readonly string[]): void {
    for (const name of members.keys()) {
      if (known.includes(name)) continue;
      throw this.#fault(`has member "${name.slice(0, 40)}": known are ${known.join(", ")}`);
    }
  }

  #bytes(members: Members, name: "key" | "value"): Uint8Array | null {
    const plain = members.get(name);
    const base64 = members.get(`${name}_base64`);
    if (plain !== undefined && base64 !== undefined) {
      throw this.#fault(`has both ${name} and ${name}_base64`);
    }
    if (base64 !== undefined) return this.#base64(base64, `${name}_base64`);
    if (plain === undefined || isNull(plain)) return null;
    return plain[0] === QUOTE ? utf8(this.#text(plain, name)) : plain;
  }

  #base64(source: Uint8Array, name: string): Uint8Array {
    if (source[0] !== QUOTE) throw this.#fault(`has a ${name} that is no string`);
    try {
      const binary = atob(this.#text(source, name));
      return Uint8Array.from(binary, (character) => character.charCodeAt(0));
    } catch {
      throw this.#fault(`has a ${name} that is no base64`);
    }
  }

  #headers(source: Uint8Array | undefined): HeaderPair[] {
    if (source === undefined || isNull(source)) return [];
    const headers = source[0] === OPEN_ARRAY ? this.#headerList(source) : this.#headerMap(source);
    if (headers.length > RECORD_HEADERS_MAX) {
      throw this.#fault(`has over ${RECORD_HEADERS_MAX} headers`);
    }
    return headers;
  }

  #headerList(source: Uint8Array): HeaderPair[] {
    if (source[skipSpace(source, 1)] === 0x5d) return [];
    return jsonElements(source, this.#scanner).map((each) => {
      const members = this.#members(each);
      this.#expectOnly(members, ["key", "value", "value_base64"]);
      const key = members.get("key");
      if (key?.[0] !== QUOTE) throw this.#fault("has a header without a key");
      return [this.#text(key, "a header key"), this.#bytes(members, "value")] as const;
    });
  }

  #headerMap(source: Uint8Array): HeaderPair[] {
    return [...this.#members(source)].map(([key, value]) => {
      if (isNull(value)) return [key, null] as const;
      return [
        key,
        value[0] === QUOTE ? utf8(this.#text(value, `header "${key}"`)) : value,
      ] as const;
    });
  }

  #timestamp(source: Uint8Array | undefined): TimestampMs | null {
    if (source === undefined || isNull(source)) return null;
    const value = Number(decoder.decode(source));
    if (Number.isSafeInteger(value) && value >= 0 && source[0] !== QUOTE) return value;
    throw this.#fault("has a timestamp that is no integer of milliseconds from 0");
  }

  #text(source: Uint8Array, name: string): string {
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

function isNull(source: Uint8Array): boolean {
  return source[0] === 0x6e;
}
