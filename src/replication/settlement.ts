/**
 * What the upstream holds and the root of the chain does not yet; and at a relay, what lies elsewhere
 * and comes to the root another way: those below wait for it. A link with data hears of it with
 * every answer; an idle one asks, soon at first, then ever more seldom, for as long as nothing changes.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { REPLICATION_SETTLED_ASK_MS } from "../base/limits.ts";
import { REPLICATION_ANNOUNCE_LOGS_MAX, REPLICATION_PROBE_MS } from "../base/link_limits.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";
import type { LogCursor } from "./log_cursor.ts";

/** What is asked of a lane. */
export interface SettlingLane {
  cursors(): Iterable<LogCursor>;
  announcementOf(cursor: LogCursor): LogAnnouncement;
}

export interface SettlementQuestion<Lane extends SettlingLane> {
  readonly lane: Lane;
  readonly cursor: LogCursor;
  readonly announcement: LogAnnouncement;
}

export class Settlement<Lane extends SettlingLane> {
  readonly #clock: Clock;
  /** Lanes with logs that are not settled as far as they are held. */
  readonly #open = new Set<Lane>();
  #askMs = REPLICATION_SETTLED_ASK_MS;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When it is time to ask, on the monotonic clock; infinity when all is settled. */
  get dueMs(): number {
    return this.#open.size === 0 ? Number.POSITIVE_INFINITY : this.#dueMs;
  }

  /** What is held or settled of a lane's logs may have changed. */
  noted(lane: Lane): void {
    if (!isOpen(lane)) {
      this.#open.delete(lane);
      return;
    }
    this.#open.add(lane);
    this.#askMs = REPLICATION_SETTLED_ASK_MS;
    this.#dueMs = this.#clock.monotonicMs() + this.#askMs;
  }

  /** The logs to ask about now. */
  questions(): SettlementQuestion<Lane>[] {
    const questions: SettlementQuestion<Lane>[] = [];
    for (const lane of this.#open) {
      for (const cursor of lane.cursors()) {
        if (!cursor.unsettled) continue;
        questions.push({ lane, cursor, announcement: lane.announcementOf(cursor) });
        if (questions.length === REPLICATION_ANNOUNCE_LOGS_MAX) return questions;
      }
    }
    return questions;
  }

  /** Takes the answers. @returns lanes of which something was settled */
  answered(
    questions: readonly SettlementQuestion<Lane>[],
    standings: readonly LogStanding[],
  ): ReadonlySet<Lane> {
    const moved = new Set<Lane>();
    const byLog = new Map(standings.map((standing) => [standing.logId, standing]));
    for (const { lane, cursor } of questions) {
      const before = cursor.settled;
      const standing = byLog.get(cursor.logId);
      if (standing !== undefined) cursor.raise(standing);
      if (cursor.settled > before) moved.add(lane);
      // Those asked go to the end, where there are more than one request can name.
      if (this.#open.delete(lane) && isOpen(lane)) this.#open.add(lane);
    }
    this.#askMs = moved.size > 0
      ? REPLICATION_SETTLED_ASK_MS
      : Math.min(REPLICATION_PROBE_MS, 2 * this.#askMs);
    this.#dueMs = this.#clock.monotonicMs() + this.#askMs;
    return moved;
  }
}

function isOpen(lane: SettlingLane): boolean {
  for (const cursor of lane.cursors()) if (cursor.unsettled) return true;
  return false;
}
