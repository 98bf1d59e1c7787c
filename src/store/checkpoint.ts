/**
 * Checkpoint files: two generations, each rewritten in place in turn, so that one is whole at any
 * moment. They are filled with zeros beyond what they hold, so that the next one has its space.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import { CHECKPOINT_STEP_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Offset } from "../base/types.ts";
import type { Checkpoint, CheckpointParts } from "../format/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../format/checkpoint.ts";
import type { Checksum } from "../format/journal_entry.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { fillWithZeros } from "./journal.ts";

export const CHECKPOINT_PATHS = ["checkpoint-a", "checkpoint-b"] as const;

export interface CheckpointFilesOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly logger: Logger;
}

/** What one generation lets retention remove: recovery points by partition directory. */
type Covered = ReadonlyMap<string, Offset>;

export class CheckpointFiles {
  readonly #options: CheckpointFilesOptions;
  /** The newest whole one; null when recovery has to read the logs from their start. */
  readonly loaded: Checkpoint | null;
  #covered: [Covered, Covered];
  #newest: number;
  #generation: number;
  /** A file whose sync failed is removed and made anew before it is used again. */
  #suspect = [false, false];

  constructor(options: CheckpointFilesOptions) {
    this.#options = options;
    const found = CHECKPOINT_PATHS.map((path) => this.#read(path));
    this.#newest = (found[1]?.generation ?? 0) > (found[0]?.generation ?? 0) ? 1 : 0;
    this.loaded = found[this.#newest] ?? null;
    this.#generation = this.loaded?.generation ?? 0;
    this.#covered = [coveredBy(found[0]), coveredBy(found[1])];
  }

  /**
   * Makes the newest generation durable: what a killed process left may only be in the page cache,
   * and the other one is written over next.
   */
  async makeDurable(): Promise<void> {
    if (this.loaded === null) return;
    try {
      const file = this.#options.disk.open(CHECKPOINT_PATHS[this.#newest]!);
      try {
        await file.sync();
      } finally {
        file.close();
      }
      await this.#options.disk.syncDirectory("");
    } catch (error) {
      this.#options.logger.warn("checkpoint_not_durable", { error: messageOf(error) });
      // Then it is the one to be written over, and the other one stands.
      this.#suspect[this.#newest] = true;
      this.#newest = 1 - this.#newest;
    }
  }

  get generation(): number {
    return this.#generation;
  }

  /** Offsets of the partition below this are covered by both generations. */
  coveredBelow(directory: string): Offset {
    return Math.min(...this.#covered.map((covered) => covered.get(directory) ?? 0));
  }

  /** Writes the next generation over the older one. One call at a time. */
  async write(
    parts: Omit<CheckpointParts, "generation">,
    recoveryPoints: Covered,
  ): Promise<void> {
    const { disk, crc32c } = this.#options;
    const at = 1 - this.#newest;
    const path = CHECKPOINT_PATHS[at]!;
    const generation = this.#generation + 1;
    const bytes = encodeCheckpoint({ ...parts, generation }, crc32c);
    if (this.#suspect[at]) disk.remove(path);
    const isNew = !disk.exists(path);
    const file = disk.open(path, { create: true });
    try {
      // Grown first: where the disk has no room for it, what it held still stands.
      fillWithZeros(file, bytes.length);
      // From here on this generation covers nothing, until the new one is whole.
      this.#covered[at] = new Map();
      file.writeAt(0, bytes);
      this.#reserve(file, bytes.length);
      await this.#sync(file, at);
      if (isNew) await disk.syncDirectory("");
    } finally {
      file.close();
    }
    this.#covered[at] = recoveryPoints;
    this.#generation = generation;
    this.#newest = at;
  }

  async #sync(file: DiskFile, at: number): Promise<void> {
    this.#suspect[at] = true;
    try {
      await file.sync();
    } catch (error) {
      // What the page cache shows now may never reach the disk: no later run is to read it.
      this.#options.disk.remove(file.path);
      throw error;
    }
    this.#suspect[at] = false;
  }

  /** Room for twice of what it holds now; where there is none, there will be trouble only later. */
  #reserve(file: DiskFile, needed: number): void {
    if (file.size() >= 1.25 * needed) return;
    try {
      fillWithZeros(file, Math.ceil(2 * needed / CHECKPOINT_STEP_BYTES) * CHECKPOINT_STEP_BYTES);
    } catch (error) {
      this.#options.logger.warn("checkpoint_not_reserved", { error: messageOf(error) });
    }
  }

  #read(path: string): Checkpoint | null {
    const { disk, crc32c, logger } = this.#options;
    try {
      if (!disk.exists(path)) return null;
      const file = disk.open(path);
      try {
        const bytes = new Uint8Array(file.size());
        file.readAtNow(0, bytes);
        const checkpoint = decodeCheckpoint(bytes, crc32c);
        if (checkpoint === null) logger.warn("checkpoint_unreadable", { path });
        return checkpoint;
      } finally {
        file.close();
      }
    } catch (error) {
      logger.warn("checkpoint_unreadable", { path, error: messageOf(error) });
      return null;
    }
  }
}

function coveredBy(checkpoint: Checkpoint | null | undefined): Covered {
  const entries = checkpoint?.partitions.entries() ?? [];
  return new Map(Array.from(entries, ([name, { recoveryPoint }]) => [name, recoveryPoint]));
}
