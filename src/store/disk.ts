/**
 * The one door to the file system. `host/disk.ts` opens it on a real directory; the tests open it
 * on a simulated disk that tears, fills, lies and loses what was never synced.
 *
 * Paths are relative to the data directory, with "/" between names.
 * Every method throws an OperatingError: `storage_full` when no space is left (ENOSPC, EDQUOT),
 * `storage_failed` on any other trouble; both carry `path`.
 *
 * @module
 */
import type { Position } from "../base/types.ts";

export interface Disk {
  /** Opens for reading and writing. Without `create` a missing file is a `not_found`. */
  open(path: string, options?: { readonly create?: boolean }): DiskFile;
  exists(path: string): boolean;
  /** Names in a directory, sorted; none where there is no such directory. */
  list(directory: string): string[];
  /** Makes the directory and its parents; no trouble if it is there. Durable once they are synced. */
  makeDirectory(path: string): void;
  /** Removes a file; no trouble if there is none. */
  remove(path: string): void;
  /** Removes a directory and all in it; no trouble if there is none. */
  removeDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** Makes the entries of a directory durable: files created, renamed, removed in it. "" is the top. */
  syncDirectory(path: string): Promise<void>;
  /** Whether a sync is known to take long: then none is made on the event loop. */
  readonly slowSyncs?: boolean;
  /** Bytes this process may still write, as the file system tells. */
  freeBytes(): number;
}

export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Writes all of `bytes` into the page cache, or throws; what was written by then is undefined. */
  writeAt(position: Position, bytes: Uint8Array): void;
  /** Reads up to `into.length` bytes off the event loop; fewer only at the end of the file. */
  readAt(position: Position, into: Uint8Array): Promise<number>;
  /** The same, at once: for recovery, and for reads known to be small and warm. */
  readAtNow(position: Position, into: Uint8Array): number;
  truncate(size: number): void;
  /** Makes the contents durable (fdatasync), off the event loop. After a failure, never call again. */
  sync(): Promise<void>;
  /** The same, blocking the event loop: where the sync is known to be quicker than a thread switch. */
  syncNow(): void;
  close(): void;
}
