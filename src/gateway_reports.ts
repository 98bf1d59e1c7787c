/**
 * What the replication receiver heard of a lane, in the words of the pull side: the two rooms never
 * meet but here.
 *
 * @module
 */
import type { Lane, LaneReport } from "./egress/http/options.ts";
import type { Session } from "./replication/sessions.ts";

/** The newest word of the lane; null where no peer of that name is known in this run. */
export function laneReportOf(
  sessions: Iterable<Pick<Session, "peer" | "pending" | "lastSeenMs">>,
  { peer, topic, partition }: Lane,
): LaneReport | null {
  let report: LaneReport | null = null;
  for (const session of sessions) {
    if (session.peer !== peer) continue;
    const pendingRecords = session.pending.get(`${topic}/${partition}`);
    if (pendingRecords === undefined) continue;
    if (report === null || session.lastSeenMs >= report.lastSeenMs) {
      report = { pendingRecords, lastSeenMs: session.lastSeenMs };
    }
  }
  return report;
}
