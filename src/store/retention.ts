/**
 * Which segments may go, and which go first. Pure: it looks at what is known of the logs and names
 * log start offsets; the evictor moves them.
 *
 * Two things no rule passes over: what both checkpoints do not cover, because recovery might have
 * to read it; and, while there is an upstream, what was not delivered, unless the topic says so.
 *
 * @module
 */
import { EVICTION_FLOOR_SHARE } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { KeptLog, SegmentInfo } from "./books.ts";
import type { TopicSettings } from "./settings.ts";

export interface RetainedLog {
  readonly log: KeptLog;
  readonly settings: TopicSettings;
  /** Offsets below it may go without loss; Infinity where there is no upstream. */
  readonly deliveredBelow: Offset;
  /** Offsets below it are covered by both checkpoints. */
  readonly coveredBelow: Offset;
}

/** What to give up next. */
export interface Eviction {
  readonly retained: RetainedLog;
  /** Whole: all below goes. Thinned: where the segment ends, of which the records below go. */
  readonly logStart: Offset;
  readonly bytes: number;
  /** Only the records below the topic's severity go, out of this segment. */
  readonly thins: SegmentInfo | null;
  /** Priorities below the chosen one's, with so little left that they are spared. */
  readonly spared: readonly number[];
}

export interface EvictionOptions {
  /** What the node may hold: a part of it is left to each priority, however low. */
  readonly capacityBytes: number;
  /** Leaves out of account what both checkpoints do not cover; true unless given. */
  readonly coveredOnly?: boolean;
  /** Nothing is dropped that was thinned, while more could be thinned; true unless given. */
  readonly thinsFirst?: boolean;
  /** The books have no room for what thinning enters: the oldest goes whole, which makes some. */
  readonly ledgerFull?: boolean;
}

/** Whole segments that can go at all, oldest first. The active one never does. */
function removable({ log, coveredBelow }: RetainedLog, coveredOnly = true): SegmentInfo[] {
  const limit = coveredOnly ? coveredBelow : Infinity;
  return log.segments().slice(0, -1)
    .filter(({ endOffset }) => endOffset <= limit && endOffset > log.logStartOffset);
}

/** The log start offset that retention by time and by bytes ask for; at least the present one. */
export function retentionStart(retained: RetainedLog, ageMs: number): Offset {
  const { log, settings } = retained;
  const limit = settings.retainUndelivered ? retained.deliveredBelow : Infinity;
  let start = log.logStartOffset;
  let bytes = log.segments().reduce((sum, segment) => sum + segment.bytes, 0);
  for (const segment of removable(retained)) {
    const tooOld = settings.retentionMs >= 0 && ageMs - segment.receivedMs > settings.retentionMs;
    const tooMuch = settings.retentionBytes >= 0 && bytes > settings.retentionBytes;
    if (!tooOld && !tooMuch || segment.endOffset > limit) break;
    start = segment.endOffset;
    bytes -= segment.bytes;
  }
  return start;
}

/**
 * What to give up next for space: first what was delivered, of any topic of a node with an
 * upstream; then the oldest of the lowest priority, of the topics that may lose. Null when nothing
 * may go, or nothing yet: the oldest that goes is to be covered, or closed, and then thinned.
 *
 * A priority that is down to its floor is passed over while a higher one has more than its own: so
 * a flood of important records cannot push all others out.
 */
