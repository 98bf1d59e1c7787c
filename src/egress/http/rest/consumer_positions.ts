/**
 * All partitions a consumer instance reads, with where it stands in each.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { Groups, OffsetToCommit } from "../../../groups/group_api.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import type { Topic } from "../../../store/topic.ts";
import type { EgressStore } from "../options.ts";
import { topicOf } from "../topics.ts";
import type { OffsetReset } from "./consumer_config.ts";
import { commitOf, Position } from "./positions.ts";
import type { RestOffset, RestPartition } from "./request_fields.ts";
import type { Reading, RestPage } from "./rest_page.ts";

export interface ConsumerPositionsOptions {
  readonly store: EgressStore;
  readonly groups: Pick<Groups, "committed">;
  readonly group: string;
  readonly offsetReset: OffsetReset;
}

/** An offset to commit, and the position it is of. */
export interface DueCommit {
  readonly position: Position;
  readonly commit: OffsetToCommit;
}

export class ConsumerPositions {
  readonly #options: ConsumerPositionsOptions;
  #positions = new Map<string, Position>();
  /** The member id they are of: another one may have missed a generation. */
  #memberId = "";
  #rotation = 0;

  constructor(options: ConsumerPositionsOptions) {
    this.#options = options;
  }

  get places(): readonly RestPartition[] {
    return [...this.#positions.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** What stays with a member of the same id was nobody else's in between: it goes on there. */
  take(places: readonly RestPartition[], memberId: string): void {
    const before = memberId === this.#memberId ? this.#positions : new Map<string, Position>();
    this.#memberId = memberId;
    this.#positions = new Map(places.map((place) => {
      const key = keyOf(place);
      return [key, before.get(key) ?? new Position(place)];
    }));
  }

  clear(): void {
    this.#positions.clear();
  }

  /** What was handed out has come to its client. */
  confirm(): void {
    for (const position of this.#positions.values()) position.confirm();
  }

  /** What may be committed unasked, and is not yet. */
  due(): readonly DueCommit[] {
    return [...this.#positions.values()].flatMap((position) => {
      const topic = this.#options.store.topic(position.topic);
      const offset = position.uncommitted;
      if (topic?.partitions[position.partition] === undefined || offset === null) return [];
      return [{ position, commit: commitOf(topic, position.partition, { offset }) }];
    });
  }

  /**
   * Where to read, beginning with another partition each time.
   *
   * @throws {OperatingError} 41601
   */
  async readings(): Promise<readonly Reading[]> {
    const { store, groups, group, offsetReset } = this.#options;
    const positions = [...this.#positions.values()];
    const committed = positions.some(({ offset }) => offset === null)
      ? await groups.committed(group)
      : [];
    const found = positions.flatMap((position): Reading[] => {
      const topic = store.topic(position.topic);
      const log = topic?.partitions[position.partition];
      // Its topic is gone, or yet to come.
      if (topic === undefined || log === undefined) return [];
      const own = committed.find((one) => isSamePlace(one, position));
      return [{ topic, log, position, ...position.resolve(topic, own, offsetReset) }];
    });
    const first = found.length === 0 ? 0 : this.#rotation % found.length;
    return [...found.slice(first), ...found.slice(0, first)];
  }

  /** A page was handed out. */
  advance({ ends }: RestPage): void {
    for (const { reading: { position, topic }, offset } of ends) position.moveTo(topic, offset);
    this.#rotation++;
  }

  /**
   * Goes on elsewhere: in all of these partitions, or in none.
   *
   * @throws {OperatingError} 40401, 40402 where one is not among these, and what `offsetOf` throws
   */
  seek<P extends RestPartition>(
    places: readonly P[],
    offsetOf: (log: Reading["log"], place: P) => Offset,
  ): void {
    const moves = places.map((place) => {
      const topic = topicWith(this.#options.store, place);
      const position = this.#positions.get(keyOf(place));
      if (position === undefined) {
        throw restError(
          40402,
          `Cannot seek in ${place.topic}-${place.partition}: no current assignment for it`,
        );
      }
      const offset = offsetOf(topic.partitions[place.partition]!, place);
      return { position, topic, offset };
    });
    for (const { position, topic, offset } of moves) position.moveTo(topic, offset);
  }
}

/** The topic of a partition that is there. @throws {OperatingError} 40401, 40402 */
export function topicWith(
  store: EgressStore,
  { topic: name, partition }: RestPartition,
): Topic {
  const topic = topicOf(store, name);
  if (topic.partitions[partition] !== undefined) return topic;
  throw restError(
    40402,
    `Cannot find partition ${partition} of ${topic.name}: it has ${topic.partitions.length}`,
  );
}

/** @throws {OperatingError} 422 for an offset that was never given out */
export function offsetIn(
  { topic, index, highWatermark }: Reading["log"],
  place: RestOffset,
): Offset {
  if (place.offset <= highWatermark) return place.offset;
  throw restError(
    422,
    `Cannot use offset ${place.offset} of ${topic}-${index}: it ends at ${highWatermark}`,
  );
}

export function isSamePlace(a: RestPartition, b: RestPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}

function keyOf({ topic, partition }: RestPartition): string {
  return `${topic}\n${partition}`;
}
