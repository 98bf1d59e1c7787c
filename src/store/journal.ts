/**
 * Journal: facts that must survive at zero bytes free. Two files, filled with zeros beforehand,
 * are used in turn. Each begins with a snapshot of all that is still true, and goes on with changes.
 *
 *     file    begin frame, snapshot frames, end frame, change frames, zeros or an earlier life
 *     begin   ["begin"]          everything read before it is forgotten
 *     end     ["end"]            without it the file was torn while being begun: it does not count
 *
 * A frame is synced before {@linkcode Journal.append} resolves; callers that come while a sync runs
 * share the next one. When a file is full, or its sync failed (its pages may be gone, so it is
 * never trusted again), the journal goes on in the other with a new snapshot.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import { isOperatingError, messageOf, OperatingError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Position } from "../base/types.ts";
import type { Checksum, Frame } from "../format/journal_entry.ts";
import { decodeFrame, encodeFrame, findFrame, FRAME_ALIGNMENT } from "../format/journal_entry.ts";
import { ByteSource } from "./byte_source.ts";
import type { Disk, DiskFile } from "./disk.ts";

export interface JournalOptions {
  readonly disk: Disk;
  readonly paths: readonly [string, string];
  readonly crc32c: Checksum;
  readonly logger: Logger;
  /** Bytes a file starts with, and grows by. */
  readonly stepBytes: number;
  readonly maxBytes: number;
  /** Takes a frame read at open, in the order they were written. `null` forgets all before. */
  readonly replay: (payload: unknown | null, sequence: number) => void;
  /** All that is still true, as payloads; `placed` tells the sequence each of them got. */
  readonly snapshot: () => readonly SnapshotEntry[];
}

export interface SnapshotEntry {
  readonly payload: unknown;
  readonly placed?: (sequence: number) => void;
}

export interface AppendHooks {
  /** Called with the frames' sequences before they are written, each time they get some. */
  readonly placed?: (sequences: readonly number[]) => void;
  /**
   * Called once the frames are synced, before anything else is written: the place to make true what
   * they say, because the next file's snapshot may be taken before the append's promise is heard of.
   */
  readonly synced?: () => void;
}

