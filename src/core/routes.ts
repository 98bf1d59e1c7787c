/**
 * The core's route cache: which partition, and which key, a record from an MQTT topic name gets.
 * The caller validates a topic name before it sets its route: the fast path trusts what it finds.
 * The cache forgets when it is full; a name that is not found is asked for again.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { PARTITIONS_MAX, RECORD_BYTES_MAX } from "../base/limits.ts";
import type { CoreExports, MemoryMap } from "./exports.ts";

/** What two bytes can say of a size: MQTT strings end there, and so do keys made of them. */
const NAME_BYTES_MAX = 65_535;

export interface CoreRoute {
  readonly handle: number;
  /** The record's key; ignored where `keyIsTopic`. */
  readonly key: Uint8Array | null;
  /** The topic name itself is the key, so that the header `mqtt.topic` is not needed. */
  readonly keyIsTopic: boolean;
  /** A subscription may match the name: batches with a record of it are marked; see `Core.seal`. */
  readonly wanted?: boolean;
  /** Larger encoded records are left to the caller, as "other_packet". */
  readonly recordBytesMax?: number;
}

export class CoreRoutes {
  readonly #core: CoreExports;
  readonly #memory: Uint8Array;
  readonly #start: number;

  constructor(core: CoreExports, memory: Uint8Array, map: MemoryMap) {
    this.#core = core;
    this.#memory = memory;
    this.#start = map.IN;
  }

  set(topicName: Uint8Array, route: CoreRoute): void {
    const { handle, recordBytesMax = RECORD_BYTES_MAX, wanted = false } = route;
    const key = route.keyIsTopic ? topicName : route.key;
    assert(handle >= 0 && handle < PARTITIONS_MAX, "a partition handle is within its limit");
    assert(topicName.length > 0 && topicName.length <= NAME_BYTES_MAX, "a topic name fits MQTT");
    assert(key === null || key.length <= NAME_BYTES_MAX, "a route's key is not longer than a name");
    const keyAt = this.#start + topicName.length;
    this.#memory.set(topicName, this.#start);
    if (key !== null) this.#memory.set(key, keyAt);
    this.#core.setRoute(
      this.#start,
      topicName.length,
      handle,
      keyAt,
      key === null ? -1 : key.length,
      route.keyIsTopic ? 1 : 0,
      Math.min(recordBytesMax, RECORD_BYTES_MAX),
      wanted ? 1 : 0,
    );
  }

  /** From now on records of the names that a topic filter matches are wanted. It is well-formed. */
  want(topicFilter: Uint8Array): void {
    this.#memory.set(topicFilter, this.#start);
    this.#core.wantRoutes(this.#start, topicFilter.length);
  }

  /** Records of that topic name are not, until it is said again. */
  unwant(topicName: Uint8Array): void {
    this.#memory.set(topicName, this.#start);
    this.#core.unwantRoute(this.#start, topicName.length);
  }

  clear(): void {
    this.#core.clearRoutes();
  }
}
