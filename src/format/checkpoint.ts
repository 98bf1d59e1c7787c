/**
 * Checkpoint: where recovery starts, and what was known there. Two files, `checkpoint-a` and
 * `checkpoint-b`, hold two generations; each is rewritten in place, in turn, and synced.
 *
 *     0  magic        4 bytes  "LBCP"
 *     4  crc          u32      CRC-32C of bytes 8 .. 24 + length
 *     8  version      u32      1
 *    12  generation   u64      rises by one with each checkpoint
 *    20  length       u32      bytes of the payload
 *    24  payload      UTF-8 JSON: {@linkcode Checkpoint}, keys in snake_case, runs of numbers
 *                     in arrays
 *        zeros        up to the preallocated size
 *
 * All integers big-endian. Of a log of another node, the eighth element stands only where something
 * lies elsewhere, is void or came out of its order; checkpoints from before there were live lanes have
 * none. What lies elsewhere is [from, to, by], and the nodes where, if that is known.
 *
 * @module
 */
import { utf8, viewOf } from "../base/bytes.ts";
import type { LogId, NodeId, Offset, OffsetRange, Position } from "../base/types.ts";
import type { Checksum } from "./journal_entry.ts";

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: Offset;
}

/** A range of offsets that stay assigned and hold no readable records. */
export interface Gap extends OffsetRange {
  readonly reason: "corrupt" | "lost" | "evicted";
}

export interface SegmentSummary {
  readonly baseOffset: Offset;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  /** When its last batch was appended, by the store's age clock. */
  readonly receivedMs: number;
}

export interface PartitionCheckpoint {
  readonly logStartOffset: Offset;
  /** Offsets below this are synced. */
  readonly recoveryPoint: Offset;
  /** Base offset of the segment that holds the recovery point, and the synced bytes in it. */
  readonly recoverySegment: Offset;
  readonly recoveryPosition: Position;
  readonly epochs: readonly EpochStart[];
  readonly gaps: readonly Gap[];
  /** Oldest first, the one with the recovery point last. */
  readonly segments: readonly SegmentSummary[];
}

/** One run of a partition of this node, should the catalogue be older than the checkpoint. */
export interface OwnLogCheckpoint {
  readonly logId: LogId;
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
  /** Offsets of it below the recovery point that records of other nodes took; absent where none. */
  readonly taken?: number;
}

/** Source offsets of a log in one piece, that lie here in their order, from a local offset on. */
export interface Run extends OffsetRange {
  readonly localStart: Offset;
}

/** A run that is read, in the order of source, right before the local offset `mergedAt`. */
export interface Splice extends Run {
  readonly logId: LogId;
  readonly mergedAt: Offset;
  /** Tells which of several at the same place comes first. */
  readonly sequence: number;
}

/** What arrived out of its order: see store/source_order.ts. */
export interface OrderCheckpoint {
  readonly done: Offset;
  readonly runs: readonly Run[];
  readonly splices: readonly Splice[];
}

export interface OpenCheckpoint extends OffsetRange {
  readonly by: string;
  readonly holders?: readonly NodeId[] | undefined;
}

/** A log of another node: what was received of it. */
export interface RangeCheckpoint {
  readonly logId: LogId;
  readonly firstOffset: Offset;
  readonly watermark: Offset;
  readonly islands: readonly OffsetRange[];
  /** What was passed and lies elsewhere, the peer that said so, and at which nodes if all know. */
  readonly open: readonly OpenCheckpoint[];
  /** Runs [from, to) with the void offsets in each; absent where there is none. */
  readonly voids?: readonly (OffsetRange & { readonly voids: number })[];
  /** Null where all of it came in order. */
  readonly order: OrderCheckpoint | null;
  readonly targetTopic: string;
  readonly targetPartition: number;
  /** Behind the last batch of it here: tells whether a log that lost its tail held it. */
  readonly localEnd: Offset;
}

/** How far a partition was delivered to one upstream, in its own offsets. */
export interface UpstreamCheckpoint {
  readonly held: Offset;
  readonly settled: Offset;
  /** What the receiver acknowledged of each log, in the log's own offsets. */
  readonly acked: Readonly<Record<LogId, AcknowledgedCheckpoint>>;
}

export interface AcknowledgedCheckpoint {
  readonly held: Offset;
  readonly settled: Offset;
  /** Void offsets below `settled`; absent where there is none. */
  readonly settledVoids?: number;
  /** Those of them that are in the ledger of the root of the chain. */
  readonly settledLost?: number;
  /** Ranges [from, to) above `held`. */
  readonly islands?: readonly (readonly [Offset, Offset])[];
}

/** The same for the upstream in use, and what there is of earlier ones. */
export interface ForwardedCheckpoint extends UpstreamCheckpoint {
  /** Its node id; absent until it said hello, and in checkpoints of version 1 nodes. */
  readonly upstream?: NodeId;
  readonly earlier?: Readonly<Record<NodeId, UpstreamCheckpoint>>;
}

