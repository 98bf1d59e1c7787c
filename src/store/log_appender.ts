/**
 * What gathers for the next commit of one partition: assigns offsets, closes batches, and takes the
 * offsets back when a commit fails.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { OperatingError } from "../base/errors.ts";
import { SEQUENCES_PER_EPOCH } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { DecodedRecord } from "../core/record.ts";
import { placeBatch, readBatchHeader } from "../format/record_batch.ts";
import type { IdentityHook, OriginEntry } from "./books.ts";
import { type CommitWaiter, Gathering, Ticket } from "./commit.ts";
import type { LeaderEpochs } from "./leader_epochs.ts";
import type { PartitionLog } from "./partition_log.ts";

export interface LogAppenderOptions {
  readonly log: PartitionLog;
  readonly core: Core;
  readonly identity: IdentityHook;
  readonly leaderEpoch: number;
  readonly epochs: LeaderEpochs;
  readonly compression: () => "none" | "lz4";
  /** The offset the next record takes. */
  readonly endOffset: Offset;
  /** Called with the first append of a cycle. */
  readonly dirty: () => void;
}

export class LogAppender {
  readonly #options: LogAppenderOptions;
  readonly #core: Core;
  readonly #handle: number;
  /** The offset the next closed batch takes. */
  #nextOffset: Offset;
  /** Offsets below this belong to an `appended()` call already. */
  #toldOffset: Offset;
  #gathering = new Gathering();
  #dirty = false;

  constructor(options: LogAppenderOptions) {
    this.#options = options;
    this.#core = options.core;
    this.#handle = options.log.handle;
    this.#nextOffset = this.#toldOffset = options.endOffset;
  }

  /** The offset behind all closed batches. */
  get nextOffset(): Offset {
    return this.#nextOffset;
  }

  /** See PartitionLog.appended(). */
  appended(waiter: CommitWaiter | null, origins?: readonly OriginEntry[]): Ticket {
    const end = this.#nextOffset + this.#core.openRecords(this.#handle);
    return this.#gather(end, waiter, origins);
  }

  /** Closes the open batch, if there is one. Returns whether there was. */
  seal(): boolean {
    const records = this.#core.openRecords(this.#handle);
    if (records === 0) return false;
    const room = SEQUENCES_PER_EPOCH - this.#nextOffset % SEQUENCES_PER_EPOCH;
    if (records > room) this.#sealInTwo(room);
    else this.#sealRecords(records);
    this.#markDirty();
    return true;
  }

  /** See PartitionLog.appendReplicated(). */
  appendReplicated(batch: Uint8Array, waiter: CommitWaiter): Offset {
    this.seal();
    const baseOffset = this.#nextOffset;
    placeBatch(batch, baseOffset, this.#options.leaderEpoch);
    this.#take(batch, true);
    // Nobody asks where it lands but the caller, now.
    this.#toldOffset = this.#nextOffset;
    this.#gathering.waiters.add(waiter);
    this.#markDirty();
    return baseOffset;
  }

  /** Hands over what gathered, all of it closed, and begins anew. */
  takeGathered(): Gathering {
    this.seal();
    const gathering = this.#gathering;
    this.#gathering = new Gathering();
    this.#dirty = false;
    return gathering;
  }

  /**
   * Takes the offsets of a failed commit back: the log ends at `end` again. What was closed on top
   * of it since cannot move down, because its sequence is under its checksum: it is given up too.
   */
  giveUp(failed: Gathering, end: Offset, error: OperatingError): void {
    const next = this.#gathering;
    this.#nextOffset = end;
    this.#options.epochs.truncate(end);
    if (next.batches.length > 0) {
      this.#core.discard(this.#handle);
      this.#gathering = new Gathering();
      this.#toldOffset = end;
      return next.release(this.#options.log, error);
    }
    const moved = (failed.batches.at(-1)?.nextOffset ?? end) - end;
    this.#toldOffset -= moved;
    for (const ticket of next.tickets) {
      ticket.baseOffset -= moved;
      ticket.lastOffset -= moved;
    }
  }

  #gather(end: Offset, waiter: CommitWaiter | null, origins?: readonly OriginEntry[]): Ticket {
    const gathering = this.#gathering;
    const ticket = new Ticket(this.#toldOffset, end - 1);
    this.#toldOffset = end;
    if (waiter !== null) gathering.waiters.add(waiter);
    gathering.tickets.push(ticket);
    if (origins !== undefined) {
      for (const entry of origins) gathering.origins.push({ entry, ticket });
    }
    this.#markDirty();
    return ticket;
  }

  #markDirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#options.dirty();
  }

  #sealRecords(records: number): void {
    const baseOffset = this.#nextOffset;
    const batch = this.#close(baseOffset, this.#options.compression());
    this.#take(batch, this.#core.sealed.wanted);
    assert(this.#nextOffset === baseOffset + records, "a closed batch holds what was open");
  }

  /** No batch straddles a multiple of 2^31: the first `room` records make one, the rest another. */
  #sealInTwo(room: number): void {
    const records = this.#core.decode(this.#close(0, "none"));
    const seal = (some: readonly DecodedRecord[]) => {
      for (const record of some) {
        const status = this.#core.append(this.#handle, record);
        assert(status === "ok", "what fitted one batch fits two");
      }
      this.#sealRecords(some.length);
    };
    seal(records.slice(0, room));
    seal(records.slice(room));
  }

  get gatheredWaiters(): number {
    return this.#gathering.waiters.size;
  }

  #close(baseOffset: Offset, compression: "none" | "lz4"): Uint8Array {
    const { identity, leaderEpoch, log } = this.#options;
    const logId = identity.current(log, this.#nextOffset);
    return this.#core.seal(this.#handle, { baseOffset, leaderEpoch, logId, compression });
  }

  #take(bytes: Uint8Array, wanted: boolean): void {
    const { baseOffset, lastOffset, crc, baseTimestamp, maxTimestamp } = readBatchHeader(bytes);
    this.#options.epochs.note(this.#options.leaderEpoch, baseOffset);
    this.#nextOffset = lastOffset + 1;
    this.#gathering.add({
      bytes,
      baseOffset,
      nextOffset: this.#nextOffset,
      crc,
      minTimestamp: baseTimestamp,
      maxTimestamp,
      wanted,
    });
  }
}