interface Waiting extends AppendHooks {
  readonly payloads: readonly unknown[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const BEGIN = ["begin"];
const END = ["end"];

/** Sequences left out between two runs. */
const RUN_STEP = 2 ** 20;

export class Journal {
  #options: JournalOptions;
  #file: DiskFile | null = null;
  #active = 0;
  #position: Position = 0;
  #capacity = 0;
  #nextSequence = 1;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #closed = false;
  /** Set while the active file may not be written on: it is an earlier run's, or its sync failed. */
  #spoilt = true;
  /** Files whose sync failed: to be removed and made anew before they are used again. */
  #suspect = [false, false];

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Reads what is there and hands it to `replay`. Writes nothing. */
  static open(options: JournalOptions): Journal {
    const journal = new Journal(options);
    journal.#load();
    return journal;
  }

  /**
   * Makes both files and their space; to be called once, when the owner has made up its mind about
   * what was replayed. A full or failing disk is logged and tried again at the next append.
   */
  async prepare(): Promise<void> {
    try {
      await this.append([]);
      // As large as this one: rounded up, both would grow by a step at every start.
      const other = this.#reserve(1 - this.#active, Math.floor(this.#capacity / 3));
      this.#suspect[1 - this.#active] = true;
      try {
        await other.sync();
      } finally {
        other.close();
      }
      await this.#options.disk.syncDirectory("");
      this.#suspect[1 - this.#active] = false;
    } catch (error) {
      this.#options.logger.warn("journal_not_prepared", { error: messageOf(error) });
    }
  }

  /** The sequence the next frame will take. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Bytes both files take on disk. */
  get bytes(): number {
    return 2 * this.#capacity;
  }

  /**
   * Writes `payloads` as frames, all or none of them at a crash only if they are one; resolves when
   * they are synced.
   */
  append(payloads: readonly unknown[], hooks: AppendHooks = {}): Promise<void> {
    assert(!this.#closed, "a closed journal takes no frames");
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...hooks, payloads, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  /** Begins the other file with a snapshot now: after damage, or to drop what is no longer true. */
  rewrite(): Promise<void> {
    this.#spoilt = true;
    return this.append([]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    this.#file?.close();
    this.#file = null;
  }

  // ── writing ──────────────────────────────────────────────────────────────────────────────────

  async #drain(): Promise<void> {
    // A turn of the event loop's microtasks lets callers of the same turn share the sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch);
        for (const { synced, resolve } of batch) {
          synced?.();
          resolve();
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = null;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const before = this.#nextSequence;
    const frames = this.#spoilt ? null : this.#encode(batch);
    if (
      frames !== null && this.#file !== null && this.#position + frames.length <= this.#capacity
    ) {
      try {
        this.#file.writeAt(this.#position, frames);
        this.#position += frames.length;
        if (await this.#syncActive()) return;
      } catch (error) {
        this.#distrust(error);
      }
    } else {
      this.#nextSequence = before; // none of these numbers was written
    }
    // The snapshot may hold what this batch changes already: a fact read twice is the same fact.
    try {
      await this.#switch(batch);
    } catch (error) {
      if (!this.#suspect[1 - this.#active]) throw error;
      // Its sync failed: once more, in a new file in its place.
      await this.#switch(batch);
    }
  }

  async #syncActive(): Promise<boolean> {
    try {
      await this.#file?.sync();
      return true;
    } catch (error) {
      this.#distrust(error);
      return false;
    }
  }

  #distrust(error: unknown): void {
    this.#spoilt = true;
    this.#suspect[this.#active] = true;
    const path = this.#options.paths[this.#active]!;
    this.#options.logger.warn("journal_sync_failed", { path, error: messageOf(error) });
  }

  #encode(batch: readonly Waiting[]): Uint8Array {
    const frames: Uint8Array[] = [];
    for (const { payloads, placed } of batch) {
      const sequences = payloads.map((payload) => {
        frames.push(encodeFrame(this.#nextSequence, payload, this.#options.crc32c));
        return this.#nextSequence++;
      });
      placed?.(sequences);
    }
    return concat(frames);
  }

  async #switch(batch: readonly Waiting[]): Promise<void> {
    const { crc32c, snapshot, paths, maxBytes } = this.#options;
    const next = 1 - this.#active;
    const frames = [encodeFrame(this.#nextSequence++, BEGIN, crc32c)];
    for (const { payload, placed } of snapshot()) {
      placed?.(this.#nextSequence);
      frames.push(encodeFrame(this.#nextSequence++, payload, crc32c));
    }
    frames.push(encodeFrame(this.#nextSequence++, END, crc32c), this.#encode(batch));
    const content = concat(frames);
    if (content.length > maxBytes) {
      const message = `Cannot write "${paths[next]}": ${content.length} bytes is over its limit`;
      throw new OperatingError("storage_full", message, { path: paths[next]! });
    }
    const file = this.#reserve(next, content.length);
    try {
      file.writeAt(0, content);
      await file.sync();
      await this.#options.disk.syncDirectory("");
    } catch (error) {
      this.#suspect[next] = true;
      file.close();
      throw error;
    }
    this.#file?.close();
    this.#file = file;
    this.#active = next;
    this.#capacity = file.size();
    this.#position = content.length;
    this.#spoilt = false;
  }

  /** The file opened, filled with zeros up to three times `needed` or as far as there is room. */
  #reserve(at: number, needed: number): DiskFile {
    const { disk, paths, stepBytes, maxBytes } = this.#options;
    const path = paths[at]!;
    // After a failed sync nobody knows what the file holds: a new one takes its place.
    if (this.#suspect[at]) disk.remove(path);
    const file = disk.open(path, { create: true });
    this.#suspect[at] = false;
    const wanted = Math.min(maxBytes, Math.ceil(3 * needed / stepBytes) * stepBytes);
    try {
      fillWithZeros(file, wanted);
    } catch (error) {
      if (file.size() >= needed && isOperatingError(error, "storage_full")) return file;
      file.close();
      throw error;
    }
    return file;
  }

  // ── reading ──────────────────────────────────────────────────────────────────────────────────

  #load(): void {
    const { paths, logger } = this.#options;
    const files = paths.map((path) => this.#read(path));
    // The file begun last is the journal; the other one only matters where that one is damaged.
    const order = [0, 1].filter((at) => files[at]!.frames.length > 0)
      .sort((a, b) => files[a]!.firstSequence - files[b]!.firstSequence);
    const newest = order.at(-1);
    // Torn while it was begun, or damaged since: what the other one says still stands.
    const damaged = newest !== undefined && (files[newest]!.damaged || !files[newest]!.begun);
    for (const at of order) {
      if (damaged || at === newest) this.#replay(files[at]!.frames, damaged);
    }
    this.#active = newest ?? 0;
    this.#capacity = files[this.#active]!.bytes;
    // Each run begins a file of its own, far above every number a torn write may have used: so
    // nothing such a write left behind is ever taken for a frame of this run.
    this.#nextSequence = Math.max(files[0]!.lastSequence, files[1]!.lastSequence) + RUN_STEP;
    if (damaged) {
      logger.warn("journal_damaged", {
        paths,
        frames: order.map((at) => files[at]!.frames.length),
      });
    }
  }

  #replay(frames: readonly Frame[], damaged: boolean): void {
    for (const { payload, sequence } of frames) {
      const word = Array.isArray(payload) && payload.length === 1 ? payload[0] : null;
      if (word === "end") continue;
      // With damage about, keeping what the other file says is better than forgetting it.
      if (word !== "begin") this.#options.replay(payload, sequence);
      else if (!damaged) this.#options.replay(null, sequence);
    }
  }

  #read(path: string): JournalFile {
    const { disk, crc32c } = this.#options;
    if (!disk.exists(path)) return scanJournal(new Uint8Array(0), crc32c);
    const file = disk.open(path);
    try {
      const size = file.size();
      // What cannot be read is zeros, and costs the facts that lay there.
      return scanJournal(new ByteSource(file, size).read(0, size), crc32c);
    } finally {
      file.close();
    }
  }
}

/** Grows a file to `size` by writing: `truncate` would leave holes that still ask for space. */
export function fillWithZeros(file: DiskFile, size: number): void {
  const zeros = new Uint8Array(Math.min(64 * 1024, size));
  for (let at = file.size(); at < size; at += zeros.length) {
    file.writeAt(at, zeros.subarray(0, Math.min(zeros.length, size - at)));
  }
}

/** What one file of a journal holds. */
export interface JournalFile {
  readonly frames: readonly Frame[];
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Whether its snapshot is whole. */
  readonly begun: boolean;
  readonly damaged: boolean;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** Reads the frames of one file, whatever lies between them. */
export function scanJournal(bytes: Uint8Array, crc32c: Checksum): JournalFile {
  const frames: Frame[] = [];
  let damaged = false;
  let begun = false;
  let last = 0;
  let position = 0;
  for (;;) {
    let frame = decodeFrame(bytes, position, crc32c);
    if (frame !== null && frames.length > 0 && frame.sequence !== last + 1) frame = null;
    if (frame === null) {
      const found = frames.length === 0
        ? findFirst(bytes, position, crc32c)
        : findFrame(bytes, position, last, crc32c);
      if (found < 0) break;
      damaged = true;
      position = found;
      frame = decodeFrame(bytes, position, crc32c)!;
    }
    frames.push(frame);
    begun ||= Array.isArray(frame.payload) && frame.payload[0] === "end";
    last = frame.sequence;
    position += frame.sizeBytes;
  }
  return {
    frames,
    firstSequence: frames[0]?.sequence ?? 0,
    lastSequence: last,
    begun,
    damaged,
    bytes: bytes.length,
  };
}

/** The first frame of a file whose head is damaged. */
function findFirst(bytes: Uint8Array, from: Position, crc32c: Checksum): Position {
  for (let at = from; at < bytes.length; at += FRAME_ALIGNMENT) {
    if (decodeFrame(bytes, at, crc32c) !== null) return at;
  }
  return -1;
}