/** What the origin journal knew of its frames: those it does not list here stood. */
export interface OriginsCheckpoint {
  /** Frames with lower sequences are good, except the unsettled. */
  readonly settledBelow: number;
  readonly unsettled: readonly number[];
}

export interface Checkpoint {
  readonly generation: number;
  /** Whose it is, should format.json be lost; absent in those of older versions. */
  readonly nodeId?: NodeId;
  readonly leaderEpoch: number;
  /** The age clock: milliseconds this node has run, all runs together. */
  readonly ageMs: number;
  /** By directory: `<topic>-<partition>`. */
  readonly partitions: ReadonlyMap<string, PartitionCheckpoint>;
  /** The latest log ids of each partition, oldest first. */
  readonly ownLogs: ReadonlyMap<string, readonly OwnLogCheckpoint[]>;
  readonly forwarded: ReadonlyMap<string, ForwardedCheckpoint>;
  readonly ranges: readonly RangeCheckpoint[];
  readonly origins: OriginsCheckpoint;
}

/** The same with its partitions already encoded, since most of them have not changed. */
export interface CheckpointParts extends Omit<Checkpoint, "partitions" | "ownLogs"> {
  readonly partitions: ReadonlyMap<string, string>;
}

const MAGIC = 0x4c42_4350;
export const CHECKPOINT_VERSION = 1;
export const CHECKPOINT_HEADER_BYTES = 24;

export function encodePartition(
  partition: PartitionCheckpoint,
  ownLogs: readonly OwnLogCheckpoint[],
): string {
  return JSON.stringify({
    log_start_offset: partition.logStartOffset,
    recovery_point: partition.recoveryPoint,
    recovery_segment: partition.recoverySegment,
    recovery_position: partition.recoveryPosition,
    epochs: partition.epochs.map(({ epoch, startOffset }) => [epoch, startOffset]),
    gaps: partition.gaps.map(({ from, to, reason }) => [from, to, reason]),
    segments: partition.segments.map((segment) => [
      segment.baseOffset,
      segment.bytes,
      segment.minTimestamp,
      segment.maxTimestamp,
      segment.receivedMs,
    ]),
    own_logs: ownLogs.map((log) => [
      log.logId,
      log.firstOffset,
      log.predecessor,
      log.predecessorEnd,
      log.root,
      ...(log.taken === undefined ? [] : [log.taken]),
    ]),
  });
}

export function encodeCheckpoint(parts: CheckpointParts, crc32c: Checksum): Uint8Array {
  const rest = JSON.stringify({
    ...(parts.nodeId === undefined ? {} : { node_id: parts.nodeId }),
    leader_epoch: parts.leaderEpoch,
    age_ms: parts.ageMs,
    forwarded: Object.fromEntries(parts.forwarded),
    ranges: parts.ranges.map(encodeRange),
    origins: { settled_below: parts.origins.settledBelow, unsettled: parts.origins.unsettled },
  });
  const partitions = Array.from(
    parts.partitions,
    ([name, text]) => `${JSON.stringify(name)}:${text}`,
  );
  const payload = utf8(`${rest.slice(0, -1)},"partitions":{${partitions.join(",")}}}`);
  const bytes = new Uint8Array(CHECKPOINT_HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC);
  view.setUint32(8, CHECKPOINT_VERSION);
  view.setBigUint64(12, BigInt(parts.generation));
  view.setUint32(20, payload.length);
  bytes.set(payload, CHECKPOINT_HEADER_BYTES);
  view.setUint32(4, crc32c(bytes.subarray(8)));
  return bytes;
}

