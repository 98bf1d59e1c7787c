/**
 * A disk one may write to, over one that is only read: what is written stays in memory, and is gone
 * with the process. So a store can be opened, with all of its recovery, on a directory that must not
 * be touched. Files of books are small; a segment is cut at most.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { Position } from "../base/types.ts";
import type { Disk, DiskFile } from "../store/disk.ts";

/** No file of the books grows to this; a segment is never written to. */
const WRITTEN_BYTES_MAX = 256 * 1024 * 1024;
/** What the file system below has left says nothing of memory. */
const FREE_BYTES = 2 ** 40;

/** One file: what lies below as far as `size`, until something is written. */
interface Content {
  readonly below: DiskFile | null;
  size: number;
  /** All of it, once it was written to; longer than `size` where it may grow. */
  bytes: Uint8Array | null;
}

export class OverlayDisk implements Disk {
  readonly #below: Disk;
  readonly #contents = new Map<string, Content>();
  readonly #directories = new Set<string>();
  /** Files and directories of the disk below that are no longer there. */
  readonly #gone = new Set<string>();

  constructor(below: Disk) {
    this.#below = below;
  }

  /** Lets go of the files below. */
  close(): void {
    for (const { below } of this.#contents.values()) below?.close();
    this.#contents.clear();
  }

  open(path: string, { create = false }: { readonly create?: boolean } = {}): DiskFile {
    const content = this.#contents.get(path) ?? this.#lower(path) ?? this.#created(path, create);
    this.#contents.set(path, content);
    return new OverlayFile(path, content);
  }

  exists(path: string): boolean {
    if (this.#contents.has(path) || this.#directories.has(path)) return true;
    return !this.#isGone(path) && this.#below.exists(path);
  }

  list(directory: string): string[] {
    const prefix = directory === "" ? "" : `${directory}/`;
    const below = this.#isGone(directory) ? [] : this.#below.list(directory);
    const names = new Set(below.filter((name) => !this.#isGone(prefix + name)));
    for (const path of [...this.#contents.keys(), ...this.#directories]) {
      if (!path.startsWith(prefix) || path === directory) continue;
      names.add(path.slice(prefix.length).split("/")[0]!);
    }
    return [...names].sort();
  }

  makeDirectory(path: string): void {
    this.#directories.add(path);
  }

  remove(path: string): void {
    this.#forget(path);
    this.#gone.add(path);
  }

  removeDirectory(path: string): void {
    for (const one of [...this.#contents.keys()]) {
      if (one.startsWith(`${path}/`)) this.#forget(one);
    }
    this.#directories.delete(path);
    this.#gone.add(path);
  }

  rename(from: string, to: string): void {
    this.open(from);
    this.#forget(to);
    this.#contents.set(to, this.#contents.get(from)!);
    this.#contents.delete(from);
    this.#gone.add(from);
  }

  async syncDirectory(): Promise<void> {}

  freeBytes(): number {
    return FREE_BYTES;
  }

  #lower(path: string): Content | null {
    if (this.#isGone(path) || !this.#below.exists(path)) return null;
    const below = this.#below.open(path);
    return { below, size: below.size(), bytes: null };
  }

  #created(path: string, create: boolean): Content {
    if (!create) throw new OperatingError("not_found", `Cannot open ${path}: missing`, { path });
    return { below: null, size: 0, bytes: new Uint8Array(0) };
  }

  #forget(path: string): void {
    this.#contents.get(path)?.below?.close();
    this.#contents.delete(path);
  }

  #isGone(path: string): boolean {
    if (this.#gone.has(path)) return true;
    const slash = path.lastIndexOf("/");
    return slash > 0 && this.#gone.has(path.slice(0, slash));
  }
}

class OverlayFile implements DiskFile {
  readonly path: string;
  readonly #content: Content;

  constructor(path: string, content: Content) {
    this.path = path;
    this.#content = content;
  }

  size(): number {
    return this.#content.size;
  }

  writeAt(position: Position, bytes: Uint8Array): void {
    const content = this.#content;
    const end = position + bytes.length;
    this.#materialize(Math.max(end, content.size));
    content.bytes!.set(bytes, position);
    content.size = Math.max(content.size, end);
  }

  // deno-lint-ignore require-await
  async readAt(position: Position, into: Uint8Array): Promise<number> {
    return this.readAtNow(position, into);
  }

  readAtNow(position: Position, into: Uint8Array): number {
    const { below, size, bytes } = this.#content;
    const count = Math.max(0, Math.min(into.length, size - position));
    if (bytes === null) return below!.readAtNow(position, into.subarray(0, count));
    into.set(bytes.subarray(position, position + count));
    return count;
  }

  truncate(size: number): void {
    const content = this.#content;
    if (size > content.size) this.#materialize(size);
    // What grows again after a cut reads as zeros.
    content.bytes?.fill(0, size);
    content.size = size;
  }

  async sync(): Promise<void> {}

  syncNow(): void {}

  /** What was written is there for whoever opens it again. */
  close(): void {}

  /** Takes all of it into memory, with room for `size` bytes. */
  #materialize(size: number): void {
    const content = this.#content;
    if (content.bytes !== null && content.bytes.length >= size) return;
    if (size > WRITTEN_BYTES_MAX) {
      const message = `Cannot write ${this.path}: the directory is only read`;
      throw new OperatingError("storage_failed", message, { path: this.path });
    }
    const grown = new Uint8Array(content.bytes === null ? size : Math.max(size, 2 * content.size));
    this.readAtNow(0, grown.subarray(0, content.size));
    content.bytes = grown;
  }
}
