/**
 * Which segments may go, and which go first. Pure: it looks at what is known of the logs and names
 * log start offsets; the evictor moves them.
 *
 * Two things no rule passes over: what both checkpoints do not cover, because recovery might have
 * to read it; and, while there is an upstream, what was not delivered, unless the topic says so.
 *
 * @module
 */
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

/** A segment to give up: all below `logStart` goes. */
export interface Eviction {
  readonly retained: RetainedLog;
  readonly logStart: Offset;
  readonly bytes: number;
}

/** Whole segments that can go at all, oldest first. The active one never does. */
function removable({ log, coveredBelow }: RetainedLog): SegmentInfo[] {
  return log.segments().slice(0, -1)
    .filter(({ endOffset }) => endOffset <= coveredBelow && endOffset > log.logStartOffset);
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
 * upstream; then the oldest of the topics that drop the oldest. Null when nothing may go.
 */
export function nextEviction(logs: Iterable<RetainedLog>): Eviction | null {
  let delivered: Candidate | null = null;
  let oldest: Candidate | null = null;
  for (const retained of logs) {
    const segment = removable(retained)[0];
    if (segment === undefined) continue;
    const candidate = { retained, segment };
    const { deliveredBelow, settings } = retained;
    if (deliveredBelow !== Infinity && segment.endOffset <= deliveredBelow) {
      delivered = older(delivered, candidate);
    } else if (settings.diskPolicy === "drop_oldest") {
      oldest = older(oldest, candidate);
    }
  }
  const chosen = delivered ?? oldest;
  if (chosen === null) return null;
  const { retained, segment } = chosen;
  return { retained, logStart: segment.endOffset, bytes: segment.bytes };
}

/**
 * Logs whose active segment may go for space once it is closed, oldest first: what to do when
 * nothing else may go. Quiet topics without end can hold a disk in their active segments.
 */
export function closable<Retained extends RetainedLog>(logs: Iterable<Retained>): Retained[] {
  return Array.from(logs, (retained) => ({ retained, segment: retained.log.segments().at(-1) }))
    .filter(({ retained: { deliveredBelow, settings }, segment }) =>
      segment !== undefined && segment.bytes > 0 &&
      (settings.diskPolicy === "drop_oldest" ||
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
}

function older(a: Candidate | null, b: Candidate): Candidate {
  return a !== null && a.segment.receivedMs <= b.segment.receivedMs ? a : b;
}
