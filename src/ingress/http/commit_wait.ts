/**
 * Waits for the commits that make one request durable: one for each partition it touched. It is
 * over when the last of them is, well or badly; a request that failed in one place failed.
 *
 * @module
 */
import type { OperatingError } from "../../base/errors.ts";
import type { OriginEntry } from "../../store/books.ts";
import type { CommitWaiter, Ticket } from "../../store/commit.ts";
import type { PartitionLog } from "../../store/partition_log.ts";

/** Where a request's records landed in one partition. */
export interface Landing {
  readonly log: PartitionLog;
  readonly ticket: Ticket;
}

export class CommitWait implements CommitWaiter {
  readonly landings: Landing[] = [];
  readonly #done = Promise.withResolvers<void>();
  /** Partitions that are not durable yet: each calls back once, however often it was added. */
  readonly #open = new Set<PartitionLog>();
  #error: OperatingError | null = null;

  /** Tells `log` that records were appended to it since the last call. All calls in one turn. */
  add(log: PartitionLog, origins?: readonly OriginEntry[]): void {
    this.#open.add(log);
    this.landings.push({ log, ticket: log.appended(this, origins) });
  }

  committed(log: PartitionLog, error: OperatingError | null): void {
    this.#error ??= error;
    this.#open.delete(log);
    if (this.#open.size > 0) return;
    if (this.#error === null) this.#done.resolve();
    else this.#done.reject(this.#error);
  }

  /** Rejects with the first trouble. */
  get done(): Promise<void> {
    return this.#done.promise;
  }
}
