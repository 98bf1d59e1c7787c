/**
 * A lane is named for the partition it empties: "<topic>/<partition>", as the sender calls them.
 * Its mode says which order it keeps; a strict lane is the whole partition in its own order.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX, TOPIC_NAME_MAX } from "../../base/limits.ts";
import type { TopicName } from "../../base/types.ts";

/**
 * What a lane carries. With `replication_order: live_first` a partition may travel as two lanes: a
 * `live` one, whose batches may begin islands, and a `backlog` one, which fills the rest in order,
 * as a `strict` one does.
 */
export const LANE_MODES = ["strict", "live", "backlog"] as const;
export type LaneMode = typeof LANE_MODES[number];

export interface LaneName {
  readonly topic: TopicName;
  readonly partition: number;
}

/** Characters of a lane's name: the topic, the slash, and four digits. */
export const LANE_NAME_MAX = TOPIC_NAME_MAX + 5;

const LANE_NAME = /^([a-zA-Z0-9._-]{1,249})\/(0|[1-9][0-9]{0,3})$/;

export function laneNameOf(lane: LaneName): string {
  return `${lane.topic}/${lane.partition}`;
}

/** @throws {OperatingError} `malformed_body` when `name` is none. */
export function parseLaneName(name: string): LaneName {
  const match = LANE_NAME.exec(name);
  const partition = Number(match?.[2]);
  if (match === null || partition >= PARTITIONS_MAX) {
    const shown = JSON.stringify(name.slice(0, LANE_NAME_MAX));
    throw new OperatingError(
      "malformed_body",
      `Cannot read lane name ${shown}: not topic/partition`,
    );
  }
  return { topic: match[1]!, partition };
}
