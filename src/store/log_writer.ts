/**
 * Writes the batches of one partition's commits into its segments, rolls, and syncs.
 *
 * A commit is `write`, then `sync` (or `syncNow`), then `accept`. Nothing counts before `accept`.
 * After a failed sync the file is never synced again, because the kernel may have dropped its
 * pages: `rewrite` closes it at its last synced end and puts the same batches into a new segment.
 * `revert` gives the batches up; their offsets are not consumed.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Offset, Position } from "../base/types.ts";
import { SEQUENCES_PER_EPOCH } from "../base/limits.ts";
import type { SealedBatch } from "./commit.ts";
import type { Disk } from "./disk.ts";
import type { FileCache, FileLease } from "./file_cache.ts";
import { Segment } from "./segment.ts";
import { SegmentIndex } from "./segment_index.ts";
import { WriteRun } from "./write_run.ts";

export interface LogWriterOptions {
  readonly disk: Disk;
  readonly files: FileCache;
  readonly logger: Logger;
  readonly directory: string;
  /** Oldest first. The writer adds at the end; the partition log removes at the front. */
  readonly segments: Segment[];
  readonly segmentBytes: () => number;
  /** False when the directory was just made, and its own entry is not durable yet. */
  readonly directoryDurable: boolean;
  /** Of these a sync failed before: no later one is believed. */
  readonly unsyncable: readonly Segment[];
  /** The store's age clock. */
  readonly ageMs: () => number;
  /** Called with each segment that will not be written again. */
  readonly sealed: (segment: Segment) => void;
}

