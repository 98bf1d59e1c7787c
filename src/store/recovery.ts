/**
 * From a directory to a consistent partition, whatever a crash or a decaying disk left of it.
 *
 * Only what lies at or past the recovery point is read. Damage with a good batch behind it is
 * corruption: its bytes go to quarantine, its offsets stay assigned, and it becomes a gap. Damage
 * with nothing good behind it was never acknowledged, as far as anyone can tell: it is cut, and its
 * bytes are kept as evidence. Whatever is left is synced before anyone reads it, because a killed
 * process may have left in the page cache what never reached the disk.
 *
 * Nothing found here stops the start.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Offset, Position } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { EpochStart, Gap, PartitionCheckpoint } from "../format/checkpoint.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import { baseOffsetOf } from "../format/segment_name.ts";
import type { IdentityHook, PartitionName, RecoveryHook } from "./books.ts";
import { ByteSource } from "./byte_source.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import { GapList } from "./gap_list.ts";
import type { IndexCache } from "./index_cache.ts";
import { LeaderEpochs } from "./leader_epochs.ts";
import { identityRules, scanBatches } from "./log_scan.ts";
import type { Quarantine } from "./quarantine.ts";
import { Segment } from "./segment.ts";
import { INDEX_SAVED_BYTES_MIN, SegmentIndex } from "./segment_index.ts";

export interface RecoveryOptions {
  readonly name: PartitionName;
  readonly directory: string;
  readonly disk: Disk;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly quarantine: Quarantine;
  readonly core: Core;
  readonly logger: Logger;
  readonly identity: IdentityHook;
  readonly hook: RecoveryHook;
  /** The epoch of this run: no batch on the disk can have a later one. */
  readonly leaderEpoch: number;
  /** What the newest checkpoint says of this partition; null when it says nothing. */
  readonly checkpoint: PartitionCheckpoint | null;
  /** Where eviction moved the log start to since; 0 when it did not. */
  readonly logStartOffset: Offset;
  /** The store's age clock. */
  readonly ageMs: () => number;
}

/** What a partition log begins with. */
export interface RecoveredLog {
  readonly logStartOffset: Offset;
  /** The offset the next record takes. */
  readonly endOffset: Offset;
  /** Oldest first. */
  readonly segments: Segment[];
  readonly gaps: GapList;
  readonly epochs: readonly EpochStart[];
  /** The active segment must not be appended to. */
  readonly rollNext: boolean;
  /** The partition's directory is durable, so are its entries. */
  readonly directoryDurable: boolean;
  /** Their sync failed, and a later one would only seem to go well. */
  readonly unsyncable: readonly Segment[];
}

export async function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  return await new Recovery(options).run();
}

/** A segment at or past the recovery point, and what its file holds behind the last good batch. */
interface Scanned {
  readonly segment: Segment;
  readonly fileBytes: Position;
  /** Where the scan began. */
  readonly from: Position;
  readonly damages: readonly Damage[];
  readonly unreadable: boolean;
}

