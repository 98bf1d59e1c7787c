/**
 * Topic filters: "+" stands for one level, "#" for the rest, the parent level included.
 * A filter that begins with a wildcard does not match topic names that begin with "$"
 * [MQTT-4.7.2-1].
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";

export class TopicFilter {
  readonly text: string;
  #levels: readonly string[];

  private constructor(text: string, levels: readonly string[]) {
    this.text = text;
    this.#levels = levels;
  }

  /** @throws {OperatingError} invalid_argument when the wildcards do not stand where they may. */
  static parse(text: string): TopicFilter {
    const levels = text.split("/");
    const fault = faultOf(text, levels);
    if (fault === null) return new TopicFilter(text, levels);
    throw new OperatingError("invalid_argument", `Cannot use topic filter "${text}": ${fault}`);
  }

  static isValid(text: string): boolean {
    return faultOf(text, text.split("/")) === null;
  }

  /** Levels of the longest topic name it matches; Infinity where it ends with "#". */
  get levelsMax(): number {
    return this.#levels.at(-1) === "#" ? Infinity : this.#levels.length;
  }

  get hasWildcard(): boolean {
    return this.#levels.some((level) => level === "+" || level === "#");
  }

  /** Whether a topic name could match both. */
  overlaps(other: TopicFilter): boolean {
    const [mine, theirs] = [this.#levels, other.#levels];
    for (let at = 0;; at++) {
      const [a, b] = [mine[at], theirs[at]];
      // "a/#" also matches "a", so "#" may stand where the other has ended.
      if (a === "#" || b === "#") return true;
      if (a === undefined || b === undefined) return a === b;
      if (a !== "+" && b !== "+" && a !== b) return false;
    }
  }

  matches(topicName: string): boolean {
    const first = this.#levels[0];
    if (topicName.startsWith("$") && (first === "+" || first === "#")) return false;
    const names = topicName.split("/");
    for (let at = 0; at < this.#levels.length; at++) {
      const level = this.#levels[at];
      if (level === "#") return true;
      // "a/#" also matches "a" [MQTT-4.7.1-2]: the loop runs out of names one level early.
      if (at >= names.length) return false;
      if (level !== "+" && level !== names[at]) return false;
      if (at === names.length - 1 && at === this.#levels.length - 2) {
        return this.#levels[at + 1] === "#";
      }
    }
    return names.length === this.#levels.length;
  }
}

function faultOf(text: string, levels: readonly string[]): string | null {
  if (text === "") return "it is empty"; // [MQTT-4.7.3-1]
  if (text.includes("\u0000")) return "it contains U+0000"; // [MQTT-4.7.3-2]
  for (const [at, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || at !== levels.length - 1)) {
      return '"#" must be the whole of the last level'; // [MQTT-4.7.1-1]
    }
    if (level.includes("+") && level !== "+") return '"+" must be a whole level';
  }
  return null;
}