/** The checkpoint at the head of `bytes`, or null where there is none that is whole. */
export function decodeCheckpoint(bytes: Uint8Array, crc32c: Checksum): Checkpoint | null {
  if (bytes.length < CHECKPOINT_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const end = CHECKPOINT_HEADER_BYTES + view.getUint32(20);
  if (view.getUint32(0) !== MAGIC || end > bytes.length) return null;
  if (view.getUint32(8) !== CHECKPOINT_VERSION) return null;
  if (view.getUint32(4) !== crc32c(bytes.subarray(8, end))) return null;
  const text = new TextDecoder().decode(bytes.subarray(CHECKPOINT_HEADER_BYTES, end));
  // The checksum holds, so this is what encodeCheckpoint wrote.
  const row = JSON.parse(text) as Row;
  return {
    generation: Number(view.getBigUint64(12)),
    ...(row.node_id === undefined ? {} : { nodeId: row.node_id }),
    leaderEpoch: row.leader_epoch,
    ageMs: row.age_ms,
    partitions: new Map(
      Object.entries(row.partitions).map(([name, partition]) => [name, decodePartition(partition)]),
    ),
    ownLogs: new Map(
      Object.entries(row.partitions).map(([name, { own_logs }]) => [name, own_logs.map(ownLogOf)]),
    ),
    forwarded: new Map(Object.entries(row.forwarded)),
    ranges: row.ranges.map(decodeRange),
    origins: { settledBelow: row.origins.settled_below, unsettled: row.origins.unsettled },
  };
}

interface PartitionRow {
  readonly log_start_offset: number;
  readonly recovery_point: number;
  readonly recovery_segment: number;
  readonly recovery_position: number;
  readonly epochs: readonly (readonly [number, number])[];
  readonly gaps: readonly (readonly [number, number, Gap["reason"]])[];
  readonly segments: readonly (readonly [number, number, number, number, number])[];
  readonly own_logs: readonly OwnLogTuple[];
}

type OwnLogTuple = readonly [
  logId: LogId,
  firstOffset: Offset,
  predecessor: LogId | null,
  predecessorEnd: Offset,
  root: LogId,
  taken?: number,
];

function ownLogOf(row: OwnLogTuple): OwnLogCheckpoint {
  const [logId, firstOffset, predecessor, predecessorEnd, root, taken] = row;
  const log = { logId, firstOffset, predecessor, predecessorEnd, root };
  return taken === undefined ? log : { ...log, taken };
}

type OpenRow = readonly [from: number, to: number, by: string, holders?: readonly NodeId[]];

type RangeRow = readonly [
  logId: string,
  firstOffset: number,
  watermark: number,
  islands: readonly (readonly [number, number])[],
  targetTopic: string,
  targetPartition: number,
  localEnd: number,
  /** Absent where there is nothing in it. */
  more?: {
    readonly open?: readonly OpenRow[];
    readonly voids?: readonly (readonly [number, number, number])[];
    readonly order?: {
      readonly done: number;
      readonly runs: readonly (readonly [number, number, number])[];
      readonly splices: readonly (readonly [number, number, number, number, number])[];
    };
  },
];

function encodeRange(range: RangeCheckpoint): RangeRow {
  const { open, order, voids } = range;
  const row: RangeRow = [
    range.logId,
    range.firstOffset,
    range.watermark,
    range.islands.map(({ from, to }) => [from, to]),
    range.targetTopic,
    range.targetPartition,
    range.localEnd,
  ];
  if (open.length === 0 && order === null && voids === undefined) return row;
  return [...row, {
    ...(open.length === 0 ? {} : { open: open.map(encodeOpen) }),
    ...(voids && { voids: voids.map((run) => [run.from, run.to, run.voids] as const) }),
    ...(order === null ? {} : {
      order: {
        done: order.done,
        runs: order.runs.map(({ from, to, localStart }) => [from, to, localStart] as const),
        splices: order.splices.map((splice) =>
          [splice.from, splice.to, splice.localStart, splice.mergedAt, splice.sequence] as const
        ),
      },
    }),
  }] as unknown as RangeRow;
}

function encodeOpen({ from, to, by, holders }: OpenCheckpoint): OpenRow {
  return holders === undefined ? [from, to, by] : [from, to, by, holders];
}

function decodeOpen([from, to, by, holders]: OpenRow): OpenCheckpoint {
  return { from, to, by, ...(holders && { holders }) };
}

function decodeRange(row: RangeRow): RangeCheckpoint {
  const [logId, firstOffset, watermark, islands, targetTopic, targetPartition, localEnd, more] =
    row;
  const order = more?.order;
  return {
    logId,
    firstOffset,
    watermark,
    islands: islands.map(([from, to]) => ({ from, to })),
    open: more?.open?.map(decodeOpen) ?? [],
    ...(more?.voids && { voids: more.voids.map(([from, to, voids]) => ({ from, to, voids })) }),
    order: order === undefined ? null : {
      done: order.done,
      runs: order.runs.map(([from, to, localStart]) => ({ from, to, localStart })),
      splices: order.splices.map(([from, to, localStart, mergedAt, sequence]) => ({
        ...{ logId, from, to, localStart, mergedAt, sequence },
      })),
    },
    targetTopic,
    targetPartition,
    localEnd,
  };
}

interface Row {
  readonly node_id?: NodeId;
  readonly leader_epoch: number;
  readonly age_ms: number;
  readonly partitions: Readonly<Record<string, PartitionRow>>;
  readonly forwarded: Readonly<Record<string, ForwardedCheckpoint>>;
  readonly ranges: readonly RangeRow[];
  readonly origins: { readonly settled_below: number; readonly unsettled: readonly number[] };
}

function decodePartition(row: PartitionRow): PartitionCheckpoint {
  return {
    logStartOffset: row.log_start_offset,
    recoveryPoint: row.recovery_point,
    recoverySegment: row.recovery_segment,
    recoveryPosition: row.recovery_position,
    epochs: row.epochs.map(([epoch, startOffset]) => ({ epoch, startOffset })),
    gaps: row.gaps.map(([from, to, reason]) => ({ from, to, reason })),
    segments: row.segments.map((segment) => ({
      baseOffset: segment[0],
      bytes: segment[1],
      minTimestamp: segment[2],
      maxTimestamp: segment[3],
      receivedMs: segment[4],
    })),
  };
}
