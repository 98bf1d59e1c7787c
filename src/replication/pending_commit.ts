/**
 * Batches of other nodes that one commit of one partition holds, whichever requests brought them,
 * until the disk has them: then the received ranges count them, in the order in which they lie, or
 * forget them.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { OperatingError } from "../base/errors.ts";
import type { LogId, Offset } from "../base/types.ts";
import type { CommitWaiter } from "../store/commit.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import type { ReceivedRanges } from "../store/received_ranges.ts";

export interface QueuedBatch {
  readonly logId: LogId;
  readonly from: Offset;
  readonly to: Offset;
  /** The offset behind the batch here. */
  readonly localEnd: Offset;
}

export class PendingCommit implements CommitWaiter {
  /** Ordinal of the commit cycle that takes it. */
  readonly cycle: number;
  /** Resolves with what stopped it, or null once everything is durable. */
  readonly done: Promise<OperatingError | null>;
  /** Nothing may be added any more. */
  ended = false;
  readonly #ranges: ReceivedRanges;
  readonly #batches: QueuedBatch[] = [];
  #resolve!: (error: OperatingError | null) => void;

  constructor(ranges: ReceivedRanges, cycle: number) {
    this.#ranges = ranges;
    this.cycle = cycle;
    this.done = new Promise((resolve) => this.#resolve = resolve);
  }

  /** All batches of one pending commit go to one partition, in one cycle, in the order added. */
  add(batch: QueuedBatch): void {
    assert(!this.ended, "a commit that has ended takes no more");
    this.#ranges.note(batch.logId, batch.from, batch.to);
    this.#batches.push(batch);
  }

  committed(_log: PartitionLog, error: OperatingError | null): void {
    this.ended = true;
    for (const { logId, from, to, localEnd } of this.#batches) {
      this.#ranges.settle(logId, { from, to }, error === null, localEnd);
    }
    this.#resolve(error);
  }
}
