/**
 * The logs of other nodes that are closed and whole, kept a second time beside the catalogue. A
 * checkpoint holds them no longer, and retention takes their batches: were the catalogue lost, what
 * a gateway restored from a backup sends again would count twice.
 *
 *     closed-logs   frames of format/journal_entry.ts, appended; each ["closed", row]
 *
 * A row is as the catalogue has it. Of one log the last counts. A log that could not be written here
 * is not closed: the checkpoint goes on holding it.
 *
 * @module
 */
import { concat } from "../base/bytes.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { LogId, Position } from "../base/types.ts";
import { type Checksum, encodeFrame } from "../format/journal_entry.ts";
import { ByteSource } from "./byte_source.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { scanJournal } from "./journal.ts";

export const CLOSED_LOGS_PATH = "closed-logs";
const UNFINISHED_PATH = "closed-logs.new";

export interface ClosedLogsOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly logger: Logger;
}

interface Waiting {
  readonly rows: readonly AnnouncedLogRow[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ClosedLogs {
  readonly #options: ClosedLogsOptions;
  readonly #rows = new Map<LogId, AnnouncedLogRow>();
  #file: DiskFile | null = null;
  #position: Position = 0;
  #sequence = 0;
  #damaged = false;
  /** What is there could not be read, or not be given up: nothing is written over it. */
  #broken = false;
  /** A sync failed: nobody knows what the file holds behind what was durable before. */
  #suspect = false;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(options: ClosedLogsOptions) {
    this.#options = options;
    try {
      this.#load();
    } catch (error) {
      options.logger.warn("closed_logs_unreadable", { error: messageOf(error) });
      this.#broken = true;
    }
  }

  /**
   * The rows of the catalogue, and those only this file knows. What is missing on either side is put
   * right meanwhile; nobody waits for it.
   */
  complete(
    announced: readonly AnnouncedLogRow[],
    restore: (rows: readonly AnnouncedLogRow[]) => Promise<void>,
  ): readonly AnnouncedLogRow[] {
    const { logger } = this.#options;
    const known = new Set(announced.map(({ logId }) => logId));
    const lost = [...this.#rows.values()].filter(({ logId }) => !known.has(logId));
    const unkept = announced.filter(({ logId, closed }) =>
      closed !== null && (this.#damaged || !this.#rows.has(logId))
    );
    const rewritten = this.#damaged ? [...unkept, ...lost] : unkept;
    // Kept in the file from here on, and in memory by whoever asked.
    this.#rows.clear();
    if (lost.length > 0) {
      logger.warn("closed_logs_restored", { logs: lost.length });
      restore(lost).catch((error) =>
        logger.warn("closed_logs_not_restored", { error: messageOf(error) })
      );
    }
    this.#beginAnew();
    this.add(rewritten).catch((error) =>
      logger.warn("closed_logs_not_kept", { error: messageOf(error) })
    );
    return [...announced, ...lost];
  }

  /** Keeps those rows that are closed; durable once this resolves. */
  add(rows: readonly AnnouncedLogRow[]): Promise<void> {
    const closed = rows.filter((row) => row.closed !== null);
    if (closed.length === 0) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ rows: closed, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#file?.close();
    this.#file = null;
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(waiting.flatMap(({ rows }) => rows));
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#writing = null;
  }

  async #append(rows: readonly AnnouncedLogRow[]): Promise<void> {
    const { disk, crc32c } = this.#options;
    if (this.#broken) {
      throw new OperatingError("storage_failed", `Cannot write ${CLOSED_LOGS_PATH}: it failed`);
    }
    if (this.#suspect) await this.#replace();
    const isNew = this.#file === null && !disk.exists(CLOSED_LOGS_PATH);
    this.#file ??= disk.open(CLOSED_LOGS_PATH, { create: true });
    let sequence = this.#sequence;
    const frames = concat(rows.map((row) => encodeFrame(++sequence, ["closed", row], crc32c)));
    this.#file.writeAt(this.#position, frames);
    try {
      await this.#file.sync();
      if (isNew) await disk.syncDirectory("");
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
    this.#position += frames.length;
    this.#sequence = sequence;
  }

  /** A file is never synced again after that failed: what was durable of it goes into a new one. */
  async #replace(): Promise<void> {
    const { disk } = this.#options;
    this.#file?.close();
    this.#file = null;
    disk.remove(UNFINISHED_PATH);
    const next = disk.open(UNFINISHED_PATH, { create: true });
    try {
      next.writeAt(0, this.#durableBytes());
      await next.sync();
    } finally {
      next.close();
    }
    disk.rename(UNFINISHED_PATH, CLOSED_LOGS_PATH);
    await disk.syncDirectory("");
    this.#suspect = false;
  }

  #durableBytes(): Uint8Array {
    const { disk } = this.#options;
    if (this.#position === 0) return new Uint8Array(0);
    const file = disk.open(CLOSED_LOGS_PATH);
    try {
      return new ByteSource(file, this.#position).read(0, this.#position);
    } finally {
      file.close();
    }
  }

  #load(): void {
    const { disk, crc32c, logger } = this.#options;
    if (!disk.exists(CLOSED_LOGS_PATH)) return;
    const file = disk.open(CLOSED_LOGS_PATH);
    try {
      const size = file.size();
      const found = scanJournal(new ByteSource(file, size).read(0, size), crc32c);
      for (const { payload } of found.frames) {
        // The checksum holds, so this is what this file wrote.
        const [, row] = payload as readonly ["closed", AnnouncedLogRow];
        this.#rows.set(row.logId, row);
      }
      this.#sequence = found.lastSequence;
      this.#position = found.frames.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      this.#damaged = found.damaged;
      if (found.damaged) logger.warn("closed_logs_damaged", { logs: this.#rows.size });
    } finally {
      file.close();
    }
  }

  /** A damaged file is given up, for all that is known is written again. */
  #beginAnew(): void {
    if (!this.#damaged) return;
    try {
      this.#options.disk.remove(CLOSED_LOGS_PATH);
      this.#position = 0;
      this.#sequence = 0;
      this.#damaged = false;
    } catch (error) {
      this.#broken = true;
      this.#options.logger.warn("closed_logs_not_removed", { error: messageOf(error) });
    }
  }
}
