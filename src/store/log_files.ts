/**
 * The files of one partition's segments, as far as they go: removed at the front, replaced by ones
 * that were thinned, or all given up. The writer adds at the end; see log_writer.ts.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/types.ts";
import type { Disk } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import type { IndexCache } from "./index_cache.ts";
import { Segment } from "./segment.ts";
import type { ThinnedFile } from "./thinner.ts";

export interface LogFilesOptions {
  readonly disk: Disk;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly directory: string;
  /** Oldest first; shared with the writer and the reader. */
  readonly segments: Segment[];
}

export class LogFiles {
  readonly #options: LogFilesOptions;

  constructor(options: LogFilesOptions) {
    this.#options = options;
  }

  /** The file of the segment that begins there. */
  pathOf(baseOffset: Offset): string {
    return new Segment(this.#options.directory, baseOffset).path;
  }

  /** Removes segments wholly below an offset; returns the bytes freed. */
  removeBelow(logStart: Offset): number {
    const { disk, files, indexes, segments } = this.#options;
    let freed = 0;
    // The active segment stays, so that the log end offset is told by a file.
    while (segments.length > 1 && segments[1]!.baseOffset <= logStart) {
      const [oldest] = segments;
      if (oldest === undefined || oldest.endOffset > logStart) break;
      files.forget(oldest.path);
      disk.remove(oldest.path);
      indexes.remove(oldest);
      segments.shift();
      freed += oldest.bytes;
    }
    return freed;
  }

  /** Removes every segment, and the directory with them. */
  removeAll(): void {
    const { disk, directory, files, indexes, segments } = this.#options;
    for (const segment of segments) {
      files.forget(segment.path);
      indexes.remove(segment);
    }
    disk.removeDirectory(directory);
    segments.length = 0;
  }

  noteThinned(baseOffset: Offset): void {
    const found = this.#options.segments.find((segment) => segment.baseOffset === baseOffset);
    if (found !== undefined) found.thinned = true;
  }

  /** Puts a file with the same offsets in a segment's place; returns the bytes freed. */
  replace(baseOffset: Offset, file: ThinnedFile): number {
    const { directory, disk, files, indexes, segments } = this.#options;
    const at = segments.findIndex((segment) => segment.baseOffset === baseOffset);
    const old = segments[at];
    assert(old !== undefined && at < segments.length - 1, "a sealed segment is replaced");
    const summary = { ...old.summary(), bytes: file.bytes };
    const fresh = Segment.ofSummary(directory, summary, old.endOffset);
    fresh.index = file.index;
    fresh.thinned = true;
    files.forget(old.path);
    indexes.remove(old);
    disk.rename(file.path, old.path);
    segments[at] = fresh;
    indexes.sealed(fresh);
    return old.bytes - fresh.bytes;
  }
}
