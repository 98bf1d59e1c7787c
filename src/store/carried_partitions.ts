/**
 * Partitions that could not be opened in this run, as the checkpoint it began with knew them: the
 * checkpoints of this run hold them on, so that the next start finds them as they were left.
 *
 * @module
 */
import type { Offset, TopicName } from "../base/types.ts";
import { type Checkpoint, encodePartition } from "../format/checkpoint.ts";
import { parsePartitionDirectory } from "../format/partition_directory.ts";

export interface CarriedPartition {
  /** As it stands in the checkpoint. */
  readonly text: string;
  readonly recoveryPoint: Offset;
}

/** By directory. */
export function carriedPartitions(
  checkpoint: Checkpoint | null,
  isOutOfReach: (topic: TopicName) => boolean,
): Map<string, CarriedPartition> {
  const carried = new Map<string, CarriedPartition>();
  for (const [directory, partition] of checkpoint?.partitions ?? []) {
    const topic = parsePartitionDirectory(directory)?.topic;
    if (topic === undefined || !isOutOfReach(topic)) continue;
    const text = encodePartition(partition, checkpoint?.ownLogs.get(directory) ?? []);
    carried.set(directory, { text, recoveryPoint: partition.recoveryPoint });
  }
  return carried;
}
