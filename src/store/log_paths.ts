/**
 * Who may speak for a log of another node. A log is bound to the peer that announced it first. The
 * same log may come by other paths (a gateway changed its upstream, and its old one still has some
 * of it): whoever presents the log's *path key*, a secret of the node that drew the log, is another
 * path of it. All paths of a log share one range set, so what comes by two of them counts once.
 *
 * A peer that is a path already stays one, whatever key it shows: a version 1 peer shows none, and a
 * node that lost its catalogue has drawn a new secret. Then the new key is the log's from now on.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { LOG_PATHS_MAX } from "../base/limits.ts";
import type { NodeId } from "../base/types.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import type { AnnouncedLog } from "./received_log.ts";

type Paths = Pick<AnnouncedLogRow, "peer" | "paths">;

/** Every peer that may speak for the log, the first one first. */
export function pathsOf({ peer, paths = [] }: Paths): readonly string[] {
  return [peer, ...paths];
}

export function isPath(row: Paths, peer: string): boolean {
  return row.peer === peer || (row.paths?.includes(peer) ?? false);
}

/**
 * The row of a known log after `log` was announced; the very same where that changes nothing.
 * `nodeId`: what the peer says its node is, beside the name its credential gives it.
 *
 * @throws {OperatingError} peer_mismatch when the peer is no path of the log, and shows no key
 */
export function withPath(
  row: AnnouncedLogRow,
  log: AnnouncedLog,
  nodeId: NodeId | null,
): AnnouncedLogRow {
  const known = row.pathKey ?? null;
  const shown = log.pathKey ?? null;
  if (isPath(row, log.peer)) {
    return shown === null || shown === known ? row : { ...row, pathKey: shown };
  }
  // Announced when its gateway had no credential: anyone could have claimed its node id then.
  const renamed = known === null && nodeId !== null && isPath(row, nodeId);
  if (!renamed && (known === null || shown !== known)) throw mismatch(log, known);
  const paths = [...row.paths ?? [], log.peer].slice(-(LOG_PATHS_MAX - 1));
  return { ...row, paths, pathKey: shown ?? known };
}

function mismatch({ logId, peer }: AnnouncedLog, known: string | null): OperatingError {
  const why = known === null
    ? "and it was announced without a path key: let it come by the peer it came by before, or give " +
      "this peer's credential that peer's name"
    : "and this one shows another path key";
  return new OperatingError(
    "peer_mismatch",
    `Cannot announce log ${logId} by peer ${JSON.stringify(peer)}: it belongs to another, ${why}`,
    { log_id: logId, peer },
  );
}
