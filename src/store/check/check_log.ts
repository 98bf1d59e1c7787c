/**
 * Checks one partition's segments from first to last byte: every checksum, every offset, every
 * identity, and the indexes against what was read.
 *
 * @module
 */
import { bytesEqual } from "../../base/bytes.ts";
import type { Offset } from "../../base/types.ts";
import type { Core } from "../../core/core.ts";
import type { PartitionCheckpoint } from "../../format/checkpoint.ts";
import type { BatchHeader } from "../../format/record_batch.ts";
import type { DirectoryReader, PartitionFiles, SegmentFile } from "../directory_reader.ts";
import type { Disk } from "../disk.ts";
import { GapList } from "../gap_list.ts";
import { identityRules, type ScanPlace, walkBatches } from "../log_scan.ts";
import { type IndexPlace, SegmentIndex } from "../segment_index.ts";
import { damage, type Found, note } from "./finding.ts";
import type { Identities } from "./identities.ts";
import type { SourceTally } from "./source_tally.ts";

export interface LogCheckOptions {
  readonly disk: Disk;
  readonly reader: DirectoryReader;
  readonly core: Core;
  readonly identities: Identities;
  readonly tally: SourceTally;
  /** What the newest checkpoint says of the partition. */
  readonly checkpoint: PartitionCheckpoint | null;
  /** Offsets below it were given up, by what the ledger or the checkpoint says. */
  readonly logStartOffset: Offset;
  readonly found: Found;
  /** Writes an index anew that is wrong; without it, wrong ones are only told. */
  readonly mendIndexes: boolean;
}

export class LogCheck {
  readonly #options: LogCheckOptions;
  readonly #files: PartitionFiles;
  readonly #known: GapList;
  #expected: Offset;
  /** Of the whole log. */
  batches = 0;
  records = 0;
  bytes = 0;
  readonly #unknownLogs = new Set<string>();
  /** Whether the segment at hand has damage. */
  #stepped = false;

  constructor(files: PartitionFiles, options: LogCheckOptions) {
    this.#files = files;
    this.#options = options;
    this.#known = new GapList(options.checkpoint?.gaps);
    this.#expected = options.logStartOffset;
  }

  run(): void {
    const { segments, directory, trouble } = this.#files;
    const { found } = this.#options;
    if (trouble !== null) {
      const text = `The directory cannot be listed (${trouble}): its records are out of reach, ` +
        "not lost.";
      return found(damage("directory_unreadable", directory, text, null));
    }
    for (const [at, segment] of segments.entries()) this.#segment(segment, segments[at + 1]);
    this.#end();
    for (const { from, to, reason } of this.#known.all) {
      const text = `Offsets ${from} to ${to - 1} hold no readable record (${reason}): known, and ` +
        "told to every reader.";
      found(note("known_gap", directory, text));
    }
  }

