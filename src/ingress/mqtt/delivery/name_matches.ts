/**
 * What was found for a topic name, by its bytes: records of one name come again and again, and
 * making text of each would cost more than finding its subscribers.
 *
 * @module
 */
import { bytesEqual } from "../../../base/bytes.ts";
import { MQTT_NAMES_KEPT_MAX } from "../../../base/mqtt_limits.ts";

interface Known<Result> {
  readonly name: Uint8Array;
  readonly result: Result;
}

export interface NameMatchesOptions<Result> {
  readonly find: (topicName: string, bytes: Uint8Array) => Result;
  /** Changes whenever `find` might answer otherwise. */
  readonly version: () => number;
  /** About what a result costs; a name itself is one. */
  readonly weight: (result: Result) => number;
  /** Names that are kept, as of now; left out, the most there may be. */
  readonly namesMax?: () => number;
}

/** So many results of weight one are kept for each name. */
const WEIGHT_PER_NAME = 16;

const text = new TextDecoder("utf-8", { ignoreBOM: true });

export class NameMatches<Result> {
  readonly #options: NameMatchesOptions<Result>;
  /** By hash; of several names with one hash the last is known. */
  readonly #known = new Map<number, Known<Result>>();
  #version = -1;
  #weight = 0;

  constructor(options: NameMatchesOptions<Result>) {
    this.#options = options;
  }

  of(name: Uint8Array): Result {
    const version = this.#options.version();
    if (version !== this.#version) {
      this.#forget();
      this.#version = version;
    }
    const hash = hashOf(name);
    const known = this.#known.get(hash);
    if (known !== undefined && bytesEqual(known.name, name)) return known.result;
    const result = this.#options.find(text.decode(name), name);
    this.#weight += 1 + this.#options.weight(result);
    const namesMax = this.#options.namesMax?.() ?? MQTT_NAMES_KEPT_MAX;
    const isFull = this.#known.size >= namesMax || this.#weight > WEIGHT_PER_NAME * namesMax;
    if (isFull) this.#forget();
    // A copy: the name is a view of a whole batch.
    this.#known.set(hash, { name: name.slice(), result });
    return result;
  }

  #forget(): void {
    this.#known.clear();
    this.#weight = 0;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}
