/**
 * Where the logs of other nodes end at those that send them, which tells what is still to come. In
 * memory only: who comes back announces its logs.
 *
 * @module
 */
import type { LogId, Offset } from "../base/types.ts";
import type { LogPlace } from "../protocol/replication/append_frames.ts";
import type { PeerName } from "./sessions.ts";

interface LogEnd {
  readonly offset: Offset;
  /** Who said so. */
  readonly peer: PeerName;
}

export class LogEnds {
  /** One at most for each log that the books know. */
  readonly #ends = new Map<LogId, LogEnd>();

  /** Exclusive; null where nobody said so in this run. */
  of(logId: LogId): Offset | null {
    return this.#ends.get(logId)?.offset ?? null;
  }

  /** A log ends there at `peer`, at least: requests overtake each other, and paths fall behind. */
  told(peer: PeerName, { logId, offset }: LogPlace): void {
    const known = this.#ends.get(logId);
    if (known === undefined || offset > known.offset) this.#ends.set(logId, { offset, peer });
  }

  /** As {@linkcode told}; but whoever said more before has lost what it had. */
  announced(peer: PeerName, { logId, offset }: LogPlace): void {
    if (this.#ends.get(logId)?.peer === peer) this.#ends.delete(logId);
    this.told(peer, { logId, offset });
  }
}
