/**
 * Looks into a data directory without opening it as a store: what each file says, damaged or not.
 * Changes nothing, so it may look at a directory that a node has open, and at one that no node can.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import { SILENT_LOGGER } from "../base/log.ts";
import type { Offset, TopicName } from "../base/types.ts";
import { type Checkpoint, decodeCheckpoint } from "../format/checkpoint.ts";
import { type DataFormat, decodeFormat } from "../format/format_json.ts";
import type { Checksum } from "../format/journal_entry.ts";
import { parsePartitionDirectory } from "../format/partition_directory.ts";
import { baseOffsetOf } from "../format/segment_name.ts";
import { ByteSource } from "./byte_source.ts";
import { CHECKPOINT_PATHS } from "./checkpoint.ts";
import type { Disk } from "./disk.ts";
import { type JournalFile, scanJournal } from "./journal.ts";
import { Ledger, LEDGER_PATHS } from "./ledger.ts";

/** What is there, or why it cannot be told. */
export type Reading<T> =
  | { readonly value: T; readonly trouble: null }
  | { readonly value: null; readonly trouble: string };

export interface CheckpointReading {
  readonly path: string;
  readonly checkpoint: Checkpoint | null;
  /** "missing", "damaged", or what the disk said; null where it is whole. */
  readonly trouble: string | null;
}

export interface SegmentFile {
  readonly baseOffset: Offset;
  readonly path: string;
  /** Null where it cannot be opened. */
  readonly bytes: number | null;
}

export interface PartitionFiles {
  readonly topic: TopicName;
  readonly partition: number;
  readonly directory: string;
  /** Oldest first. */
  readonly segments: readonly SegmentFile[];
  /** Why they cannot be listed; null where they can. */
  readonly trouble: string | null;
}

export class DirectoryReader {
  readonly #disk: Disk;
  readonly #crc32c: Checksum;

  constructor(disk: Disk, crc32c: Checksum) {
    this.#disk = disk;
    this.#crc32c = crc32c;
  }

  /**
   * Whether any file of a store lies here. A name such as "dbus-1" is a partition's only if there
   * are segments in it: nobody's directory is to be repaired for one.
   */
  get isStore(): boolean {
    const names = this.#disk.list("");
    const files: readonly string[] = ["format.json", ...CHECKPOINT_PATHS, ...LEDGER_PATHS];
    return names.some((name) => files.includes(name)) ||
      this.partitions().some(({ segments }) => segments.length > 0);
  }

  format(): Reading<DataFormat> {
    return this.#reading(() => {
      if (!this.#disk.exists("format.json")) throw new Error("missing");
      return decodeFormat(new TextDecoder().decode(this.#bytesOf("format.json")));
    });
  }

  checkpoints(): CheckpointReading[] {
    return CHECKPOINT_PATHS.map((path) => {
      const { value, trouble } = this.#reading(() =>
        this.#disk.exists(path) ? this.#bytesOf(path) : null
      );
      if (trouble !== null) return { path, checkpoint: null, trouble };
      if (value === null) return { path, checkpoint: null, trouble: "missing" };
      const decoded = this.#reading(() => decodeCheckpoint(value, this.#crc32c));
      const checkpoint = decoded.value;
      return { path, checkpoint, trouble: checkpoint === null ? "damaged" : null };
    });
  }

  /** The newest whole one: the one a start would go by. */
  newestCheckpoint(): Checkpoint | null {
    const whole = this.checkpoints().flatMap(({ checkpoint }) => checkpoint ?? []);
    return whole.sort((a, b) => b.generation - a.generation)[0] ?? null;
  }

  /** The frames of one file of a journal. */
  journal(path: string): Reading<JournalFile> {
    return this.#reading(() => {
      if (!this.#disk.exists(path)) throw new Error("missing");
      return scanJournal(this.#bytesOf(path), this.#crc32c);
    });
  }

  ledger(): Reading<Ledger> {
    const clock = { wallMs: () => 0, monotonicMs: () => 0 };
    const options = { disk: this.#disk, crc32c: this.#crc32c, clock, logger: SILENT_LOGGER };
    return this.#reading(() => Ledger.open(options));
  }

  partitions(): PartitionFiles[] {
    const found: PartitionFiles[] = [];
    for (const directory of this.#disk.list("")) {
      const name = parsePartitionDirectory(directory);
      if (name === null) continue;
      const { value, trouble } = this.#reading(() => this.#disk.list(directory));
      const bases = (value ?? []).map(baseOffsetOf).filter((base) => base !== null);
      const segments = bases.map((baseOffset) => this.#segment(directory, baseOffset));
      found.push({ ...name, directory, segments, trouble });
    }
    return found.sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition
    );
  }

  /** Bytes [0, end) of a file, read as far as they can be. Closed by the caller. */
  source(path: string): { readonly source: ByteSource; readonly close: () => void } {
    const file = this.#disk.open(path);
    return { source: new ByteSource(file, file.size()), close: () => file.close() };
  }

  #segment(directory: string, baseOffset: Offset): SegmentFile {
    const path = `${directory}/${baseOffset.toString().padStart(20, "0")}.log`;
    const { value } = this.#reading(() => {
      const { source, close } = this.source(path);
      close();
      return source.end;
    });
    return { baseOffset, path, bytes: value };
  }

  /** What cannot be read is zeros, and found out by its checksum. */
  #bytesOf(path: string): Uint8Array {
    const { source, close } = this.source(path);
    try {
      return source.read(0, source.end).slice();
    } finally {
      close();
    }
  }

  #reading<T>(read: () => T): Reading<T> {
    try {
      return { value: read(), trouble: null };
    } catch (error) {
      return { value: null, trouble: messageOf(error) };
    }
  }
}