interface Written {
  readonly segment: Segment;
  readonly position: Position;
  readonly batch: SealedBatch;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  /** All of the commit at hand. */
  #batches: readonly SealedBatch[] = [];
  #written: Written[] = [];
  /** Batches of the commit at hand that go into a segment behind what must be synced first. */
  #rest: readonly SealedBatch[] = [];
  #leases: FileLease[] = [];
  /** So many of the leases were synced by the commit at hand. */
  #synced = 0;
  /** Segments made by the commit at hand, and those it closed thereby. */
  #created: Segment[] = [];
  #closed: Segment[] = [];
  /** The next write opens a new segment: the active one is closed, or must not be synced again. */
  #rollNext = false;
  /** How often the directory changed, and how many of these changes are durable. */
  #directoryChanges = 0;
  #directorySynced = 0;
  /** Who waits for the commit at hand to end. */
  #finished: (() => void)[] = [];
  readonly #unsyncable: WeakSet<Segment>;
  #directoryDurable: boolean;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#directoryDurable = options.directoryDurable;
    this.#unsyncable = new WeakSet(options.unsyncable);
  }

  get active(): Segment | undefined {
    return this.#options.segments.at(-1);
  }

  /** Whether one sync, that may be a quick one, makes all of it durable. */
  get oneFile(): boolean {
    if (this.#options.disk.slowSyncs === true) return false;
    return this.#leases.length === 1 && this.#rest.length === 0 && !this.#directoryDirty;
  }

  /** The next batch goes into a new segment. */
  rollNext(): void {
    this.#rollNext = true;
  }

  /** The directory is gone, and all segments with it. */
  vacated(): void {
    assert(this.#written.length === 0, "no commit is under way");
    this.#directoryDurable = false;
    this.#rollNext = false;
  }

  /** Closes the active segment and opens an empty one at `baseOffset`, durably. */
  async roll(baseOffset: () => Offset): Promise<void> {
    while (this.#written.length > 0) {
      await new Promise<void>((resolve) => this.#finished.push(resolve));
    }
    const { active } = this;
    if (active === undefined || active.bytes === 0) return;
    try {
      this.#create(baseOffset());
      this.#options.sealed(active);
    } finally {
      this.#finish();
    }
    await this.#syncDirectory();
  }

  /**
   * Makes durable what was acknowledged without a sync (`durability: os`). Where that fails, the
   * file is left as it is, and the next batch goes into another.
   */
  async syncBehind(): Promise<void> {
    const { files, segments, logger } = this.#options;
    for (const segment of [...segments]) {
      if (segment.syncedBytes >= segment.bytes || this.#unsyncable.has(segment)) continue;
      if (!segments.includes(segment)) continue;
      const { bytes, endOffset } = segment;
      try {
        const lease = files.acquire(segment.path);
        await lease.file.sync().finally(() => lease.release());
        segment.noteSynced(bytes, endOffset);
      } catch (error) {
        logger.error("sync_failed", { path: segment.path, error: messageOf(error) });
        this.#unsyncable.add(segment);
        files.forget(segment.path);
        this.#rollNext = true;
      }
    }
    if (this.#directoryDirty) await this.#syncDirectory();
  }

  /**
   * Writes `batches`, which continue the log, into the page cache. Where they reach into another
   * segment, that waits for {@linkcode sync}: a crash must not keep a later file's batches and lose
   * an earlier one's, or what is sent again would stand behind what followed it.
   */
  write(batches: readonly SealedBatch[], { durable = true } = {}): void {
    assert(this.#written.length === 0, "one commit of a partition at a time");
    this.#batches = batches;
    this.#rest = batches;
    this.#writeOn(durable);
  }

  /** Makes what was written durable, off the event loop, one file after the other. */
  async sync(): Promise<void> {
    for (;;) {
      for (; this.#synced < this.#leases.length; this.#synced++) {
        await this.#leases[this.#synced]!.file.sync();
      }
      if (this.#directoryDirty) await this.#syncDirectory();
      if (this.#rest.length === 0) return;
      this.#writeOn(true);
    }
  }

  /** The same on the event loop; only when {@linkcode oneFile}. */
  syncNow(): void {
    assert(this.oneFile, "only a single file is synced on the event loop");
    this.#leases[0]!.file.syncNow();
  }

  /** Counts in what was written. */
  accept(durable: boolean): void {
    assert(this.#rest.length === 0, "what counts was written");
    const receivedMs = this.#options.ageMs();
    for (const { segment, position, batch } of this.#written) {
      assert(position === segment.bytes, "batches lie end to end");
      segment.count(batch, batch.bytes.length);
      segment.index?.note(batch, position);
      segment.receivedMs = receivedMs;
      if (durable) segment.noteSynced();
    }
    for (const segment of this.#closed) this.#options.sealed(segment);
    this.#finish();
  }

  /**
   * After a failed sync, or write behind one: the same batches into a new file. They still need a
   * sync of their own.
   */
  rewrite(): void {
    const batches = this.#batches;
    this.#abandonFiles();
    this.#finish();
    this.write(batches);
  }

  /** Gives up what was written. */
  revert(failedSync: boolean): void {
    if (failedSync || !this.#cutBack()) this.#abandonFiles();
    this.#finish();
  }

  /** Writes what is left, up to the end of a segment where what lies in it is to be synced first. */
  #writeOn(untilRoll: boolean): void {
    const batches = this.#rest;
    const last = this.#written.at(-1);
    let segment = this.active;
    let position = last === undefined
      ? segment?.bytes ?? 0
      : last.position + last.batch.bytes.length;
    let nextOffset = last?.batch.nextOffset ?? segment?.endOffset;
    const run = new WriteRun();
    for (const [at, batch] of batches.entries()) {
      if (segment === undefined || this.#mustRoll(segment, position, batch)) {
        if (untilRoll && at > 0) {
          this.#rest = batches.slice(at);
          return run.flush();
        }
        segment = this.#create(batch.baseOffset);
        position = 0;
      } else {
        assert(batch.baseOffset === nextOffset, "offsets are contiguous");
      }
      run.add(this.#leaseOf(segment).file, position, batch.bytes);
      this.#written.push({ segment, position, batch });
      position += batch.bytes.length;
      nextOffset = batch.nextOffset;
    }
    this.#rest = [];
    run.flush();
  }

  #mustRoll(segment: Segment, position: Position, batch: SealedBatch): boolean {
    if (this.#rollNext) return true;
    if (position === 0) return false;
    return position + batch.bytes.length > this.#options.segmentBytes() ||
      batch.nextOffset - segment.baseOffset > SEQUENCES_PER_EPOCH;
  }

  #create(baseOffset: number): Segment {
    const { disk, files, directory, segments } = this.#options;
    const last = segments.at(-1);
    const segment = new Segment(directory, baseOffset);
    if (last?.baseOffset === baseOffset) {
      // It holds nothing that counts; its file may be one that must not be synced again.
      assert(last.bytes === 0, "a segment is replaced only while it is empty");
      files.forget(last.path);
      disk.remove(last.path);
      segments.pop();
    } else if (last !== undefined) {
      this.#closed.push(last);
    }
    if (!this.#directoryDurable) disk.makeDirectory(directory);
    this.#directoryChanges++;
    segment.index = new SegmentIndex(baseOffset);
    this.#leases.push(this.#emptyFile(segment.path));
    segments.push(segment);
    this.#created.push(segment);
    this.#rollNext = false;
    return segment;
  }

  /** A file that was left behind under that name holds nothing that counts. */
  #emptyFile(path: string): FileLease {
    const lease = this.#options.files.acquire(path, { create: true });
    try {
      if (lease.file.size() > 0) lease.file.truncate(0);
      return lease;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  get #directoryDirty(): boolean {
    return this.#directorySynced < this.#directoryChanges;
  }

  #leaseOf(segment: Segment): FileLease {
    const held = this.#leases.find(({ path }) => path === segment.path);
    if (held !== undefined) return held;
    const lease = this.#options.files.acquire(segment.path);
    this.#leases.push(lease);
    return lease;
  }

  async #syncDirectory(): Promise<void> {
    const { disk, directory } = this.#options;
    const changes = this.#directoryChanges;
    await disk.syncDirectory(directory);
    if (!this.#directoryDurable) await disk.syncDirectory("");
    this.#directoryDurable = true;
    // Another may have been made meanwhile: a roll runs beside the commits.
    this.#directorySynced = Math.max(this.#directorySynced, changes);
  }

  /** Cuts the written bytes off again, where the file can still be trusted. */
  #cutBack(): boolean {
    if (this.#created.length > 0) return false;
    try {
      for (const { file } of this.#leases) file.truncate(this.active!.bytes);
      return true;
    } catch (error) {
      this.#options.logger.warn("segment_cut_failed", {
        path: this.active!.path,
        error: messageOf(error),
      });
      return false;
    }
  }

  /** Closes the files of this commit where they counted last, and removes those it made. */
  #abandonFiles(): void {
    const { disk, files, segments, logger } = this.#options;
    for (const segment of this.#created) {
      segments.splice(segments.indexOf(segment), 1);
      files.forget(segment.path);
      try {
        disk.remove(segment.path);
      } catch (error) {
        // Recovery finds no more there than what nobody was told was kept.
        logger.warn("segment_remove_failed", { path: segment.path, error: messageOf(error) });
      }
    }
    const active = this.active;
    this.#rollNext = true;
    if (active === undefined) return;
    const lease = this.#leases.find(({ path }) => path === active.path);
    if (lease === undefined) return;
    try {
      lease.file.truncate(active.bytes);
    } catch (error) {
      // Recovery stops where the next segment begins, so what is left there does no harm.
      logger.warn("segment_cut_failed", { path: active.path, error: messageOf(error) });
    }
    files.forget(active.path);
  }

  #finish(): void {
    for (const lease of this.#leases) lease.release();
    this.#leases = [];
    this.#synced = 0;
    this.#batches = [];
    this.#written = [];
    this.#rest = [];
    this.#created = [];
    this.#closed = [];
    const finished = this.#finished;
    this.#finished = [];
    for (const resolve of finished) resolve();
  }
}
