/**
 * Batches of one request that were queued in one turn, until the disk has them: then the received
 * ranges count them, or forget them.
 *
 * @module
 */
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
  /** Resolves with what stopped it, or null once everything is durable. */
  readonly done: Promise<OperatingError | null>;
  readonly #ranges: ReceivedRanges;
  readonly #batches: QueuedBatch[] = [];
  #resolve!: (error: OperatingError | null) => void;

  constructor(ranges: ReceivedRanges) {
    this.#ranges = ranges;
    this.done = new Promise((resolve) => this.#resolve = resolve);
  }

  /** All batches of one pending commit go to one partition, in one turn. */
  add(batch: QueuedBatch): void {
    this.#ranges.note(batch.logId, batch.from, batch.to);
    this.#batches.push(batch);
  }

  committed(_log: PartitionLog, error: OperatingError | null): void {
    for (const { logId, from, to, localEnd } of this.#batches) {
      this.#ranges.settle(logId, { from, to }, error === null, localEnd);
    }
    this.#resolve(error);
  }
}
