/**
 * Where a reader of a tail stands: in every partition of the topic, though it may follow only one,
 * so that its cursor says the same to every kind of read. Never changed once it was made.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import type { Offset } from "../../base/types.ts";
import { decodeCursor, encodeCursor, type Standing } from "../../protocol/http/cursor.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";

export type TailPlace = readonly Standing[];

/** What a reader asked for, as far as it decides what is read. */
export interface TailScope {
  readonly topic: Topic;
  /** The only one followed, or null for all. */
  readonly partition: number | null;
}

/** Before the first record: of a partition that is not followed, or was made since. */
const NOWHERE: Standing = { epoch: -1, offset: 0 };

export function followedLogs({ topic, partition }: TailScope): readonly PartitionLog[] {
  return topic.partitions.filter((log) => partition === null || log.index === partition);
}

export function standingIn(place: TailPlace, { index }: { readonly index: number }): Standing {
  return place[index] ?? NOWHERE;
}

/** At the end or at the start of all that is followed. */
export function placeAt(scope: TailScope, from: "earliest" | "latest"): TailPlace {
  const followed = new Set(followedLogs(scope));
  return scope.topic.partitions.map((log) => {
    if (!followed.has(log)) return NOWHERE;
    const offset = from === "latest" ? log.highWatermark : log.logStartOffset;
    return { epoch: epochBefore(log, offset), offset };
  });
}

/**
 * Where a cursor points to. What retention took meanwhile lies below the log's start: that is for
 * the reader to be told of.
 *
 * @throws {OperatingError} invalid_argument, or log_diverged when it is of another topic or history
 */
export function placeOfCursor(scope: TailScope, text: string): TailPlace {
  const { topic } = scope;
  const { topicId, source, standings } = decodeCursor(text);
  if (source !== undefined) {
    throw new OperatingError(
      "invalid_argument",
      "Cannot go on from the cursor: it is of a read with order=source",
      { parameter: "cursor" },
    );
  }
  if (topicId !== topic.id || standings.length > topic.partitions.length) {
    throw new OperatingError(
      "log_diverged",
      `Cannot go on from the cursor: it is of another topic than today's ${topic.name}`,
      { topic: topic.name, topic_id: topic.id, cursor_topic_id: topicId },
    );
  }
  const followed = new Set(followedLogs(scope));
  return topic.partitions.map((log) => {
    // Partitions may have been added since.
    const standing = standings[log.index];
    if (standing === undefined || !followed.has(log)) return NOWHERE;
    checkEpoch(log, standing.epoch, standing.offset);
    checkNotAhead(log, standing.offset);
    return standing;
  });
}

export function cursorText(topic: Topic, place: TailPlace): string {
  return encodeCursor({ topicId: topic.id, standings: place });
}

/** Where one place lies, seen from another; ahead of it: in some partition at least. */
export function comparePlaces(
  logs: readonly PartitionLog[],
  place: TailPlace,
  other: TailPlace,
): "same" | "behind" | "ahead" {
  let behind = false;
  for (const log of logs) {
    const difference = standingIn(place, log).offset - standingIn(other, log).offset;
    if (difference > 0) return "ahead";
    if (difference < 0) behind = true;
  }
  return behind ? "behind" : "same";
}

/** Records between a place and the ends of the logs. */
export function recordsBehind(logs: readonly PartitionLog[], place: TailPlace): number {
  return logs.reduce(
    (sum, log) => sum + Math.max(0, log.highWatermark - standingIn(place, log).offset),
    0,
  );
}

function checkNotAhead(log: PartitionLog, offset: Offset): void {
  const { topic, index, logStartOffset, highWatermark } = log;
  if (offset <= highWatermark) return;
  throw new OperatingError(
    "offset_out_of_range",
    `Cannot tail ${topic}-${index} from ${offset}: it ends at ${highWatermark}`,
    {
      topic,
      partition: index,
      offset,
      log_start_offset: logStartOffset,
      high_watermark: highWatermark,
    },
  );
}
