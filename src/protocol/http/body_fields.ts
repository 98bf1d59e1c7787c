/**
 * The members of a document that came as a request body, read as strictly as query parameters are:
 * one that is unknown, of another type or out of range is refused by name.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import type { IntegerRange } from "./query.ts";

export class BodyFields {
  readonly #place: string;
  readonly #members: Readonly<Record<string, unknown>>;

  /**
   * `place` says where it stands: "body", or "offsets[3]".
   *
   * @throws {OperatingError} invalid_argument where it is no object, or has a member not `known`.
   */
  constructor(document: unknown, place: string, known: readonly string[]) {
    if (!isPlainObject(document)) {
      throw invalid(place, `Cannot use ${place}: expected an object`);
    }
    this.#place = place;
    this.#members = document;
    const unknown = Object.keys(this.#members).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const named = unknown.slice(0, 60);
    const message = `Cannot use member "${named}" of ${place}: known: ${known.join(", ")}`;
    throw invalid(named, message);
  }

  /** @throws {OperatingError} invalid_argument when it is there and no text of that length. */
  text(name: string, { min, max }: IntegerRange): string | undefined {
    const value = this.#member(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.length >= min && value.length <= max) return value;
    throw this.#wrong(name, `a text of ${min} to ${max} characters`);
  }

  integer(name: string, { min, max }: IntegerRange): number | undefined {
    const value = this.#member(name);
    if (value === undefined) return undefined;
    const number = typeof value === "bigint" ? Number(value) : value;
    if (Number.isSafeInteger(number) && number as number >= min && number as number <= max) {
      return number as number;
    }
    throw this.#wrong(name, `an integer from ${min} to ${max}`);
  }

  list(name: string, { min, max }: IntegerRange): readonly unknown[] | undefined {
    const value = this.#member(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length >= min && value.length <= max) return value;
    throw this.#wrong(name, `a list of ${min} to ${max}`);
  }

  /** The members of one that is an object itself; null among them stays. */
  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#member(name);
    if (value === undefined || isPlainObject(value)) return value;
    throw this.#wrong(name, "an object");
  }

  /** @throws {OperatingError} invalid_argument when `value` is undefined: it has to be there. */
  required<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw invalid(name, `Cannot use ${this.#place}: it lacks "${name}"`);
  }

  /** Null is as good as absent. */
  #member(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] ?? undefined : undefined;
  }

  #wrong(name: string, expected: string): OperatingError {
    return invalid(name, `Cannot use "${name}" of ${this.#place}: expected ${expected}`);
  }
}

function invalid(parameter: string, message: string): OperatingError {
  return new OperatingError("invalid_argument", message, { parameter });
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
