/**
 * Where the records of one request land, record by record: some partitions may take theirs while
 * another's disk refuses. Over when the last partition has decided.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import type { OperatingError } from "../../base/errors.ts";
import type { Offset } from "../../base/types.ts";
import type { CommitWaiter, Ticket } from "../../store/commit.ts";
import type { PartitionLog } from "../../store/partition_log.ts";

interface Share {
  readonly ticket: Ticket;
  error: OperatingError | null;
}

export class RestLandings implements CommitWaiter {
  /** Where each record was appended, in their order. */
  readonly #logs: readonly PartitionLog[];
  readonly #shares = new Map<PartitionLog, Share>();
  readonly #open: Set<PartitionLog>;
  readonly #done = Promise.withResolvers<void>();

  /** Tells the logs of what was appended to them, all of it in this turn. */
  constructor(logs: readonly PartitionLog[]) {
    this.#logs = logs;
    this.#open = new Set(logs);
    for (const log of this.#open) {
      this.#shares.set(log, { ticket: log.appended(this), error: null });
    }
  }

  /** Never rejects. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  committed(log: PartitionLog, error: OperatingError | null): void {
    this.#shares.get(log)!.error = error;
    this.#open.delete(log);
    if (this.#open.size === 0) this.#done.resolve();
  }

  /** Records that are durable. */
  get taken(): number {
    return this.#logs.filter((log) => this.#shares.get(log)!.error === null).length;
  }

  /** @throws {OperatingError} the first trouble, where nothing was taken. */
  checkAny(): void {
    const [first] = this.#shares.values();
    if (this.taken === 0 && first?.error) throw first.error;
  }

  /** Calls `name` with the place of each record, or what refused it. */
  each<T>(
    name: (partition: number, offset: Offset, error: OperatingError | null) => T,
  ): readonly T[] {
    const next = new Map<PartitionLog, Offset>();
    const named = this.#logs.map((log) => {
      const { ticket, error } = this.#shares.get(log)!;
      const offset = next.get(log) ?? ticket.baseOffset;
      next.set(log, offset + 1);
      return name(log.index, offset, error);
    });
    for (const [log, { ticket, error }] of this.#shares) {
      assert(
        error !== null || next.get(log) === ticket.lastOffset + 1,
        "each record has its place",
      );
    }
    return named;
  }
}
