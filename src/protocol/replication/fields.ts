/**
 * Reads JSON from a peer field by field: each with its type and its limit, and an error that names
 * the field. What is not read is ignored, so that a newer peer may say more.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { OFFSET_MAX } from "../../base/limits.ts";
import type { LogId, Offset } from "../../base/types.ts";

const HEX = /^[0-9a-f]+$/;
const decoder = new TextDecoder("utf-8", { fatal: true });

export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #place: string;

  /** @param place what is being read, for errors: "hello request" */
  constructor(value: unknown, place: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed(place, "not an object");
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#place = place;
  }

  /** The object in a UTF-8 JSON body of at most `bytesMax` bytes. */
  static ofBody(body: Uint8Array, options: { place: string; bytesMax: number }): Fields {
    if (body.length > options.bytesMax) {
      throw malformed(options.place, `${body.length} bytes, at most ${options.bytesMax} allowed`);
    }
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(body));
    } catch {
      throw malformed(options.place, "not JSON in UTF-8");
    }
    return new Fields(value, options.place);
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined && this.#value(name) !== null;
  }

  /** A string of 1 to `charactersMax` characters. */
  text(name: string, charactersMax: number): string {
    const value = this.#value(name);
    if (typeof value !== "string") throw this.#wrong(name, "not a string");
    if (value.length === 0 || value.length > charactersMax) {
      throw this.#wrong(name, `${value.length} characters, 1 to ${charactersMax} allowed`);
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#value(name);
    if (typeof value !== "boolean") throw this.#wrong(name, "not true or false");
    return value;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#value(name);
    if (typeof value !== "number" || !Number.isInteger(value)) {
      throw this.#wrong(name, "not an integer");
    }
    if (value < min || value > max) throw this.#wrong(name, `${value} is not in [${min}, ${max}]`);
    return value;
  }

  offset(name: string): Offset {
    return this.integer(name, 0, OFFSET_MAX);
  }

  /** Sixteen lower-case hex digits: a log id, or a node id. */
  id(name: string): LogId {
    return this.hex(name, 16);
  }

  hex(name: string, digits: number): string {
    const value = this.#value(name);
    if (typeof value !== "string" || value.length !== digits || !HEX.test(value)) {
      throw this.#wrong(name, `not ${digits} lower-case hex digits`);
    }
    return value;
  }

  /** Ids as {@linkcode id} takes them, in an array of at most `countMax`. */
  ids(name: string, countMax: number): LogId[] {
    const value = this.#value(name);
    if (!Array.isArray(value)) throw this.#wrong(name, "not an array");
    if (value.length > countMax) {
      throw this.#wrong(name, `${value.length} elements, at most ${countMax} allowed`);
    }
    return value.map((id, at) => new Fields({ id }, `${this.#place}, ${name}[${at}]`).id("id"));
  }

  /** The objects of an array of at most `countMax`. */
  list(name: string, countMax: number): Fields[] {
    const value = this.#value(name);
    if (!Array.isArray(value)) throw this.#wrong(name, "not an array");
    if (value.length > countMax) {
      throw this.#wrong(name, `${value.length} elements, at most ${countMax} allowed`);
    }
    return value.map((element, at) => new Fields(element, `${this.#place}, ${name}[${at}]`));
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  #wrong(name: string, state: string): OperatingError {
    return malformed(`"${name}" of ${this.#place}`, state);
  }
}

function malformed(place: string, state: string): OperatingError {
  return new OperatingError("malformed_body", `Cannot read ${place}: ${state}`);
}
