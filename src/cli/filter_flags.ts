/**
 * Flags that say which records are wanted, as the parameters of a read that mean the same.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { Arguments } from "./arguments.ts";

/** All take a value; `--header` may be given several times. */
export const FILTER_FLAGS = ["--key", "--header", "--contains", "--since", "--until"] as const;

export const FILTER_USAGE =
  "[--key K] [--header NAME=VALUE] [--contains TEXT] [--since TIME] [--until TIME]";

/** `&key=…&since=…`, or nothing. @throws {OperatingError} `invalid_argument` for half a header. */
export function filterQuery(args: Arguments): string {
  const pairs: [name: string, value: string][] = [];
  for (const flag of FILTER_FLAGS) {
    for (const value of args.all(flag)) {
      pairs.push(flag === "--header" ? headerPair(value) : [flag.slice(2), value]);
    }
  }
  return pairs
    .map(([name, value]) => `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("");
}

function headerPair(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals > 0) return [`header.${text.slice(0, equals)}`, text.slice(equals + 1)];
  throw new OperatingError(
    "invalid_argument",
    `Cannot use --header "${text}": expected NAME=VALUE`,
  );
}
