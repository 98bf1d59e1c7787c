/**
 * How far a partition is settled in which logs of several nodes stand, when nothing tells where a
 * log's settled offset stands among them. A mark is set where the partition is held now, with what is
 * held of each log; once the root has that much of every one, all below the mark is settled, and the
 * next is set. So it comes on in strides, under a stream of records that never ends too.
 *
 * @module
 */
import type { LogId, Offset } from "../base/types.ts";
import type { LogCursor } from "./log_cursor.ts";

type Cursor = Pick<LogCursor, "logId" | "held" | "islands" | "settled">;

interface Mark {
  readonly at: Offset;
  readonly helds: ReadonlyMap<LogId, Offset>;
}

export class SettledMark {
  #settled = 0;
  #mark: Mark | null = null;

  /** Offsets of the partition below it are settled; `forwarded`: those below it are held. */
  below(forwarded: Offset, cursors: Iterable<Cursor>): Offset {
    // The receiver lost something: what was noted of it is void.
    if (this.#mark !== null && forwarded < this.#mark.at) this.#mark = null;
    this.#settled = Math.min(this.#settled, forwarded);
    const open = new Map<LogId, Cursor>();
    for (const cursor of cursors) {
      if (cursor.settled < heldEnd(cursor)) open.set(cursor.logId, cursor);
    }
    if (open.size === 0) {
      this.#mark = null;
      return this.#settled = forwarded;
    }
    if (this.#mark !== null) {
      const isReached = [...this.#mark.helds].every(([logId, held]) =>
        (open.get(logId)?.settled ?? held) >= held
      );
      if (!isReached) return this.#settled;
      this.#settled = this.#mark.at;
    }
    const helds = Array.from(open, ([logId, cursor]) => [logId, heldEnd(cursor)] as const);
    this.#mark = { at: forwarded, helds: new Map(helds) };
    return this.#settled;
  }
}

function heldEnd({ held, islands }: Cursor): Offset {
  return islands.at(-1)?.to ?? held;
}
