/**
 * What the partition logs ask of the books, and what the books ask of a partition log. The logs
 * hold records; the books hold what must be known about them: identity, origins, ages, losses.
 * Only interfaces stand here, so that either side can be tested without the other.
 *
 * @module
 */
import type { OperatingError } from "../base/errors.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Gap, PartitionCheckpoint } from "../format/checkpoint.ts";
import type { BatchHeader } from "../format/record_batch.ts";

/** A partition as the books name it. */
export interface PartitionName {
  readonly topic: string;
  readonly index: number;
  /** Small number the store gives to each partition, for the core. */
  readonly handle: number;
}

/** What a client's identity is remembered by. Opaque to the log; `origin_journal.ts` makes it. */
export interface OriginEntry {
  readonly kind: "http" | "qos2";
}

/** Where the records of one `appended()` call with an origin entry landed. */
export interface SealedOrigin {
  readonly entry: OriginEntry;
  readonly log: PartitionName;
  /** The batch that holds the records: how recovery finds it, and recognises it. */
  readonly batchBaseOffset: Offset;
  readonly batchCrc: number;
  /**
   * The batches before it that hold the first of the records, where they span several; mostly none.
   * A crash may keep a later batch and lose an earlier one, so the entry counts only where the log
   * holds every one of them.
   */
  readonly earlierBatches: readonly { readonly baseOffset: Offset; readonly crc: number }[];
  /** The records themselves, first and last. */
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
}

/** The origin journal, as the commit loop sees it. */
export interface OriginHook {
  /**
   * Step 2 of the commit cycle: resolves once the entries are synced. A rejection fails the
   * batches that hold them, before any of their bytes are written.
   */
  write(sealed: readonly SealedOrigin[]): Promise<void>;
  /**
   * Called in the same turn in which the high watermark passes the batch (`error` null), or in
   * which the batch is given up. Exactly once for each entry written.
   */
  settled(sealed: SealedOrigin, error: OperatingError | null): void;
}

/** Log ids, as the partition log and the commit loop see them. */
export interface IdentityHook {
  /** The id that stamps batches first made durable here. The first call of a run draws it. */
  current(log: PartitionName, logEndOffset: Offset): LogId;
  /**
   * Resolves once all is so that records may be written: the current id is durable in the
   * catalogue, and the disk has room for `bytes`. Null when it is so already.
   */
  registered(log: PartitionName, bytes: number): Promise<void> | null;
  /** Whether this node drew `logId` for that partition, now or in an earlier run. */
  isOwn(log: PartitionName, logId: LogId): boolean;
  /**
   * Whether another node's log was announced, and goes to that partition. Asked only where damage
   * hides what a batch continues; without it any other log id is believed.
   */
  isReceived?(log: PartitionName, logId: LogId): boolean;
}

/** What recovery tells the books as it reads a partition. */
export interface RecoveryHook {
  /** Each good batch at or past the recovery point, in order. */
  scanned(log: PartitionName, header: BatchHeader): void;
  /** Each gap of the log, new or known; what there was of its bytes lies in quarantine. */
  quarantined(log: PartitionName, gap: Gap): void;
}

/** One segment, as retention sees it. */
export interface SegmentInfo {
  readonly baseOffset: Offset;
  /** Exclusive: the next segment's base, or the log end offset. */
  readonly endOffset: Offset;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  /** When the last batch was appended, by the store's age clock (see age_clock.ts). */
  readonly receivedMs: number;
  /** There is nothing more to thin in it; see thinner.ts. */
  readonly thinned?: boolean;
}

/** What the books need of a partition log beyond its public face. */
export interface KeptLog extends PartitionName {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly logEndOffset: Offset;
  readonly bytes: number;
  readonly gaps: readonly Gap[];
  /** Oldest first; the last one is active. */
  segments(): readonly SegmentInfo[];
  /** Everything recovery needs, consistent as of this call: the recovery point is the synced end. */
  checkpoint(): PartitionCheckpoint;
  /** Moves the log start offset (in memory, at once): readers below it get offset_out_of_range. */
  setLogStart(offset: Offset): void;
  /** Removes the files of segments wholly below the log start offset; returns the bytes freed. */
  removeBelowLogStart(): number;
  /** Closes the active segment and opens the next, so that what it holds can be evicted. */
  roll(): Promise<void>;
}

export type { Gap, OffsetRange };
