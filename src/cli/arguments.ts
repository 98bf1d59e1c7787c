/** Arguments of a command: what stands in order, and flags. @module */
import { OperatingError } from "../base/errors.ts";
import { didYouMean } from "../config/nearest.ts";

export interface ArgumentRules {
  /** Told when something is missing. */
  readonly usage?: string;
  readonly positionals: { readonly min: number; readonly max: number };
  readonly valued: readonly string[];
  readonly bare: readonly string[];
}

export class Arguments {
  readonly positionals: readonly string[];
  readonly #flags: ReadonlyMap<string, string>;
  readonly #all: ReadonlyMap<string, readonly string[]>;

  /** @param all each value of the flags that were given several times, or once */
  constructor(
    positionals: readonly string[],
    flags: ReadonlyMap<string, string>,
    all: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {
    this.positionals = positionals;
    this.#flags = flags;
    this.#all = all;
  }

  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  text(flag: string): string | null {
    return this.#flags.get(flag) ?? null;
  }

  /** Of a flag that may be given several times: each of its values. */
  all(flag: string): readonly string[] {
    return this.#all.get(flag) ?? [];
  }

  /** @throws {OperatingError} `invalid_argument` when it is no whole number from `min`. */
  count(flag: string, min = 0): number | null {
    const text = this.#flags.get(flag);
    if (text === undefined) return null;
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number;
    throw invalid(`Cannot use ${flag} "${text}": expected a whole number from ${min}`);
  }
}

/** @throws {OperatingError} `invalid_argument` that names what is wrong and what is near. */
export function parseArguments(args: readonly string[], rules: ArgumentRules): Arguments {
  const positionals: string[] = [];
  const flags = new Map<string, string>();
  const all = new Map<string, string[]>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (!arg.startsWith("--")) {
      positionals.push(arg);
      continue;
    }
    const [name, inline] = split(arg);
    if (rules.bare.includes(name) && inline === null) flags.set(name, "");
    else if (rules.valued.includes(name)) {
      const value = inline ?? args[++at];
      if (value === undefined) throw invalid(`Cannot use ${name}: a value is missing`);
      flags.set(name, value);
      all.set(name, [...all.get(name) ?? [], value]);
    } else {
      const hint = didYouMean(name, [...rules.valued, ...rules.bare]);
      throw invalid(`Cannot use ${arg}: there is no such flag${hint}`);
    }
  }
  const { min, max } = rules.positionals;
  if (positionals.length < min) {
    const usage = rules.usage === undefined ? "" : `; expected ${rules.usage}`;
    throw invalid(`Cannot go on: an argument is missing${usage}`);
  }
  if (positionals.length > max) {
    throw invalid(`Cannot use argument "${positionals[max]}": it is one too many`);
  }
  return new Arguments(positionals, flags, all);
}

function split(arg: string): [name: string, value: string | null] {
  const equals = arg.indexOf("=");
  return equals < 0 ? [arg, null] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

function invalid(message: string): OperatingError {
  return new OperatingError("invalid_argument", message);
}