export function nextEviction(
  logs: Iterable<RetainedLog>,
  { capacityBytes, coveredOnly = true, thinsFirst = true, ledgerFull = false }: EvictionOptions,
): Eviction | null {
  const floorBytes = capacityBytes / EVICTION_FLOOR_SHARE;
  let delivered: Candidate | null = null;
  const classes = new Map<number, PriorityClass>();
  for (const retained of logs) {
    const { deliveredBelow, settings } = retained;
    const segments = removable(retained, coveredOnly);
    const [first] = segments;
    if (first !== undefined && deliveredBelow !== Infinity && first.endOffset <= deliveredBelow) {
      delivered = older(delivered, { retained, segment: first, thins: false });
    }
    if (settings.diskPolicy === "reject") continue;
    const ofClass = classes.get(settings.priority) ?? { bytes: 0, oldest: null };
    classes.set(settings.priority, ofClass);
    ofClass.bytes += retained.log.bytes;
    if (first === undefined) continue;
    const thins = settings.diskPolicy === "keep_errors" && !ledgerFull
      ? nextToThin(retained, thinsFirst ? floorBytes : Infinity)
      : undefined;
    const mayThin = thins !== undefined &&
      segments.some(({ baseOffset }) => baseOffset === thins.baseOffset);
    const waits = thins !== undefined && !mayThin && thinsFirst;
    const segment = mayThin || waits ? thins : first;
    ofClass.oldest = older(ofClass.oldest, { retained, segment, thins: mayThin, waits });
  }
  if (delivered !== null) return evictionOf(delivered, []);
  return chooseByPriority(classes, floorBytes);
}

/** Of a topic that keeps errors; the active segment, once it holds enough to be worth closing. */
function nextToThin({ log }: RetainedLog, activeBytes: number): SegmentInfo | undefined {
  return log.segments().find(({ thinned, endOffset, bytes }, at, { length }) =>
    thinned !== true && endOffset > log.logStartOffset && (at < length - 1 || bytes > activeBytes)
  );
}

function chooseByPriority(
  classes: ReadonlyMap<number, PriorityClass>,
  floorBytes: number,
): Eviction | null {
  const ranks = [...classes].sort(([a], [b]) => a - b);
  const above = ranks.filter(([, { bytes }]) => bytes > floorBytes);
  // Somebody has more than the floor, but nothing of it can go yet.
  const chosen = (above.length > 0 ? above : ranks).find(([, { oldest }]) => oldest !== null);
  if (chosen === undefined || chosen[1].oldest!.waits === true) return null;
  const spared = ranks.filter(([priority, { bytes, oldest }]) =>
    priority < chosen[0] && bytes <= floorBytes && oldest !== null
  );
  return evictionOf(chosen[1].oldest!, spared.map(([priority]) => priority));
}

function evictionOf(
  { retained, segment, thins }: Candidate,
  spared: readonly number[],
): Eviction {
  const { endOffset: logStart, bytes } = segment;
  return { retained, logStart, bytes, thins: thins ? segment : null, spared };
}

/**
 * Logs whose active segment may go for space once it is closed, oldest first: what to do when
 * nothing else may go. Quiet topics without end can hold a disk in their active segments.
 */
export function closable<Retained extends RetainedLog>(logs: Iterable<Retained>): Retained[] {
  return Array.from(logs, (retained) => ({ retained, segment: retained.log.segments().at(-1) }))
    .filter(({ retained: { deliveredBelow, settings }, segment }) =>
      segment !== undefined && segment.bytes > 0 &&
      (settings.diskPolicy !== "reject" ||
        deliveredBelow !== Infinity && segment.endOffset <= deliveredBelow)
    )
    .sort((a, b) => a.segment!.receivedMs - b.segment!.receivedMs)
    .map(({ retained }) => retained);
}

/** Whether the active segment is to be closed, because all in it is older than the topic keeps. */
export function activeIsOver(
  { log, settings, deliveredBelow }: RetainedLog,
  ageMs: number,
): boolean {
  const active = log.segments().at(-1);
  if (active === undefined || active.bytes === 0 || settings.retentionMs < 0) return false;
  if (settings.retainUndelivered && active.endOffset > deliveredBelow) return false;
  return ageMs - active.receivedMs > settings.retentionMs;
}

interface Candidate {
  readonly retained: RetainedLog;
  readonly segment: SegmentInfo;
  /** Only its records below the topic's severity would go. */
  readonly thins: boolean;
  /** It cannot go yet, and nothing newer is to go in its place. */
  readonly waits?: boolean;
}

/** All topics of one priority. */
interface PriorityClass {
  bytes: number;
  oldest: Candidate | null;
}

function older(a: Candidate | null, b: Candidate): Candidate {
  return a !== null && a.segment.receivedMs <= b.segment.receivedMs ? a : b;
}
