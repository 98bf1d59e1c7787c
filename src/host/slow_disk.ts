/**
 * A disk whose syncs take longer: what an SD card or eMMC does to a gateway, on a machine that has
 * none. Everything else goes to the disk behind it unchanged.
 *
 * @module
 */
import { type Timers } from "../base/clock.ts";
import type { Disk, DiskFile } from "../store/disk.ts";

/** Wraps `disk` so that each sync takes `delayMs` longer. */
export function slowDisk(disk: Disk, delayMs: number, timers: Timers): Disk {
  return new SlowDisk(disk, delayMs, timers);
}

class SlowDisk implements Disk {
  readonly #disk: Disk;
  readonly #delayMs: number;
  readonly #timers: Timers;

  constructor(disk: Disk, delayMs: number, timers: Timers) {
    this.#disk = disk;
    this.#delayMs = delayMs;
    this.#timers = timers;
  }

  open(path: string, options?: { readonly create?: boolean }): DiskFile {
    return new SlowFile(this.#disk.open(path, options), this.#delayMs, this.#timers);
  }

  exists(path: string): boolean {
    return this.#disk.exists(path);
  }

  list(directory: string): string[] {
    return this.#disk.list(directory);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  remove(path: string): void {
    this.#disk.remove(path);
  }

  removeDirectory(path: string): void {
    this.#disk.removeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#disk.syncDirectory(path);
    await delay(this.#delayMs, this.#timers);
  }

  freeBytes(): number {
    return this.#disk.freeBytes();
  }
}

class SlowFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #delayMs: number;
  readonly #timers: Timers;

  constructor(file: DiskFile, delayMs: number, timers: Timers) {
    this.path = file.path;
    this.#file = file;
    this.#delayMs = delayMs;
    this.#timers = timers;
  }

  size(): number {
    return this.#file.size();
  }

  writeAt(position: number, bytes: Uint8Array): void {
    this.#file.writeAt(position, bytes);
  }

  readAt(position: number, into: Uint8Array): Promise<number> {
    return this.#file.readAt(position, into);
  }

  readAtNow(position: number, into: Uint8Array): number {
    return this.#file.readAtNow(position, into);
  }

  truncate(size: number): void {
    this.#file.truncate(size);
  }

  /** The delay comes after the sync: until it is over, nothing may count as durable. */
  async sync(): Promise<void> {
    await this.#file.sync();
    await delay(this.#delayMs, this.#timers);
  }

  /** Blocks the event loop for the delay, as a slow device would. */
  syncNow(): void {
    this.#file.syncNow();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#delayMs);
  }

  close(): void {
    this.#file.close();
  }
}

function delay(delayMs: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => void timers.after(delayMs, resolve));
}
