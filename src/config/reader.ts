/**
 * Readers turn what was given into what is meant, or say where it does not fit and what was
 * expected there. Small ones make up large ones.
 *
 * @module
 */
import { didYouMean } from "./nearest.ts";

/** @throws {Misfit} */
export type Reader<T> = (given: unknown) => T;

/** What a reader yields. */
export type Read<R> = R extends Reader<infer T> ? T : never;

type Readers = Readonly<Record<string, Reader<unknown>>>;

export class Misfit extends Error {
  override name = "Misfit";
  /** From the outermost value to the one that does not fit: keys, and places in lists. */
  readonly path: readonly (string | number)[];
  /** The value that does not fit; undefined where it is missing, or would say nothing. */
  readonly given: unknown;

  constructor(message: string, given?: unknown, path: readonly (string | number)[] = []) {
    super(message);
    this.given = given;
    this.path = path;
  }
}

/** A reader from what it expects, in words, and a function that yields undefined for all else. */
export function value<T>(expected: string, read: (given: unknown) => T | undefined): Reader<T> {
  return (given) => {
    const result = read(given);
    if (result === undefined) throw new Misfit(`expected ${expected}`, given);
    return result;
  };
}

export function listOf<T>(what: string, read: Reader<T>, lengthMin = 0): Reader<T[]> {
  return (given) => {
    if (!Array.isArray(given)) throw new Misfit(`expected a list of ${what}`, given);
    if (given.length < lengthMin) throw new Misfit(`expected at least one of ${what}`, given);
    return given.map((item, at) => within(at, () => read(item)));
  };
}

export function mapOf<T>(what: string, readKey: Reader<string>, read: Reader<T>) {
  return (given: unknown): Record<string, T> => {
    const entries = Object.entries(mapIn(given, `expected a map of ${what}`));
    return Object.fromEntries(entries.map(([key, item]) =>
      within(key, () => {
        try {
          readKey(key);
        } catch (misfit) {
          // The key is in the path already.
          throw misfit instanceof Misfit ? new Misfit(misfit.message) : misfit;
        }
        return [key, read(item)];
      })
    ));
  };
}

/** A map with these keys, some of which may be missing, and no others. */
export function shape<R extends Readers, O extends Readers>(
  required: R,
  optional: O,
): Reader<{ [K in keyof R]: Read<R[K]> } & { [K in keyof O]?: Read<O[K]> }> {
  const readers: Readers = { ...required, ...optional };
  return (given) => {
    const map = mapIn(given, `expected a map of ${Object.keys(readers).join(", ")}`);
    for (const key of Object.keys(map)) {
      if (Object.hasOwn(readers, key)) continue;
      throw new Misfit(`there is no key "${key}"${didYouMean(key, Object.keys(readers))}`);
    }
    const present = Object.keys(readers).filter((key) => key in required || map[key] !== undefined);
    const read = present.map((key) => [key, within(key, () => readers[key]!(map[key]))]);
    return Object.fromEntries(read);
  };
}

function mapIn(given: unknown, expectation: string): Readonly<Record<string, unknown>> {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  throw new Misfit(expectation, given);
}

function within<T>(step: string | number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new Misfit(error.message, error.given, [step, ...error.path]);
  }
}
