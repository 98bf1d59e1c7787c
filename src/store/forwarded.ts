/**
 * How far each partition was delivered upstream. Kept in memory and in the checkpoint: after a
 * crash it may say too little, never too much, and the receiver tells the rest.
 *
 *     held      offsets below it are durable at the next node, or ledgered there
 *     settled   the same at the root of the chain of nodes
 *
 * Both in the partition's own offsets; what is acknowledged per log is in the log's own.
 *
 * @module
 */
import type { LogId, Offset, TopicName } from "../base/types.ts";
import type { ForwardedCheckpoint } from "../format/checkpoint.ts";
import { parsePartitionDirectory, partitionDirectory } from "../format/partition_directory.ts";

export interface Acknowledged {
  readonly held: Offset;
  readonly settled: Offset;
}

export interface AcknowledgedLog extends Acknowledged {
  readonly logId: LogId;
}

const NOTHING: Acknowledged = { held: 0, settled: 0 };

export class Forwarded {
  readonly #partitions = new Map<string, Acknowledged>();
  readonly #logs = new Map<LogId, Acknowledged>();
  readonly #logsOf = new Map<string, Set<LogId>>();

  constructor(loaded: ReadonlyMap<string, ForwardedCheckpoint> = new Map()) {
    for (const [directory, { held, settled, acked }] of loaded) {
      this.#partitions.set(directory, { held, settled });
      this.#logsOf.set(directory, new Set(Object.keys(acked)));
      for (const [logId, acknowledged] of Object.entries(acked)) {
        this.#logs.set(logId, acknowledged);
      }
    }
  }

  of(topic: TopicName, partition: number): Acknowledged {
    return this.#partitions.get(partitionDirectory(topic, partition)) ?? NOTHING;
  }

  /** Sets how far the partition was delivered. May fall: a receiver that lost data says so. */
  set(topic: TopicName, partition: number, acknowledged: Acknowledged): void {
    this.#partitions.set(partitionDirectory(topic, partition), acknowledged);
  }

  /** What the receiver acknowledged of a log, this run or an earlier one; null when nothing. */
  ofLog(logId: LogId): Acknowledged | null {
    return this.#logs.get(logId) ?? null;
  }

  setLog(topic: TopicName, partition: number, logId: LogId, acknowledged: Acknowledged): void {
    const directory = partitionDirectory(topic, partition);
    const logs = this.#logsOf.get(directory) ?? new Set();
    logs.add(logId);
    this.#logsOf.set(directory, logs);
    this.#logs.set(logId, acknowledged);
  }

  /** Forgets the logs that are `done`: every start draws one, and each checkpoint holds them all. */
  prune(done: (topic: TopicName, partition: number, log: AcknowledgedLog) => boolean): void {
    for (const [directory, logs] of this.#logsOf) {
      const found = parsePartitionDirectory(directory);
      if (found === null) continue;
      for (const logId of logs) {
        const log = { logId, ...this.#logs.get(logId)! };
        if (!done(found.topic, found.partition, log)) continue;
        logs.delete(logId);
        this.#logs.delete(logId);
      }
    }
  }

  /** What the log start offset's own record knew: nothing below it waits any more. */
  raise(directory: string, { held, settled }: Acknowledged): void {
    const now = this.#partitions.get(directory) ?? NOTHING;
    this.#partitions.set(directory, {
      held: Math.max(now.held, held),
      settled: Math.max(now.settled, settled),
    });
  }

  checkpoint(): Map<string, ForwardedCheckpoint> {
    const directories = new Set([...this.#partitions.keys(), ...this.#logsOf.keys()]);
    return new Map(Array.from(directories, (directory) => {
      const logs = [...this.#logsOf.get(directory) ?? []];
      const acked = Object.fromEntries(logs.map((logId) => [logId, this.#logs.get(logId)!]));
      return [directory, { ...(this.#partitions.get(directory) ?? NOTHING), acked }];
    }));
  }
}
