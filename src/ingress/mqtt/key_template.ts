/**
 * The key of a route's records, as configuration writes it: "{2}" is the second level of the topic
 * name, "{topic}" all of it, "{client_id}" the publisher; the rest stands for itself. A level the
 * topic name does not have is empty.
 *
 *     "{2}"            devices/7/logs -> 7
 *     "{2}-{3}"        devices/7/logs -> 7-logs
 *     ""               no key at all: records spread over the partitions
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";

type Part = string | { readonly level: number } | "topic" | "client_id";

interface Placeholder {
  readonly literal: string | null;
  readonly part: Part;
}

const BRACE = /[{}]/;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const LEVEL = /^[1-9]\d{0,2}$/;

export class KeyTemplate {
  /** True when it is exactly the topic name, which the core can take from the packet. */
  readonly isTopic: boolean;
  /** True when two clients may get different keys for one topic name. */
  readonly dependsOnClient: boolean;
  /** True when records of this route have no key. */
  readonly isNone: boolean;
  /** The deepest level it asks for; 0 where it asks for none. */
  readonly levelMax: number;
  readonly #parts: readonly Placeholder[];

  private constructor(text: string, parts: readonly Placeholder[]) {
    this.#parts = parts;
    this.isTopic = text === "{topic}";
    this.isNone = text === "";
    this.levelMax = Math.max(
      0,
      ...parts.map(({ part }) => typeof part === "object" ? part.level : 0),
    );
    this.dependsOnClient = parts.some(({ part, literal }) =>
      literal === null && part === "client_id"
    );
  }

  /** @throws {OperatingError} invalid_config that says which placeholder it cannot read. */
  static parse(text: string): KeyTemplate {
    const parts: Placeholder[] = [];
    let from = 0;
    for (const match of text.matchAll(PLACEHOLDER)) {
      if (match.index > from) parts.push(literalOf(text, text.slice(from, match.index)));
      parts.push({ literal: null, part: placeholderOf(text, match[1] ?? "") });
      from = match.index + match[0].length;
    }
    if (from < text.length) parts.push(literalOf(text, text.slice(from)));
    return new KeyTemplate(text, parts);
  }

  /** The key's bytes; null when there is none, or every part of it is empty. */
  render(topicName: string, clientId: string): Uint8Array | null {
    let key = "";
    for (const { literal, part } of this.#parts) {
      if (literal !== null) key += literal;
      else if (part === "topic") key += topicName;
      else if (part === "client_id") key += clientId;
      else if (typeof part === "object") key += topicName.split("/")[part.level - 1] ?? "";
    }
    return key === "" ? null : utf8(key);
  }
}

function literalOf(template: string, literal: string): Placeholder {
  if (BRACE.test(literal)) {
    throw new OperatingError(
      "invalid_config",
      `Cannot use key "${template}" of a route: "${literal}" has a brace without its partner`,
    );
  }
  return { literal, part: literal };
}

function placeholderOf(template: string, name: string): Part {
  if (name === "topic" || name === "client_id") return name;
  if (LEVEL.test(name)) return { level: Number(name) };
  throw new OperatingError(
    "invalid_config",
    `Cannot use key "${template}" of a route: "{${name}}" is neither {topic} nor {client_id} nor ` +
      "the number of a level, as in {1}",
  );
}
