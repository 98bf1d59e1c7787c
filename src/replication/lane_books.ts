/**
 * What is known here of the logs whose batches stand in one partition, and of what became of them.
 *
 * @module
 */
import type { LogId, NodeId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { LogAnnouncement } from "../protocol/replication/announce.ts";
import type { AcknowledgedRanges, HeldElsewhere } from "../store/forwarded.ts";
import type { LedgeredRange } from "./lane_gaps.ts";
import type { BatchPart } from "./recut.ts";

export type LogIdentity = Omit<LogAnnouncement, "endOffset">;

/** What a lane asks the books about the logs of its partition. */
export interface LaneBooks {
  readonly nodeName: string;
  readonly topic: TopicName;
  readonly partition: number;
  /** This node's runs of the partition, oldest first. */
  ownLogs(): readonly LogIdentity[];
  /** A log of another node that was announced to this one. */
  foreignLog(logId: LogId): LogIdentity | null;
  /** Whether batches of other nodes may stand in the partition. */
  hasForeign(): boolean;
  /** Offsets of the partition below it were delivered when its beginning was given up last. */
  delivered?(): Offset;
  /** What the upstream ever acknowledged of a log, as remembered. */
  acknowledged(logId: LogId): AcknowledgedRanges | null;
  /** What other nodes hold of a log: earlier upstreams, of this node and of those below. */
  elsewhere(logId: LogId): readonly HeldElsewhere[];
  /** Of that, what passed here and is not here; sorted and apart. */
  open?(logId: LogId): readonly HeldElsewhere[];
  /** The upstream in use. */
  upstream?(): NodeId;
  /** Whether a batch of another node came ahead of its turn: what is before it came later. */
  cameEarly(logId: LogId, offset: Offset): boolean;
  /** What the ledger says of a log, or of `range` in it, by offset. */
  ledgered(logId: LogId, own: boolean, range?: OffsetRange): readonly LedgeredRange[];
  /** Logs of which the upstream ever acknowledged something, as remembered, or may have. */
  everAcknowledged?(): readonly LogId[];
  /** Source offsets of another node's log below it came here, or are accounted for. */
  passedHere?(logId: LogId): Offset;
  /** Where another node's log ends here, as far as it will ever be sent; null where that is unknown. */
  endHere?(logId: LogId): Offset | null;
  /** Those of them of which the receiver did not say what it lacks. */
  provisional(logId: LogId): readonly LedgeredRange[];
  /** Logs of other nodes in this partition with ranges in the ledger that the upstream has to learn. */
  owing?(): readonly LogId[];
  /** Records of a batch, in batches of their own; null where that cannot be. */
  recut?(batch: Uint8Array, ranges: readonly OffsetRange[]): BatchPart[] | null;
  /** Changes whenever the ledger does. */
  changes?(): number;
}
