/**
 * A chain of nodes must not run in a loop: what a node sent would come back to it. A receiver tells
 * every sender its route, node ids from itself to the root of the chain, and refuses one that stands
 * in it; a route that was learned late shows where a node's own log comes back. Either way the node
 * that closed the loop is told, and goes on without an upstream until somebody changes it.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { LogId, NodeId } from "../base/types.ts";

/** @param route from the receiver to the root; the sender stands in it */
export function looped(sender: NodeId, route: readonly NodeId[]): OperatingError {
  const way = [sender, ...route.slice(0, route.indexOf(sender) + 1)].join(" to ");
  const why = route[0] === sender
    ? "it is this node itself, or a copy of its data directory"
    : `it would run in a loop, from ${way}`;
  return new OperatingError(
    "loop_detected",
    `Cannot replicate node ${sender} to this node: ${why}; ` +
      "let it replicate to another upstream, or to none",
    { node_id: sender, route },
  );
}

export function loopedLog(logId: LogId): OperatingError {
  return new OperatingError(
    "loop_detected",
    `Cannot take log ${logId}: it is this node's own, and came back to it; ` +
      "let the sender replicate to another upstream, or to none",
    { log_id: logId },
  );
}
