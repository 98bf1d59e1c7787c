/**
 * Quarantine: damaged bytes are kept as evidence before the log steps over them or cuts them off.
 *
 *   quarantine/<topic>-<partition>-<first offset in doubt>-<position>.bin
 *
 * Never in the way: where evidence cannot be kept (a full disk, too much of it), the log goes on.
 *
 * @module
 */
import { QUARANTINE_BYTES_MAX, QUARANTINE_FILES_MAX } from "../base/limits.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Offset, Position } from "../base/types.ts";
import type { PartitionName } from "./books.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Disk } from "./disk.ts";

export const QUARANTINE_DIRECTORY = "quarantine";

const PIECE_BYTES = 256 * 1024;

export interface DoubtfulBytes {
  readonly topic: string;
  readonly index: number;
  /** First offset in doubt. */
  readonly from: Offset;
  readonly position: Position;
  readonly end: Position;
}

export interface DoubtfulFile {
  /** First offset in doubt. */
  readonly from: Offset;
  readonly unreadable: boolean;
}

export class Quarantine {
  readonly #disk: Disk;
  readonly #logger: Logger;

  constructor(disk: Disk, logger: Logger) {
    this.#disk = disk;
    this.#logger = logger;
  }

  /**
   * Takes a whole segment file out of its partition. Where too many are kept already it goes for
   * good, but for one that cannot be read: there may be more in it than damage.
   */
  take(path: string, { topic, index }: PartitionName, { from, unreadable }: DoubtfulFile): void {
    this.#disk.makeDirectory(QUARANTINE_DIRECTORY);
    if (!unreadable && this.#disk.list(QUARANTINE_DIRECTORY).length >= QUARANTINE_FILES_MAX) {
      this.#logger.warn("evidence_not_kept", { path, error: "the quarantine is full" });
      return this.#disk.remove(path);
    }
    this.#disk.rename(path, `${QUARANTINE_DIRECTORY}/${topic}-${index}-${from}-0.bin`);
  }

  /** Copies the bytes, as far as the limits go, and syncs the copy. Returns how many were kept. */
  async keep(source: ByteSource, doubtful: DoubtfulBytes): Promise<number> {
    const { topic, index, from, position } = doubtful;
    const path = `${QUARANTINE_DIRECTORY}/${topic}-${index}-${from}-${position}.bin`;
    const size = Math.min(doubtful.end - position, QUARANTINE_BYTES_MAX);
    if (size <= 0) return 0;
    try {
      this.#disk.makeDirectory(QUARANTINE_DIRECTORY);
      if (this.#disk.list(QUARANTINE_DIRECTORY).length >= QUARANTINE_FILES_MAX) return 0;
      const file = this.#disk.open(path, { create: true });
      try {
        for (let at = 0; at < size; at += PIECE_BYTES) {
          file.writeAt(at, source.read(position + at, Math.min(PIECE_BYTES, size - at)));
        }
        file.truncate(size);
        await file.sync();
      } finally {
        file.close();
      }
      await this.#disk.syncDirectory(QUARANTINE_DIRECTORY);
      await this.#disk.syncDirectory("");
      return size;
    } catch (error) {
      this.#logger.warn("evidence_not_kept", { path, error: messageOf(error) });
      return 0;
    }
  }
}
