/**
 * The words between a partition log, the commit loop and whoever waits for a commit.
 *
 * @module
 */
import type { OperatingError } from "../base/errors.ts";
import type { Offset, TimestampMs } from "../base/types.ts";
import type { OriginEntry } from "./books.ts";
import type { PartitionLog } from "./partition_log.ts";

/** First and last offset of what one commit made durable in one partition. */
export interface CommitResult {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
}

export interface CommitWaiter {
  /**
   * Called once per partition and cycle the waiter was handed in for, in the turn in which the high
   * watermark passes its records, or in which they are given up. Must not throw.
   */
  committed(log: PartitionLog, error: OperatingError | null, result: CommitResult | null): void;
}

/**
 * Where the records of one `appended()` call land. Good once their commit succeeded: until then a
 * failed commit before them may still move them down.
 */
export class Ticket {
  baseOffset: Offset;
  lastOffset: Offset;

  constructor(baseOffset: Offset, lastOffset: Offset) {
    this.baseOffset = baseOffset;
    this.lastOffset = lastOffset;
  }
}

/** A closed batch on its way to the disk; its bytes are kept until they are synced. */
export interface SealedBatch {
  readonly bytes: Uint8Array;
  readonly baseOffset: Offset;
  /** The offset behind its last record. */
  readonly nextOffset: Offset;
  readonly crc: number;
  readonly minTimestamp: TimestampMs;
  readonly maxTimestamp: TimestampMs;
  /** Whether a subscription may match one of its records. */
  readonly wanted: boolean;
}

/** What gathers for the next commit of one partition. */
export class Gathering {
  readonly batches: SealedBatch[] = [];
  readonly waiters = new Set<CommitWaiter>();
  readonly tickets: Ticket[] = [];
  readonly origins: { readonly entry: OriginEntry; readonly ticket: Ticket }[] = [];
  bytes = 0;

  add(batch: SealedBatch): void {
    this.batches.push(batch);
    this.bytes += batch.bytes.length;
  }

  /** Releases everyone who waits for it. */
  release(log: PartitionLog, error: OperatingError | null): void {
    const first = this.batches[0];
    const last = this.batches.at(-1);
    const result = error === null && first !== undefined && last !== undefined
      ? { baseOffset: first.baseOffset, lastOffset: last.nextOffset - 1 }
      : null;
    for (const waiter of this.waiters) waiter.committed(log, error, result);
  }
}
