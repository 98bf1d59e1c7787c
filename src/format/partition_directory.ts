/**
 * Directory of a partition: `<topic>-<partition>`, below the data directory. A topic's name may
 * hold "-" itself, so the last one parts the two.
 *
 * @module
 */
import type { TopicName } from "../base/types.ts";

const DIRECTORY = /^([a-zA-Z0-9._-]{1,249})-(0|[1-9]\d{0,3})$/;

export function partitionDirectory(topic: TopicName, partition: number): string {
  return `${topic}-${partition}`;
}

/** The partition a directory's name stands for, or null. */
export function parsePartitionDirectory(
  name: string,
): { readonly topic: TopicName; readonly partition: number } | null {
  const match = DIRECTORY.exec(name);
  return match === null ? null : { topic: match[1]!, partition: Number(match[2]) };
}
