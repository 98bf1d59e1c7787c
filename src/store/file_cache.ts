/**
 * Open segment files, least recently used first to go: two thousand partitions with a reader in
 * each must not need as many descriptors. A file in use is pinned and stays.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { OPEN_SEGMENT_FILES_MAX } from "../base/limits.ts";
import type { Disk, DiskFile } from "./disk.ts";

interface OpenFile {
  readonly file: DiskFile;
  pins: number;
  forgotten: boolean;
}

export class FileCache {
  readonly #disk: Disk;
  readonly #filesMax: number;
  /** In order of last use. */
  readonly #open = new Map<string, OpenFile>();

  constructor(disk: Disk, filesMax = OPEN_SEGMENT_FILES_MAX) {
    this.#disk = disk;
    this.#filesMax = filesMax;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens the file, or finds it open, and pins it until {@linkcode release}. */
  acquire(path: string, options?: { readonly create: boolean }): FileLease {
    let entry = this.#open.get(path);
    if (entry === undefined) {
      entry = { file: this.#disk.open(path, options ?? {}), pins: 0, forgotten: false };
    } else {
      this.#open.delete(path);
    }
    this.#open.set(path, entry);
    entry.pins++;
    if (this.#open.size > this.#filesMax) this.#closeOldest();
    return new FileLease(this, path, entry);
  }

  /** The next `acquire` opens the path anew: the file was removed, or must not be synced again. */
  forget(path: string): void {
    const entry = this.#open.get(path);
    if (entry === undefined) return;
    this.#open.delete(path);
    entry.forgotten = true;
    if (entry.pins === 0) closeQuietly(entry.file);
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.forget(path);
  }

  release(entry: OpenFile): void {
    assert(entry.pins > 0, "a file is released as often as it was acquired");
    entry.pins--;
    if (entry.pins === 0 && entry.forgotten) closeQuietly(entry.file);
  }

  #closeOldest(): void {
    for (const [path, entry] of this.#open) {
      if (entry.pins > 0) continue;
      this.#open.delete(path);
      closeQuietly(entry.file);
      if (this.#open.size <= this.#filesMax) return;
    }
  }
}

/** One use of an open file. */
export class FileLease {
  readonly file: DiskFile;
  readonly path: string;
  readonly #cache: FileCache;
  readonly #entry: OpenFile;
  #released = false;

  constructor(cache: FileCache, path: string, entry: OpenFile) {
    this.#cache = cache;
    this.path = path;
    this.#entry = entry;
    this.file = entry.file;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#cache.release(this.#entry);
  }
}

/** What was synced needs nothing of the close, and what was not was never acknowledged. */
function closeQuietly(file: DiskFile): void {
  try {
    file.close();
  } catch {
    // The descriptor is gone either way.
  }
}
