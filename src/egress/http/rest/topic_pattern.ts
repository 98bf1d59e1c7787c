/**
 * A pattern that chooses topics by name, in the part of Java's and JavaScript's regular expressions
 * that such patterns use. All states are followed at once (Thompson's construction), so that no
 * pattern takes longer than the length of the name times its own: a backtracking engine can be kept
 * busy for years by ten characters, and everybody else with it.
 *
 *   a  \.          a character                 x*  x+  x?   any number of x, one at least, one at most
 *   .  \d  \w      any; a digit; a word's      x|y          either
 *   [a-z_] [^0-9]  one of these; none of them  (x) (?:x)    a group
 *
 * As Java's `matches` does it, the whole name must match; `^` and `$` may stand at the ends.
 *
 * @module
 */
import type { OperatingError } from "../../../base/errors.ts";
import { GROUP_TOPICS_MAX } from "../../../base/group_limits.ts";
import { REST_PATTERN_CHARACTERS_MAX, REST_PATTERN_STATES_MAX } from "../../../base/rest_limits.ts";
import type { TopicName } from "../../../base/types.ts";
import { restError } from "../../../protocol/http/rest_error.ts";

type Test = (character: string) => boolean;

/** Either takes a character that passes its test, or goes on without one to all of `next`. */
interface State {
  readonly test: Test | null;
  readonly next: State[];
}

/** A piece of the pattern: where it begins, and the state that is behind it. */
interface Piece {
  readonly first: State;
  readonly last: State;
}

const DEPTH_MAX = 50;

const CLASSES: Readonly<Record<string, Test>> = {
  d: (c) => /[0-9]/.test(c),
  D: (c) => !/[0-9]/.test(c),
  w: (c) => /[A-Za-z0-9_]/.test(c),
  W: (c) => !/[A-Za-z0-9_]/.test(c),
};

export class TopicPattern {
  readonly source: string;
  readonly #first: State;
  readonly #last: State;

  /** @throws {OperatingError} 422 with what cannot be read of it, and where */
  constructor(source: string) {
    if (source === "" || source.length > REST_PATTERN_CHARACTERS_MAX) {
      throw restError(
        422,
        `Cannot use topic_pattern: it must be 1 to ${REST_PATTERN_CHARACTERS_MAX} characters`,
      );
    }
    this.source = source;
    const { first, last } = new Parser(source).parse();
    this.#first = first;
    this.#last = last;
  }

