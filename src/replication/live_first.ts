/**
 * When live records go ahead of a backlog. Pure.
 *
 *     held ───── backlog ─────┃ opening ── live ── high watermark
 *
 * A partition that would keep its newest records waiting is split at its high watermark: what comes
 * from then on is live, and what is before is backlog, which takes what the live records leave of
 * the link. Should the live stream itself fall behind (a second outage), it opens anew, and what it
 * leaves is backlog too. Each opening costs the receiver an island until the backlog has come there,
 * so there are only so many, with some time between them; at the bound it goes on where it is.
 *
 * @module
 */
import { ISLANDS_MAX } from "../base/limits.ts";
import {
  LIVE_BACKLOG_BYTES_MIN,
  LIVE_BACKLOG_MS,
  LIVE_OPENING_INTERVAL_MS,
} from "../base/link_limits.ts";
import type { Offset } from "../base/types.ts";
import type { SegmentInfo } from "../store/books.ts";
import type { LaneLog } from "./lane.ts";
import type { Stream } from "./stream.ts";

export interface LinkFacts {
  readonly nowMs: number;
  /** What the link delivers; 0 while nothing is known. */
  readonly bytesPerSecond: number;
  /** The receiver speaks a version that knows islands. */
  readonly islands: boolean;
}

export interface SplitFacts {
  readonly log: Pick<LaneLog, "segments" | "settings" | "highWatermark">;
  readonly backlog: Pick<Stream, "cursor">;
  readonly live: Pick<Stream, "cursor"> | null;
  readonly liveSinceMs: number;
  /** Records of this node stand among those of others: their order is told by gaps. */
  readonly mixed: boolean;
  /** Islands the receiver has of the log with the most. */
  readonly islands: () => number;
}

export function splitOf(facts: SplitFacts, link: LinkFacts): "open" | "end" | "as_it_is" {
  const { log, backlog, live, liveSinceMs, mixed, islands } = facts;
  if (log.settings.replicationOrder !== "live_first" || !link.islands || mixed) {
    return live === null ? "as_it_is" : "end";
  }
  if (!isBehind(log, (live ?? backlog).cursor, link)) return "as_it_is";
  if (link.nowMs - liveSinceMs < LIVE_OPENING_INTERVAL_MS) return "as_it_is";
  return islands() < ISLANDS_MAX ? "open" : "as_it_is";
}

/** Whether what is not sent would keep the newest records waiting. */
export function isBehind(
  log: SplitFacts["log"],
  cursor: Offset,
  { bytesPerSecond }: Pick<LinkFacts, "bytesPerSecond">,
): boolean {
  if (cursor >= log.highWatermark) return false;
  const bytesMax = Math.max(LIVE_BACKLOG_BYTES_MIN, bytesPerSecond * LIVE_BACKLOG_MS / 1_000);
  return bytesBetween(log.segments(), cursor, log.highWatermark) > bytesMax;
}

/** Bytes on disk of the offsets [from, to), as far as segments tell. */
export function bytesBetween(
  segments: readonly SegmentInfo[],
  from: Offset,
  to: Offset,
): number {
  let bytes = 0;
  for (let at = segments.length - 1; at >= 0; at--) {
    const segment = segments[at]!;
    const { baseOffset, endOffset } = segment;
    if (endOffset <= from) break;
    const offsets = Math.min(to, endOffset) - Math.max(from, baseOffset);
    if (offsets > 0) bytes += segment.bytes * offsets / (endOffset - baseOffset);
  }
  return bytes;
}
