/**
 * Makes what a file or a directory shows durable, before anyone counts on it: a killed process
 * leaves in the page cache what never reached the disk. After a failed sync the kernel may take those
 * pages for clean, so the file is never synced again: what it shows is written into a new one, which
 * takes its place.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Disk } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";

/** Of a copy that has not taken its place yet; one that is found at a start is worth nothing. */
export const COPY_SUFFIX = ".copy";

/** A disk on which so many tries fail, one after another, takes no commits either. */
const TRIES_MAX = 6;
const CHUNK_BYTES = 1024 * 1024;

export interface DurableFileOptions {
  readonly disk: Disk;
  readonly files: FileCache;
  readonly directory: string;
  readonly logger: Logger;
}

/** @throws {OperatingError} storage_failed, storage_full: the copies could not be made durable */
export async function makeFileDurable(path: string, options: DurableFileOptions): Promise<void> {
  const { disk, files, directory, logger } = options;
  let trouble = await failureOf(() => syncFile(path, files));
  for (let tries = 1; trouble !== null && tries < TRIES_MAX; tries++) {
    logger.error("file_written_anew", { path, error: messageOf(trouble.error) });
    trouble = await failureOf(async () => {
      await copyFile(path, options);
      disk.rename(path + COPY_SUFFIX, path);
      files.forget(path);
      await disk.syncDirectory(directory);
    });
  }
  if (trouble !== null) throw trouble.error;
}

/**
 * The same of the entries of a directory: those are the file system's own, which keeps them until it
 * could write them down or gives up altogether.
 *
 * @throws {OperatingError} storage_failed
 */
export async function makeEntriesDurable(
  path: string,
  { disk, logger }: Pick<DurableFileOptions, "disk" | "logger">,
): Promise<void> {
  let trouble = await failureOf(() => disk.syncDirectory(path));
  for (let tries = 1; trouble !== null && tries < TRIES_MAX; tries++) {
    logger.error("sync_failed", { path, error: messageOf(trouble.error) });
    trouble = await failureOf(() => disk.syncDirectory(path));
  }
  if (trouble !== null) throw trouble.error;
}

async function syncFile(path: string, files: FileCache): Promise<void> {
  const lease = files.acquire(path);
  try {
    await lease.file.sync();
  } finally {
    lease.release();
  }
}

async function copyFile(path: string, { disk, files }: DurableFileOptions): Promise<void> {
  disk.remove(path + COPY_SUFFIX);
  const lease = files.acquire(path);
  const copy = disk.open(path + COPY_SUFFIX, { create: true });
  try {
    const size = lease.file.size();
    const chunk = new Uint8Array(Math.min(size, CHUNK_BYTES));
    for (let position = 0; position < size;) {
      const bytes = lease.file.readAtNow(position, chunk);
      if (bytes === 0) break;
      copy.writeAt(position, chunk.subarray(0, bytes));
      position += bytes;
    }
    await copy.sync();
  } finally {
    copy.close();
    lease.release();
  }
}

async function failureOf(action: () => Promise<void>): Promise<{ error: unknown } | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return { error };
  }
}