  matches(name: string): boolean {
    let states = closure([this.#first]);
    for (const character of name) {
      const taken = [...states].filter(({ test }) => test?.(character) ?? false);
      states = closure(taken.flatMap(({ next }) => next));
      if (states.size === 0) return false;
    }
    return states.has(this.#last);
  }
}

/** Names of the topics there are now that match; those that are internal never do. */
export function topicsMatching(
  pattern: TopicPattern,
  store: { topics(): readonly { readonly name: TopicName }[] },
): TopicName[] {
  return store.topics().map(({ name }) => name)
    .filter((name) => !name.startsWith("__") && pattern.matches(name))
    .toSorted()
    .slice(0, GROUP_TOPICS_MAX);
}

/** All states that can be reached without a character. */
function closure(from: readonly State[]): Set<State> {
  const found = new Set<State>();
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (found.has(state)) continue;
    found.add(state);
    if (state.test === null) open.push(...state.next);
  }
  return found;
}

class Parser {
  readonly #source: string;
  #at = 0;
  #states = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Piece {
    if (this.#peek() === "^") this.#at++;
    const piece = this.#either(0);
    if (this.#peek() === "$") this.#at++;
    if (this.#at < this.#source.length) throw this.#fault("cannot stand here");
    return piece;
  }

  #either(depth: number): Piece {
    if (depth > DEPTH_MAX) throw this.#fault("is too deep in groups");
    let piece = this.#sequence(depth);
    while (this.#peek() === "|") {
      this.#at++;
      const other = this.#sequence(depth);
      const last = this.#state();
      piece.last.next.push(last);
      other.last.next.push(last);
      piece = { first: this.#state(null, [piece.first, other.first]), last };
    }
    return piece;
  }

  #sequence(depth: number): Piece {
    const first = this.#state();
    let last = first;
    for (;;) {
      const character = this.#peek();
      if (character === "" || "|)".includes(character)) break;
      if (character === "$" && this.#at === this.#source.length - 1) break;
      const piece = this.#repeated(this.#atom(depth));
      last.next.push(piece.first);
      last = piece.last;
    }
    return { first, last };
  }

  #repeated(piece: Piece): Piece {
    const mark = this.#peek();
    if (mark === "" || !"*+?".includes(mark)) return piece;
    this.#at++;
    const last = this.#state();
    piece.last.next.push(last);
    if (mark !== "?") piece.last.next.push(piece.first);
    const first = this.#state(null, mark === "+" ? [piece.first] : [piece.first, last]);
    // Reluctant ones match the same names.
    if (this.#peek() === "?") this.#at++;
    return { first, last };
  }

  #atom(depth: number): Piece {
    const character = this.#peek();
    if ("*+?{}^$]".includes(character)) throw this.#fault("cannot stand here");
    this.#at++;
    if (character === "(") return this.#group(depth);
    if (character === "[") return this.#one(this.#set());
    if (character === ".") return this.#one(() => true);
    return this.#one(character === "\\" ? this.#escaped() : (c) => c === character);
  }

  #group(depth: number): Piece {
    if (this.#peek() === "?") {
      this.#at++;
      if (this.#peek() !== ":") throw this.#fault("cannot stand here");
      this.#at++;
    }
    const piece = this.#either(depth + 1);
    if (this.#peek() !== ")") throw this.#fault("is missing a )");
    this.#at++;
    return piece;
  }

  #set(): Test {
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    const tests: Test[] = [];
    while (this.#peek() !== "]") {
      const from = this.#inSet();
      if (typeof from === "string" && this.#peek() === "-" && this.#source[this.#at + 1] !== "]") {
        this.#at++;
        const to = this.#inSet();
        if (typeof to !== "string" || to < from) throw this.#fault("ends no range");
        tests.push((c) => c >= from && c <= to);
      } else {
        tests.push(typeof from === "string" ? (c) => c === from : from);
      }
    }
    this.#at++;
    return (c) => tests.some((test) => test(c)) !== negated;
  }

  /** A character of a set, or a class of them. */
  #inSet(): string | Test {
    const character = this.#peek();
    if (character === "" || character === "[") throw this.#fault("is missing a ]");
    this.#at++;
    if (character !== "\\") return character;
    const name = this.#source[this.#at]!;
    const test = this.#escaped();
    return CLASSES[name] === undefined ? name : test;
  }

  #escaped(): Test {
    const character = this.#peek();
    // What else a letter or a digit would stand for, Java's and JavaScript's patterns know.
    if (CLASSES[character] === undefined && /^[A-Za-z0-9]?$/.test(character)) {
      throw this.#fault("cannot be escaped here");
    }
    this.#at++;
    return CLASSES[character] ?? ((c) => c === character);
  }

  #one(test: Test): Piece {
    const last = this.#state();
    return { first: this.#state(test, [last]), last };
  }

  #state(test: Test | null = null, next: State[] = []): State {
    if (++this.#states > REST_PATTERN_STATES_MAX) throw this.#fault("is one too many");
    return { test, next };
  }

  #peek(): string {
    return this.#source[this.#at] ?? "";
  }

  #fault(state: string): OperatingError {
    const character = this.#peek();
    const what = character === "" ? "its end" : `"${character}"`;
    return restError(
      422,
      `Cannot read topic_pattern at position ${this.#at}: ${what} ${state}`,
    );
  }
}
