/**
 * One log of another node, as the received ranges know it.
 *
 * @module
 */
import { ISLANDS_MAX } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import { pathsOf } from "./log_paths.ts";
import type { RangeSet } from "./range_set.ts";

/** A log as its gateway announces it. */
export interface AnnouncedLog {
  readonly logId: LogId;
  /** The peer that announces it: its credential's name, or its node id. */
  readonly peer: string;
  /** Secret of the log's origin, where the peer shows it. */
  readonly pathKey?: string | null;
  readonly gateway: string;
  /** At the origin. */
  readonly topic: TopicName;
  readonly partition: number;
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
}

export interface LostRange extends OffsetRange {
  readonly reason: string;
}

export interface ReceivedLog {
  readonly logId: LogId;
  /** The peer that announced it first. */
  readonly peer: string;
  /** Every peer that may speak for it; see log_paths.ts. */
  readonly paths: readonly string[];
  /** Passed on upstream, and shown to nobody else. */
  readonly pathKey: string | null;
  readonly gateway: string;
  readonly source: { readonly topic: TopicName; readonly partition: number };
  readonly target: { readonly topic: TopicName; readonly partition: number };
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
  /** Source offsets below it are durable here, or ledgered. */
  readonly watermark: Offset;
  /** The offset the next batch must begin with: the watermark, and what is queued on top of it. */
  readonly expected: Offset;
  readonly islands: readonly OffsetRange[];
  readonly lost: readonly LostRange[];
  /** A successor was announced, and all of this one is here. */
  readonly closed: boolean;
}

/** What the sender knows of a range it ledgered; a void range never held records. */
export interface Loss {
  readonly count: number;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
}

/** What the ranges hold of one log. */
export interface RangeEntry {
  row: AnnouncedLogRow | null;
  readonly firstOffset: Offset;
  readonly target: { readonly topic: TopicName; readonly partition: number };
  committed: RangeSet;
  /** `committed` and what is queued; the same object while nothing is. */
  noted: RangeSet;
  queued: number;
  /** Islands, and what is queued that began one: what counts against the bound. */
  begun: number;
  /** Who waits until nothing is queued. */
  readonly idle: (() => void)[];
  readonly lost: LostRange[];
  localEnd: Offset;
  /** Where it ends, once a successor said so. */
  end: Offset | null;
}

/** A log nothing more is known of. */
export function newEntry(
  firstOffset: Offset,
  target: RangeEntry["target"],
  committed: RangeSet,
): RangeEntry {
  return {
    row: null,
    firstOffset,
    target,
    committed,
    noted: committed,
    queued: 0,
    begun: committed.islands.length,
    idle: [],
    lost: [],
    localEnd: 0,
    end: null,
  };
}

/** The log as others see it. */
export function view(entry: RangeEntry, row: AnnouncedLogRow): ReceivedLog {
  return {
    logId: row.logId,
    peer: row.peer,
    paths: pathsOf(row),
    pathKey: row.pathKey ?? null,
    gateway: row.gateway,
    source: { topic: row.topic, partition: row.partition },
    target: entry.target,
    firstOffset: row.firstOffset,
    predecessor: row.predecessor,
    predecessorEnd: row.predecessorEnd,
    root: row.root,
    watermark: entry.committed.watermark,
    expected: entry.noted.watermark,
    islands: entry.committed.islands.slice(0, ISLANDS_MAX),
    lost: entry.lost,
    closed: row.closed !== null,
  };
}
