/**
 * One partition's part in one cycle of the commit loop: what was sealed, who waits for it, and
 * what happens when the disk refuses.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { OperatingError } from "../base/errors.ts";
import type { OriginHook, SealedOrigin } from "./books.ts";
import type { Gathering } from "./commit.ts";
import type { LogWriter } from "./log_writer.ts";
import type { PartitionLog } from "./partition_log.ts";

/** How the partition log hears of the end of its commit. */
export interface CommitEnds {
  /** The batches count from now on: moves the high watermark. */
  succeeded(gathering: Gathering): void;
  /** They never will: takes their offsets back. */
  gaveUp(gathering: Gathering, error: OperatingError): void;
}

export interface LogCommitOptions {
  readonly log: PartitionLog;
  readonly gathering: Gathering;
  readonly writer: LogWriter;
  readonly ends: CommitEnds;
  readonly journal: OriginHook;
  /** False: acknowledged once in the page cache (`durability: os`). */
  readonly durable: boolean;
}

export class LogCommit {
  readonly log: PartitionLog;
  readonly gathering: Gathering;
  readonly durable: boolean;
  readonly #writer: LogWriter;
  readonly #ends: CommitEnds;
  readonly #journal: OriginHook;
  readonly #origins: readonly SealedOrigin[];
  #open = true;
  #originsWritten = false;
  #refused: OperatingError | null = null;

  constructor(options: LogCommitOptions) {
    const { log, gathering, writer, ends, journal, durable } = options;
    this.log = log;
    this.gathering = gathering;
    this.durable = durable;
    this.#writer = writer;
    this.#ends = ends;
    this.#journal = journal;
    this.#origins = gathering.origins.length === 0 ? [] : sealedOrigins(log, gathering);
  }

  /** False once it was given up. */
  get open(): boolean {
    return this.#open;
  }

  get origins(): readonly SealedOrigin[] {
    return this.#origins;
  }

  /** Whether its sync is one call on one file. */
  get oneFile(): boolean {
    return this.#writer.oneFile;
  }

  /** The origin journal took the entries, so each must be settled. */
  noteOriginsWritten(): void {
    this.#originsWritten = true;
  }

  /** What must be durable before it is not: the commit fails instead of being written. */
  refuse(error: unknown): void {
    this.#refused ??= troubleOf(error);
  }

  /** Puts the batches into the page cache. */
  write(): void {
    if (this.#refused !== null) return this.#fail(this.#refused);
    try {
      this.#writer.write(this.gathering.batches, { durable: this.durable });
    } catch (error) {
      const trouble = troubleOf(error);
      this.#writer.revert(false);
      this.#fail(trouble);
    }
  }

  /** Makes the batches durable on the event loop; returns the trouble, or null. */
  syncNow(): OperatingError | null {
    try {
      this.#writer.syncNow();
      return null;
    } catch (error) {
      return troubleOf(error);
    }
  }

  /** Makes the batches durable, in a new segment where the sync of the old one fails. */
  async sync(): Promise<void> {
    try {
      await this.#writer.sync();
    } catch (error) {
      return await this.syncElsewhere(troubleOf(error));
    }
    this.succeed();
  }

  /** After a failed sync: the same batches into a new segment. */
  async syncElsewhere(first: OperatingError): Promise<void> {
    this.log.noteFailedSync(first);
    try {
      this.#writer.rewrite();
      await this.#writer.sync();
    } catch (error) {
      troubleOf(error);
      this.#writer.revert(true);
      return this.#fail(first);
    }
    this.succeed();
  }

  succeed(): void {
    assert(this.#open, "a commit ends once");
    this.#open = false;
    this.#writer.accept(this.durable);
    this.#ends.succeeded(this.gathering);
    if (this.#originsWritten) {
      for (const origin of this.#origins) this.#journal.settled(origin, null);
    }
    this.gathering.release(this.log, null);
  }

  #fail(trouble: OperatingError): void {
    assert(this.#open, "a commit ends once");
    this.#open = false;
    this.#ends.gaveUp(this.gathering, trouble);
    if (this.#originsWritten) {
      for (const origin of this.#origins) this.#journal.settled(origin, trouble);
    }
    this.gathering.release(this.log, trouble);
  }
}

/** A trouble of the disk is handled; anything else is a bug, and stops the process. */
function troubleOf(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  throw error;
}

/** Finds the batches that hold the records of each origin entry. */
function sealedOrigins(log: PartitionLog, gathering: Gathering): SealedOrigin[] {
  return gathering.origins.map(({ entry, ticket: { baseOffset, lastOffset } }) => {
    const held = gathering.batches
      .filter((batch) => batch.baseOffset <= lastOffset && baseOffset < batch.nextOffset)
      .map((batch) => ({ baseOffset: batch.baseOffset, crc: batch.crc }));
    const last = held.pop();
    assert(last !== undefined, "an origin entry comes with records");
    return {
      entry,
      log,
      batchBaseOffset: last.baseOffset,
      batchCrc: last.crc,
      earlierBatches: held,
      baseOffset,
      lastOffset,
    };
  });
}
