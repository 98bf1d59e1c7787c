/**
 * Disk budget: how much may still be appended, all topics together. Data stops at the headroom
 * line, so that below it there is always room to keep the books: to acknowledge, to ledger, to
 * evict, to commit offsets.
 *
 *     budget − what the data directory holds      where a budget is set
 *     free bytes − headroom                       what the disk itself allows
 *
 * On a small disk the headroom is an eighth of what there is: 64 MiB would be all of it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { OperatingError } from "../base/errors.ts";
import { DISK_BUDGET_LOOK_MS, EVICTION_AHEAD_BYTES, SEGMENT_BYTES_MIN } from "../base/limits.ts";
import type { Disk } from "./disk.ts";

/** Of what free and used bytes come to, the headroom is at the most this part. */
const HEADROOM_SHARE = 8;

export interface DiskBudgetOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly budgetBytes: number | null;
  readonly headroomBytes: number;
  /** Bytes the data directory holds, books included. */
  readonly usedBytes: () => number;
}

interface Sized {
  readonly bytes: number;
}

export class DiskBudget {
  readonly #options: DiskBudgetOptions;
  #roomBytes = Infinity;
  /** What could be held if everything else stayed as it is. */
  #capacityBytes = Infinity;
  #lookedMs = -Infinity;

  /** Bytes of each log when they were last counted in. */
  readonly #counted = new Map<Sized, number>();

  constructor(options: DiskBudgetOptions) {
    this.#options = options;
  }

  /** Bytes that may still be appended; zero or less at the headroom line. */
  get roomBytes(): number {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#lookedMs >= DISK_BUDGET_LOOK_MS) this.look();
    return this.#roomBytes;
  }

  /** Bytes the data directory holds, by the books. */
  get usedBytes(): number {
    return this.#options.usedBytes();
  }

  /** Something was committed to `log`: there is less room by as much, without looking. */
  advanced(log: Sized): void {
    const { bytes } = log;
    this.#roomBytes -= Math.max(0, bytes - (this.#counted.get(log) ?? 0));
    this.#counted.set(log, bytes);
  }

  /** Room at which eviction begins: ahead of the line, so that commits seldom wait for it. */
  get aheadBytes(): number {
    return Math.min(EVICTION_AHEAD_BYTES, this.#capacityBytes / 8);
  }

  /** What could be held if everything that is not this node's stayed as it is. */
  get capacityBytes(): number {
    if (this.#lookedMs === -Infinity) this.look();
    return this.#capacityBytes;
  }

  /**
   * The largest a segment may become. Active segments cannot be evicted, so all of them together
   * must stay a small part of what there is.
   */
  segmentBytesMax(partitions: number): number {
    if (this.#lookedMs === -Infinity) this.look();
    return Math.max(SEGMENT_BYTES_MIN, Math.floor(this.#capacityBytes / (4 * partitions)));
  }

  /** Looks again now: something was removed. */
  look(): number {
    const { disk, clock, budgetBytes, headroomBytes, usedBytes } = this.#options;
    this.#lookedMs = clock.monotonicMs();
    const used = usedBytes();
    const onDisk = disk.freeBytes();
    const free = onDisk - Math.min(headroomBytes, Math.floor((onDisk + used) / HEADROOM_SHARE));
    this.#roomBytes = budgetBytes === null ? free : Math.min(free, budgetBytes - used);
    this.#capacityBytes = Math.max(0, used + this.#roomBytes);
    return this.#roomBytes;
  }

  refusal(topic: string): OperatingError {
    const room = this.#roomBytes;
    return new OperatingError(
      "storage_full",
      `Cannot append to topic "${topic}": the disk is full up to its headroom`,
      { topic, room_bytes: room },
    );
  }
}
