/**
 * Partitions that were given up with their topic while the upstream had not said the last word: what
 * it lacks of them, and what is settled at the root of the chain.
 *
 * @module
 */
import type { TopicName } from "../base/types.ts";
import { parsePartitionDirectory } from "../format/partition_directory.ts";
import type { SpaceBooks } from "./space.ts";

/** By what the books say alone: whether a topic has such a partition again is the caller's. */
export function unsettled(
  { ledger, forwarded }: Pick<SpaceBooks, "ledger" | "forwarded">,
): [TopicName, number][] {
  const open: [TopicName, number][] = [];
  const asked = new Set<string>();
  for (const { topic, partition, state } of ledger.entries()) {
    if (state === "provisional") asked.add(`${topic}-${partition}`);
  }
  for (const [directory, { offset }] of ledger.logStarts()) {
    const found = parsePartitionDirectory(directory);
    if (found === null) continue;
    const { topic, partition } = found;
    const { settled } = forwarded.of(topic, partition);
    if (settled < offset || asked.has(directory)) open.push([topic, partition]);
  }
  return open;
}
