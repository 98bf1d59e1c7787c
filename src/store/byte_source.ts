/**
 * The bytes of a log file for one who must make sense of them whatever happened: a window that
 * slides, and zeros where the disk cannot read, so that a bad sector costs the batches on it only.
 *
 * @module
 */
import { BATCH_BYTES_MAX } from "../base/limits.ts";
import type { Position } from "../base/types.ts";
import type { DiskFile } from "./disk.ts";

/** Bytes read at once; at least one batch of the largest size. */
const WINDOW_BYTES = 2 * 1024 * 1024;
/** What is tried alone where a larger read fails: a page. */
const PIECE_BYTES = 4096;

export class ByteSource {
  readonly #file: DiskFile;
  readonly #end: Position;
  #buffer: Uint8Array = new Uint8Array(0);
  #window: Uint8Array = new Uint8Array(0);
  #windowAt: Position = 0;
  /** Bytes that could not be read and are given as zeros. */
  unreadableBytes = 0;

  /** Reads bytes [0, end) of `file`. */
  constructor(file: DiskFile, end: Position) {
    this.#file = file;
    this.#end = end;
  }

  get end(): Position {
    return this.#end;
  }

  /** Up to `size` bytes at `position`, fewer only at the end; good until the next call. */
  read(position: Position, size: number): Uint8Array {
    const wanted = Math.max(0, Math.min(size, this.#end - position));
    const from = position - this.#windowAt;
    if (from < 0 || from + wanted > this.#window.length) {
      const bytes = Math.min(Math.max(wanted, WINDOW_BYTES), Math.max(0, this.#end - position));
      this.#window = this.#fill(position, bytes);
      this.#windowAt = position;
      return this.#window.subarray(0, wanted);
    }
    return this.#window.subarray(from, from + wanted);
  }

  /** A window onto `position` that holds any legal batch that begins there. */
  batchWindow(position: Position): Uint8Array {
    return this.read(position, BATCH_BYTES_MAX);
  }

  #fill(position: Position, size: number): Uint8Array {
    // The window slides over ten gigabytes: what it was read into is used again.
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    const bytes = this.#buffer.subarray(0, size);
    try {
      // Where the file is shorter than it was, nothing of an earlier read may show.
      bytes.fill(0, this.#file.readAtNow(position, bytes));
      return bytes;
    } catch {
      bytes.fill(0);
    }
    for (let at = 0; at < size;) {
      const pageEnd = at + PIECE_BYTES - (position + at) % PIECE_BYTES;
      const piece = bytes.subarray(at, Math.min(pageEnd, size));
      try {
        piece.fill(0, this.#file.readAtNow(position + at, piece));
      } catch {
        piece.fill(0);
        this.unreadableBytes += piece.length;
      }
      at = pageEnd;
    }
    return bytes;
  }
}

/** Reads of `file` that never fail: what cannot be read is zeros. */
export function salvaging(file: DiskFile, end: Position): Pick<DiskFile, "readAt" | "readAtNow"> {
  const source = new ByteSource(file, end);
  const readAtNow = (position: Position, into: Uint8Array) => {
    const bytes = source.read(position, into.length);
    into.set(bytes);
    return bytes.length;
  };
  return { readAtNow, readAt: (position, into) => Promise.resolve(readAtNow(position, into)) };
}
