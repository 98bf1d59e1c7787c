/**
 * Whose batches are whose, and what has to be true before a commit writes any: over the books.
 *
 * @module
 */
import type { IdentityHook, PartitionName } from "./books.ts";
import type { LogRegistry } from "./log_registry.ts";
import type { ReceivedRanges } from "./received_ranges.ts";
import type { Space } from "./space.ts";

/** Asked once they are there. */
export interface IdentityBooks {
  readonly logs: LogRegistry;
  readonly ranges: ReceivedRanges;
  readonly space: Space;
}

export function identityOf(books: IdentityBooks): IdentityHook {
  const registeredWithRoom = async (log: PartitionName, room: Promise<void>) => {
    await room;
    await books.logs.registered(log);
  };
  return {
    current: (log, logEndOffset) => books.logs.current(log, logEndOffset),
    // A commit waits here for whatever must be true before its records are written.
    registered: (log, bytes) => {
      const room = books.space.roomFor(log.topic, bytes);
      return room === null ? books.logs.registered(log) : registeredWithRoom(log, room);
    },
    isOwn: (log, logId) => books.logs.isOwn(log, logId),
    isReceived: (_log, logId) => books.ranges.has(logId),
  };
}
