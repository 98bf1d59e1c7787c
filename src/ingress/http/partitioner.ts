/**
 * Which partition of a topic a record goes to, at the first node: as Kafka's clients choose it.
 *
 *   `partition=`   that one
 *   a key          murmur2(key) mod partitions
 *   none           one partition for each commit, the next one for the next; for a request with a
 *                  producer id always the same, so that its retries meet its records
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import type { Core } from "../../core/core.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";

export interface PartitionerOptions {
  readonly core: Pick<Core, "murmur2">;
  /** Where records without a key go, modulo the number of partitions. */
  readonly keyless: number;
  /** `partition=` of the request. */
  readonly partition: number | undefined;
}

export type Partitioner = (key: Uint8Array | null) => PartitionLog;

/** @throws {OperatingError} unknown_partition when the topic does not have the one asked for. */
export function partitionerOf(topic: Topic, options: PartitionerOptions): Partitioner {
  const { partitions } = topic;
  const { core, partition, keyless } = options;
  if (partition !== undefined) {
    const log = partitionOf(topic, partition);
    return () => log;
  }
  const only = partitions[0]!;
  if (partitions.length === 1) return () => only;
  const sticky = partitions[keyless % partitions.length]!;
  return (key) => key === null ? sticky : partitions[core.murmur2(key) % partitions.length]!;
}

/** Where the keyless records of a producer go. */
export function keylessPartitionOf(
  topic: Topic,
  core: Pick<Core, "murmur2">,
  producerId: string,
): number {
  return core.murmur2(utf8(producerId)) % topic.partitions.length;
}

function partitionOf(topic: Topic, partition: number): PartitionLog {
  const log = topic.partitions[partition];
  if (log !== undefined) return log;
  throw new OperatingError(
    "unknown_partition",
    `Cannot append to ${topic.name}-${partition}: it has ${topic.partitions.length} partitions`,
    { topic: topic.name, partition, partitions: topic.partitions.length },
  );
}