  #segment(segment: SegmentFile, next: SegmentFile | undefined): void {
    const { reader, found } = this.#options;
    const { path, baseOffset, bytes } = segment;
    if (baseOffset > this.#expected) this.#missing(path, baseOffset);
    if (bytes === null) {
      const text = "The file cannot be opened: its records are out of reach.";
      found(damage("segment_unreadable", path, text, this.#lossRepair));
      this.#expected = Math.max(this.#expected, next?.baseOffset ?? baseOffset);
      return;
    }
    const { source, close } = reader.source(path);
    try {
      this.#stepped = false;
      const index = new SegmentIndex(baseOffset);
      const end = this.#walk(segment, { source, index, limit: next?.baseOffset ?? Infinity });
      this.bytes += end.position;
      this.#expected = Math.max(this.#expected, end.offset);
      if (next !== undefined && end.offset < next.baseOffset && end.position < source.end) {
        this.#damaged(path, { ...end, to: next.baseOffset });
        this.#expected = next.baseOffset;
      }
      if (next === undefined && end.position < source.end) this.#tail(path, end, source.end);
      if (source.unreadableBytes > 0) {
        const text = `${source.unreadableBytes} bytes cannot be read from the disk.`;
        found(damage("sectors_unreadable", path, text, this.#lossRepair));
      }
      // Where there is damage, an index from before it is as good as one from after.
      if (next !== undefined && !this.#stepped) this.#index(segment, index, end.position);
    } finally {
      close();
    }
  }

  #walk(
    { path, baseOffset }: SegmentFile,
    { source, index, limit }: {
      readonly source: ReturnType<DirectoryReader["source"]>["source"];
      readonly index: SegmentIndex;
      readonly limit: Offset;
    },
  ): ScanPlace {
    const { core, identities } = this.#options;
    const { topic, partition } = this.#files;
    const walk = walkBatches(source, { position: 0, offset: baseOffset }, {
      ...identityRules({ ...NO_IDENTITY, ...hookOf(identities) }, {
        ...{ topic, index: partition, handle: 0 },
      }),
      core,
      offsetLimit: limit,
      knownEnd: (offset) => this.#known.at(offset)?.to,
    });
    let after: "batch" | "damage" = "batch";
    for (;;) {
      const { done, value: step } = walk.next();
      if (done) return step;
      if (step.kind === "damage") {
        this.#stepped = true;
        this.#damaged(path, { position: step.position, offset: step.from, to: step.to });
      } else {
        index.note(step.header, step.position, after);
        this.#count(path, step.header);
      }
      after = step.kind;
    }
  }

  #count(path: string, header: BatchHeader): void {
    const { tally, identities, found } = this.#options;
    const { logId, sourceOffset, baseOffset, lastOffset } = header;
    const records = lastOffset - baseOffset + 1;
    this.batches++;
    if (header.recordsCount === 0) return; // Stands where records were evicted.
    this.records += records;
    tally.add(logId, sourceOffset, sourceOffset + records);
    if (identities.knows(logId) || this.#unknownLogs.has(logId)) return;
    this.#unknownLogs.add(logId);
    found(damage(
      "log_unknown",
      `${path}, offset ${baseOffset}`,
      `Batches of log ${logId} stand here and neither catalogue nor checkpoint knows it: the ` +
        "catalogue was lost, or restored from an older copy.",
      "The log is made known again from what stands here.",
    ));
  }

  #damaged(path: string, { position, offset, to }: ScanPlace & { readonly to: Offset }): void {
    if (this.#known.covers({ from: offset, to, reason: "corrupt" })) return;
    const text = `Offsets ${offset} to ${to - 1} are damaged: what lies there is not what was ` +
      "written.";
    this.#options.found(
      damage("batch_damaged", `${path}, byte ${position}`, text, this.#lossRepair),
    );
  }

  #missing(path: string, to: Offset): void {
    const from = this.#expected;
    if (this.#known.covers({ from, to, reason: "lost" })) return;
    const text = `Offsets ${from} to ${to - 1} are in no file: a segment before this one is gone.`;
    this.#options.found(damage("records_missing", path, text, this.#lossRepair));
  }

  /** Nothing good behind it. */
  #tail(path: string, { position, offset }: ScanPlace, end: number): void {
    const { checkpoint, found } = this.#options;
    if (offset < (checkpoint?.recoveryPoint ?? 0)) return; // Told by #end.
    if (this.#known.at(offset) !== undefined) return; // Left behind, with its bytes kept.
    found(damage(
      "torn_tail",
      `${path}, byte ${position}`,
      `The last ${end - position} bytes are no whole batch: a write that was cut short, never ` +
        "acknowledged as far as anyone can tell. A start cuts them, too.",
      "They are kept in quarantine/ and cut.",
    ));
  }

  /** What the checkpoint says was synced must be there. */
  #end(): void {
    const { checkpoint, found } = this.#options;
    const to = checkpoint?.recoveryPoint ?? 0;
    const from = this.#expected;
    if (from >= to || this.#known.covers({ from, to, reason: "corrupt" })) return;
    const text = `Offsets ${from} to ${to - 1} were synced, and are not there any more.`;
    found(damage("records_missing", this.#files.directory, text, this.#lossRepair));
  }

  #index(segment: SegmentFile, built: SegmentIndex, covered: number): void {
    const { disk, core, found, mendIndexes } = this.#options;
    const path = segment.path.slice(0, -".log".length);
    const there = ["index", "timeindex"].filter((suffix) => disk.exists(`${path}.${suffix}`));
    if (there.length === 0) return; // Built when it is missed.
    const checksum = (bytes: Uint8Array) => core.crc32c(bytes);
    const place: IndexPlace = { disk, path, checksum, baseOffset: segment.baseOffset };
    const loaded = SegmentIndex.load(place, covered);
    const same = loaded !== null &&
      bytesEqual(loaded.offsets.encode(), built.offsets.encode()) &&
      bytesEqual(loaded.times.encode(), built.times.encode());
    if (same) return;
    if (mendIndexes) return built.save(place, covered);
    const text = "The index does not fit its log: it would be thrown away, or mislead a reader.";
    found(damage("index_wrong", `${path}.index`, text, "It is built again from the log."));
  }

  get #lossRepair(): string {
    return "What there is of the bytes goes to quarantine/, the offsets become a gap that readers " +
      "are told of, and what was not delivered yet is ledgered. A running node then asks its " +
      "upstream for what that one holds.";
  }
}

const NO_IDENTITY = { current: () => "", registered: () => null, isOwn: () => false };

function hookOf(identities: Identities) {
  return {
    isOwn: (log: { topic: string; index: number }, logId: string) => identities.isOwn(log, logId),
    // Where nothing is known of any log, each is believed.
    ...(identities.isEmpty ? {} : {
      isReceived: (log: unknown, logId: string) => identities.isReceived(log, logId),
    }),
  };
}