interface Damage {
  readonly gap: Gap;
  readonly position: Position;
  readonly end: Position;
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #gaps: GapList;
  readonly #epochs: LeaderEpochs;
  readonly #recoveryPoint: Offset;
  readonly #segments: Segment[] = [];
  readonly #scanned: Scanned[] = [];
  readonly #unsyncable: Segment[] = [];
  readonly #unopened = new Set<string>();
  #rollNext = false;
  #directory: "unchanged" | "changed" | "unsynced" = "unchanged";

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#gaps = new GapList(options.checkpoint?.gaps);
    this.#epochs = new LeaderEpochs(options.checkpoint?.epochs);
    this.#recoveryPoint = options.checkpoint?.recoveryPoint ?? 0;
  }

  async run(): Promise<RecoveredLog> {
    const { disk, directory, checkpoint } = this.#options;
    const found = disk.list(directory).map(baseOffsetOf).filter((base) => base !== null);
    const scanFrom = checkpoint?.recoverySegment ?? 0;
    this.#addSealed(found.filter((base) => base < scanFrom), scanFrom);
    const toScan = found.filter((base) => base >= scanFrom);
    for (const [at, base] of toScan.entries()) this.#scan(base, toScan[at + 1] ?? Infinity);

    this.#dropEmptyTail();
    for (const scanned of this.#scanned) await this.#settleDamage(scanned);
    await this.#cutTornTail();
    const logStartOffset = this.#logStart();
    const endOffset = this.#closeGaps(logStartOffset);
    await this.#makeDurable();
    this.#gaps.trim(logStartOffset);
    return {
      logStartOffset,
      endOffset,
      segments: this.#segments,
      gaps: this.#gaps,
      epochs: this.#epochs.starts,
      rollNext: this.#rollNext,
      directoryDurable: this.#segments.length > 0 && this.#directory !== "unsynced",
      unsyncable: this.#unsyncable,
    };
  }

  /** Segments below the recovery point are not read: the checkpoint tells what is in them. */
  #addSealed(bases: readonly Offset[], scanFrom: Offset): void {
    const { directory, checkpoint } = this.#options;
    const summaries = new Map(checkpoint?.segments.map((each) => [each.baseOffset, each]));
    for (const [at, baseOffset] of bases.entries()) {
      const endOffset = bases[at + 1] ?? scanFrom;
      const summary = summaries.get(baseOffset) ?? {
        baseOffset,
        bytes: this.#fileBytes(new Segment(directory, baseOffset).path),
        minTimestamp: 0,
        maxTimestamp: Number.MAX_SAFE_INTEGER,
        receivedMs: this.#options.ageMs(),
      };
      this.#segments.push(Segment.ofSummary(directory, summary, endOffset));
    }
  }

  #scan(baseOffset: Offset, offsetLimit: Offset): void {
    const { files, core, identity, name } = this.#options;
    const segment = this.#segmentToScan(baseOffset);
    const fileBytes = this.#fileBytes(segment.path);
    const from = segment.bytes;
    const damages: Damage[] = [];
    let unreadable = this.#unopened.has(segment.path);
    if (fileBytes > from) {
      const lease = files.acquire(segment.path);
      try {
        const source = new ByteSource(lease.file, fileBytes);
        scanBatches(source, { position: from, offset: segment.endOffset }, {
          rules: { core, offsetLimit, ...identityRules(identity, name) },
          visitor: {
            batch: (header, position, after) => this.#count(segment, header, position, after),
            damage: (gapFrom, to, position, end) => {
              damages.push({ gap: { from: gapFrom, to, reason: "corrupt" }, position, end });
              segment.bytes = end;
            },
          },
        });
        unreadable = source.unreadableBytes > 0;
      } finally {
        lease.release();
      }
    }
    this.#segments.push(segment);
    this.#scanned.push({ segment, fileBytes, from, damages, unreadable });
  }

  /** The segment as the checkpoint knew it, when the file still holds that much; else empty. */
  #segmentToScan(baseOffset: Offset): Segment {
    const { directory, checkpoint, indexes } = this.#options;
    const summary = checkpoint?.segments.find((each) => each.baseOffset === baseOffset);
    const empty = new Segment(directory, baseOffset);
    empty.index = new SegmentIndex(baseOffset);
    if (checkpoint === null || baseOffset !== checkpoint.recoverySegment) return empty;
    const { recoveryPosition, recoveryPoint } = checkpoint;
    if (summary === undefined || recoveryPosition === 0) return empty;
    if (this.#fileBytes(empty.path) < recoveryPosition) return empty;
    const segment = Segment.ofSummary(
      directory,
      { ...summary, bytes: recoveryPosition },
      recoveryPoint,
    );
    // A short one is built again when someone looks: it is not worth two files to open.
    segment.index = recoveryPosition < INDEX_SAVED_BYTES_MIN ? null : indexes.load(segment);
    return segment;
  }

  #count(
    segment: Segment,
    header: BatchHeader,
    ...[position, after]: [Position, "batch" | "damage"]
  ): void {
    const { hook, name, leaderEpoch, ageMs } = this.#options;
    const { baseOffset, baseTimestamp, maxTimestamp } = header;
    const nextOffset = header.lastOffset + 1;
    segment.count(
      { baseOffset, nextOffset, minTimestamp: baseTimestamp, maxTimestamp },
      header.sizeBytes,
    );
    segment.index?.note(header, position, after);
    segment.receivedMs = ageMs();
    // The epoch lies outside the checksum: one from the future is damage that tells nothing.
    if (header.leaderEpoch < leaderEpoch) this.#epochs.note(header.leaderEpoch, baseOffset);
    hook.scanned(name, header);
  }

  /** Files behind the last one that holds a good batch were never part of the log. */
  #dropEmptyTail(): void {
    for (let last; (last = this.#scanned.at(-1)) !== undefined;) {
      const { segment } = last;
      if (segment.endOffset > segment.baseOffset || segment.baseOffset < this.#recoveryPoint) {
        return;
      }
      // The only file stays, but for one whose contents nobody knows: it must not be written anew.
      if (this.#scanned.length === 1 && !this.#unopened.has(segment.path)) return;
      this.#scanned.pop();
      this.#segments.pop();
      this.#setAside(last);
    }
  }

  /** Takes a file out of the log, into quarantine if there is anything in it. */
  #setAside({ segment, fileBytes, unreadable }: Scanned): void {
    const { disk, files, quarantine, name, logger } = this.#options;
    files.forget(segment.path);
    this.#directory = "changed";
    try {
      const doubtful = { from: segment.baseOffset, unreadable };
      if (fileBytes > 0 || unreadable) quarantine.take(segment.path, name, doubtful);
      else disk.remove(segment.path);
    } catch (error) {
      logger.warn("segment_not_set_aside", { path: segment.path, error: messageOf(error) });
    }
  }

  async #settleDamage({ segment, fileBytes, damages }: Scanned): Promise<void> {
    for (const { gap, position, end } of damages) {
      const kept = await this.#keep(segment, { from: gap.from, position, end, fileBytes });
      this.#addGap(gap, kept);
    }
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    if (next === undefined || segment.endOffset >= next.baseOffset) return;
    // Nothing good up to the end of the file, and a good batch in the next.
    const { endOffset: from, bytes: position } = segment;
    const kept = await this.#keep(segment, { from, position, end: fileBytes, fileBytes });
    this.#addGap({ from, to: next.baseOffset, reason: "corrupt" }, kept);
  }

  async #cutTornTail(): Promise<void> {
    const last = this.#scanned.at(-1);
    if (last === undefined) return;
    const { segment, fileBytes, unreadable } = last;
    if (fileBytes <= segment.bytes) return;
    const { logger, name: { topic, index } } = this.#options;
    const [from, position] = [segment.endOffset, segment.bytes];
    const kept = await this.#keep(segment, { from, position, end: fileBytes, fileBytes });
    const bytes = fileBytes - position;
    logger.warn("torn_tail_cut", { topic, partition: index, offset: from, position, bytes, kept });
    if (unreadable || from < this.#recoveryPoint) {
      // It may be readable later, or is damage to what was acknowledged: go on in a new file.
      this.#rollNext = true;
      return;
    }
    await this.#attempt(segment, (file) => file.truncate(position));
  }

  /** Names every offset that no file holds. Returns the offset the next record takes. */
  #closeGaps(logStartOffset: Offset): Offset {
    let expected = logStartOffset;
    for (const { baseOffset, endOffset } of this.#segments) {
      if (baseOffset > expected) {
        this.#addGap({ from: expected, to: baseOffset, reason: "lost" }, 0);
      }
      expected = Math.max(expected, endOffset);
    }
    // Offsets in a gap were assigned, though no file holds them.
    const end = Math.max(expected, this.#recoveryPoint, this.#gaps.all.at(-1)?.to ?? 0);
    if (expected < this.#recoveryPoint) {
      this.#addGap({ from: expected, to: this.#recoveryPoint, reason: "corrupt" }, 0);
    }
    const last = this.#segments.at(-1);
    if (last !== undefined && last.endOffset < end) this.#rollNext = true;
    return end;
  }

  #logStart(): Offset {
    const { checkpoint, logStartOffset } = this.#options;
    if (checkpoint !== null) return Math.max(checkpoint.logStartOffset, logStartOffset);
    return Math.max(logStartOffset, this.#segments[0]?.baseOffset ?? 0);
  }

  /** A killed process leaves in the page cache what a reader must not see before it is synced. */
  async #makeDurable(): Promise<void> {
    const { disk, directory, logger, checkpoint } = this.#options;
    const known = new Set(checkpoint?.segments.map(({ baseOffset }) => baseOffset));
    for (const { segment, fileBytes, from } of this.#scanned) {
      if (!known.has(segment.baseOffset)) this.#directory = "changed";
      if (fileBytes <= from || await this.#attempt(segment, (file) => file.sync())) {
        segment.noteSynced();
      } else {
        this.#unsyncable.push(segment); // Readable still: it may hold what was acknowledged.
      }
    }
    if (this.#directory === "unchanged") return;
    try {
      await disk.syncDirectory(directory);
      await disk.syncDirectory("");
    } catch (error) {
      logger.error("sync_failed", { path: directory, error: messageOf(error) });
      // The next commit makes a file, and syncs the directory with it before it is acknowledged.
      this.#directory = "unsynced";
      this.#rollNext = true;
    }
  }

  /** Does something to a file; where that fails, the file is left behind as it is: false. */
  async #attempt(
    segment: Segment,
    action: (file: DiskFile) => void | Promise<void>,
  ): Promise<boolean> {
    const { files, logger } = this.#options;
    const lease = files.acquire(segment.path);
    try {
      await action(lease.file);
      return true;
    } catch (error) {
      logger.error("segment_left_behind", { path: segment.path, error: messageOf(error) });
      files.forget(segment.path);
      this.#rollNext = true;
      return false;
    } finally {
      lease.release();
    }
  }

  async #keep(
    segment: Segment,
    place: { from: Offset; position: Position; end: Position; fileBytes: Position },
  ): Promise<number> {
    const { files, quarantine, name: { topic, index } } = this.#options;
    const { from, position, end, fileBytes } = place;
    if (position >= end) return 0; // Perhaps it cannot even be opened.
    const lease = files.acquire(segment.path);
    try {
      const doubtful = { topic, index, from, position, end };
      return await quarantine.keep(new ByteSource(lease.file, fileBytes), doubtful);
    } finally {
      lease.release();
    }
  }

  #addGap(gap: Gap, bytes: number): void {
    if (!this.#gaps.add(gap)) return;
    const { logger, hook, name } = this.#options;
    logger.error("range_quarantined", { topic: name.topic, partition: name.index, ...gap, bytes });
    hook.quarantined(name, gap, bytes);
  }

  #fileBytes(path: string): number {
    const { files, logger } = this.#options;
    try {
      const lease = files.acquire(path);
      try {
        return lease.file.size();
      } finally {
        lease.release();
      }
    } catch (error) {
      logger.error("segment_not_opened", { path, error: messageOf(error) });
      this.#unopened.add(path);
      this.#rollNext = true;
      return 0;
    }
  }
}
