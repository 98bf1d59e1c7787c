/**
 * From a directory to a consistent partition, whatever a crash or a decaying disk left of it.
 *
 * Only what lies at or past the recovery point is read. Damage with a good batch behind it is
 * corruption: its bytes go to quarantine, its offsets stay assigned, and it becomes a gap. Damage
 * with nothing good behind it was never acknowledged, as far as anyone can tell: it is cut, and its
 * bytes are kept as evidence. What is read is synced before that, because a killed process may have
 * left in the page cache what never reached the disk: the books count what is found here as durable.
 *
 * Nothing found here stops the start, but for a disk on which nothing can be made durable.
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
import { CheckpointedSegments } from "./checkpointed_segments.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { makeEntriesDurable, makeFileDurable } from "./durable_file.ts";
import type { FileCache } from "./file_cache.ts";
import { GapList } from "./gap_list.ts";
import type { IndexCache } from "./index_cache.ts";
import { LeaderEpochs } from "./leader_epochs.ts";
import { identityRules, scanBatches } from "./log_scan.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Segment } from "./segment.ts";

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
  /**
   * Gaps found since the checkpoint, as far as the ledger tells: what was appended since must not
   * make another way on behind the same damage look better, and swallow batches that were served.
   */
  readonly knownGaps?: readonly Gap[];
  /** Base offsets of segments that were written anew. */
  readonly rewritten?: readonly Offset[];
  /** Reads everything, whatever the checkpoint covers: to find what decayed since. */
  readonly deep?: boolean;
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
  /** There are gaps that the checkpoint does not hold. */
  readonly damaged: boolean;
}

export async function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  return await new Recovery(options).run();
}

/** A segment at or past the recovery point, and what its file holds behind the last good batch. */
interface Scanned {
  readonly segment: Segment;
  readonly fileBytes: Position;
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
  /** Those of the checkpoint and those found since. */
  readonly #known: GapList;
  readonly #epochs: LeaderEpochs;
  readonly #recoveryPoint: Offset;
  readonly #segments: Segment[] = [];
  readonly #scanned: Scanned[] = [];
  readonly #unsyncable: Segment[] = [];
  readonly #files: CheckpointedSegments;
  /** The file whose torn tail was cut: the only one to be synced once more. */
  #cut: Segment | null = null;
  #rollNext = false;
  #damaged = false;
  #directory: "unchanged" | "changed" = "unchanged";

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#files = new CheckpointedSegments(options);
    this.#gaps = new GapList(options.checkpoint?.gaps);
    this.#known = new GapList([...this.#gaps.all, ...options.knownGaps ?? []]);
    this.#epochs = new LeaderEpochs(options.checkpoint?.epochs);
    this.#recoveryPoint = options.checkpoint?.recoveryPoint ?? 0;
  }

  async run(): Promise<RecoveredLog> {
    const { disk, directory, checkpoint, deep, name } = this.#options;
    const found = disk.list(directory).map(baseOffsetOf).filter((base) => base !== null);
    const scanFrom = deep ? 0 : checkpoint?.recoverySegment ?? 0;
    const sealed = found.filter((base) => base < scanFrom);
    for (const segment of this.#files.sealed(sealed, scanFrom)) this.#segments.push(segment);
    const toScan = found.filter((base) => base >= scanFrom);
    for (const base of toScan) await this.#makeDurableFirst(base);
    for (const [at, base] of toScan.entries()) this.#scan(base, toScan[at + 1] ?? Infinity);

    this.#dropEmptyTail();
    for (const scanned of this.#scanned) await this.#settleDamage(scanned);
    await this.#cutTornTail();
    const logStartOffset = this.#logStart();
    const endOffset = this.#closeGaps(logStartOffset);
    await this.#makeDurable();
    this.#gaps.trim(logStartOffset);
    // Known ones, too: a crash, or a full disk, may have come between the gap and its entry.
    for (const gap of this.#gaps.all) {
      if (gap.reason !== "evicted") this.#options.hook.quarantined(name, gap);
    }
    return {
      logStartOffset,
      endOffset,
      segments: this.#segments,
      gaps: this.#gaps,
      epochs: this.#epochs.starts,
      // A file that cannot be opened now must not be written anew.
      rollNext: this.#rollNext || this.#files.unopened.size > 0,
      directoryDurable: this.#segments.length > 0,
      unsyncable: this.#unsyncable,
      damaged: this.#damaged,
    };
  }

  /** What is to be scanned, and a checkpoint may not cover. */
  async #makeDurableFirst(baseOffset: Offset): Promise<void> {
    const segment = this.#files.toScan(baseOffset);
    if (this.#files.bytesOf(segment.path) <= segment.bytes) return;
    await makeFileDurable(segment.path, this.#options);
  }

  #scan(baseOffset: Offset, offsetLimit: Offset): void {
    const { files, core, identity, name, deep } = this.#options;
    const segment = this.#files.toScan(baseOffset);
    const fileBytes = this.#files.bytesOf(segment.path);
    const from = segment.bytes;
    const damages: Damage[] = [];
    let unreadable = this.#files.unopened.has(segment.path);
    if (fileBytes > from) {
      const lease = files.acquire(segment.path);
      try {
        const source = new ByteSource(lease.file, fileBytes);
        const knownEnd = (offset: Offset) => this.#known.at(offset)?.to;
        scanBatches(source, { position: from, offset: segment.endOffset }, {
          rules: { core, offsetLimit, knownEnd, ...identityRules(identity, name) },
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
    // Reading it again makes it no younger.
    const known = deep ? this.#files.summaryOf(baseOffset) : undefined;
    if (known !== undefined) segment.receivedMs = known.receivedMs;
    this.#segments.push(segment);
    this.#scanned.push({ segment, fileBytes, damages, unreadable });
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
      if (this.#scanned.length === 1 && !this.#files.unopened.has(segment.path)) return;
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
      const known = this.#gaps.covers(gap);
      const kept = known ? 0 : await this.#keep(segment, {
        ...{ from: gap.from, position, end, fileBytes },
      });
      this.#addGap(gap, kept);
    }
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    if (next === undefined || segment.endOffset >= next.baseOffset) return;
    // Nothing good up to the end of the file, and a good batch in the next.
    const { endOffset: from, bytes: position } = segment;
    const gap: Gap = { from, to: next.baseOffset, reason: "corrupt" };
    const known = this.#gaps.covers(gap);
    const place = { from, position, end: fileBytes, fileBytes };
    this.#addGap(gap, known ? 0 : await this.#keep(segment, place));
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
    this.#cut = segment;
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

  /** What was cut, too, and the entries of the directory. */
  async #makeDurable(): Promise<void> {
    const { disk, directory, logger, checkpoint } = this.#options;
    const known = new Set(checkpoint?.segments.map(({ baseOffset }) => baseOffset));
    for (const { segment } of this.#scanned) {
      if (!known.has(segment.baseOffset)) this.#directory = "changed";
      if (segment !== this.#cut || await this.#attempt(segment, (file) => file.sync())) {
        segment.noteSynced();
      } else {
        this.#unsyncable.push(segment); // Readable still: it may hold what was acknowledged.
      }
    }
    if (this.#directory === "unchanged") return;
    for (const path of [directory, ""]) await makeEntriesDurable(path, { disk, logger });
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
    const { logger, name: { topic, index: partition } } = this.#options;
    logger.error("range_quarantined", { topic, partition, ...gap, bytes });
    this.#damaged = true;
  }
}
