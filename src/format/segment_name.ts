/**
 * Names of the files in a partition's directory.
 *
 *   <base offset, 20 decimal digits>.<log | index | timeindex>
 *
 * Twenty digits, so that names sort as offsets do; Kafka's own tools know files by these names.
 *
 * @module
 */
import { OFFSET_MAX } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";

export type SegmentSuffix = "log" | "index" | "timeindex";

const SEGMENT_NAME = /^(\d{20})\.log$/;

export function segmentName(baseOffset: Offset, suffix: SegmentSuffix = "log"): string {
  return `${baseOffset.toString().padStart(20, "0")}.${suffix}`;
}

/** The base offset a segment file is named for; null for any other file. */
export function baseOffsetOf(name: string): Offset | null {
  const match = SEGMENT_NAME.exec(name);
  if (match === null) return null;
  const baseOffset = Number(match[1]);
  return baseOffset <= OFFSET_MAX ? baseOffset : null;
}
