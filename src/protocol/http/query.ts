/**
 * Query parameters, read strictly: one that is unknown, repeated or out of range is refused by
 * name, so that a misspelt `max_record` never silently means "the default".
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

const DIGITS = /^-?[0-9]{1,16}$/;

export class Query {
  readonly #parameters: ReadonlyMap<string, string>;

  /**
   * @param known names; one that ends with a dot stands for all that begin with it
   * @throws {OperatingError} invalid_argument on a parameter that is not `known`, or repeated.
   */
  constructor(url: string, known: readonly string[]) {
    const mark = url.indexOf("?");
    if (mark < 0) {
      this.#parameters = NONE;
      return;
    }
    const parameters = new Map<string, string>();
    const query = withoutFragment(url.slice(mark + 1));
    for (const [name, value] of new URLSearchParams(query)) {
      if (!known.some((each) => each.endsWith(".") ? isPrefix(each, name) : each === name)) {
        const list = known.length === 0 ? "none" : known.join(", ");
        throw invalid(name, `Cannot take query parameter "${name.slice(0, 60)}": known: ${list}`);
      }
      if (parameters.has(name)) {
        throw invalid(name, `Cannot take query parameter "${name}" twice`);
      }
      // What is no UTF-8 would become another text, and a key another key.
      if ((name + value).includes("\uFFFD") && !/\uFFFD|%EF%BF%BD/i.test(query)) {
        throw invalid(name, `Cannot take query parameter "${name}": expected UTF-8`);
      }
      parameters.set(name, value);
    }
    this.#parameters = parameters;
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  text(name: string): string | undefined {
    return this.#parameters.get(name);
  }

  /** All whose name begins with `prefix`, as pairs of the rest of the name and the value. */
  withPrefix(prefix: string): [rest: string, value: string][] {
    const found: [string, string][] = [];
    for (const [name, value] of this.#parameters) {
      if (isPrefix(prefix, name)) found.push([name.slice(prefix.length), value]);
    }
    return found;
  }

  /** @throws {OperatingError} invalid_argument when it is given and is no integer of that range. */
  integer(name: string, { min, max }: IntegerRange): number | undefined {
    const text = this.#parameters.get(name);
    if (text === undefined) return undefined;
    const value = DIGITS.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw invalid(
      name,
      `Cannot take ${name}="${text.slice(0, 40)}": expected an integer from ${min} to ${max}`,
    );
  }

  /** `true` or `false`; absent is false. */
  flag(name: string): boolean {
    const text = this.#parameters.get(name);
    if (text === undefined || text === "false") return false;
    if (text === "true") return true;
    throw invalid(name, `Cannot take ${name}="${text.slice(0, 40)}": expected true or false`);
  }
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Whether `name` begins so, and goes on. */
function isPrefix(prefix: string, name: string): boolean {
  return name.length > prefix.length && name.startsWith(prefix);
}

function withoutFragment(query: string): string {
  const hash = query.indexOf("#");
  return hash < 0 ? query : query.slice(0, hash);
}

function invalid(parameter: string, message: string): OperatingError {
  return new OperatingError("invalid_argument", message, { parameter: parameter.slice(0, 60) });
}
