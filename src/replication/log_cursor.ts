/**
 * How far one log has come: what was sent, what the receiver holds, what it ever held.
 *
 *     acknowledged   the most the receiver ever said it holds, in this run or an earlier one
 *     held           what it said last; lower than `acknowledged` only after it lost its data
 *     settled        what the root of the chain of nodes holds
 *     sent           end of what is held or under way
 *
 * All are source offsets, exclusive ends.
 *
 * @module
 */
import type { LogId, Offset } from "../base/types.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";

export class LogCursor {
  readonly announcement: Omit<LogAnnouncement, "endOffset">;
  /** Drawn by this node, so that source offsets are offsets of its partition. */
  readonly own: boolean;
  /** The receiver knows it in this session. */
  announced = false;
  acknowledged: Offset;
  held: Offset;
  settled: Offset;
  sent: Offset;

  constructor(
    announcement: Omit<LogAnnouncement, "endOffset">,
    options: { readonly own: boolean; readonly acknowledged: Offset | null },
  ) {
    const { firstOffset } = announcement;
    this.announcement = announcement;
    this.own = options.own;
    this.acknowledged = Math.max(firstOffset, options.acknowledged ?? firstOffset);
    this.held = this.settled = this.sent = firstOffset;
  }

  get logId(): LogId {
    return this.announcement.logId;
  }

  /** What the receiver once held and no longer does. */
  get regressed(): boolean {
    return this.held < this.acknowledged;
  }

  /** An answer to an append: answers may overtake each other, so it only ever raises. */
  raise(standing: LogStanding): void {
    this.held = Math.max(this.held, standing.held);
    this.settled = Math.max(this.settled, standing.settled);
    this.acknowledged = Math.max(this.acknowledged, standing.held);
    this.sent = Math.max(this.sent, this.held);
  }

  /** An answer to an announcement, with nothing under way: the receiver's word counts as it is. */
  restart(standing: LogStanding): void {
    this.announced = true;
    this.held = Math.max(this.announcement.firstOffset, standing.held);
    this.settled = Math.max(this.announcement.firstOffset, standing.settled);
    this.sent = this.held;
    this.acknowledged = Math.max(this.acknowledged, this.held);
  }
}
