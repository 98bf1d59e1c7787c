/**
 * One reading of a partition on its way upstream. A lane has one, in strict order; while live
 * records go ahead of a backlog it has two, and the backlog's ends where the live one began.
 *
 *     ── done ──── loads under way ──── cursor ──── not read ──── until
 *
 * @module
 */
import { ISLANDS_MAX } from "../base/limits.ts";
import type { Offset, OffsetRange } from "../base/types.ts";
import type { Load } from "./load.ts";
import type { LogCursor } from "./log_cursor.ts";

export class Stream {
  /** Offsets of the partition where it began. */
  readonly start: Offset;
  /** Where to read next. */
  cursor: Offset;
  /** Where it ends, exclusive. */
  until: Offset = Number.POSITIVE_INFINITY;
  /** Offsets from the start to here are held by the receiver, or accounted for. */
  done: Offset;
  /** What it sent ahead of the rest: where each piece began for the receiver, and ends by now. */
  readonly #pieces = new Map<LogCursor, { readonly opening: Offset; end: Offset }[]>();
  /** The first batch passed over because the receiver cannot take it yet. */
  again: Offset = Number.POSITIVE_INFINITY;
  /** Something was sent since that was looked for last. */
  #cameOn = false;
  #loads: Load[] = [];

  constructor(start: Offset, done = start) {
    this.start = start;
    this.done = this.cursor = done;
  }

  /**
   * Where the island begins that [from, to) goes on, or begins. It is the same for all of a piece:
   * requests may overtake each other. Of a log that came here in several streams there are several,
   * and another one begins behind each gap.
   */
  openingOf(cursor: LogCursor, { from, to }: OffsetRange): Offset {
    const pieces = this.#pieces.get(cursor) ?? [];
    const piece = pieces.find(({ end }) => end === from);
    if (piece !== undefined) {
      piece.end = to;
      return piece.opening;
    }
    const opening = cursor.openingOf(from);
    pieces.push({ opening, end: to });
    if (pieces.length > ISLANDS_MAX) pieces.shift();
    this.#pieces.set(cursor, pieces);
    return opening;
  }

  /** Whether all of it is held. */
  get over(): boolean {
    return this.done >= this.until;
  }

  /** A load was sent; or one without frames waits for what was sent otherwise. */
  push(load: Load): void {
    this.#loads.push(load);
    this.#cameOn ||= !load.empty;
    this.settle();
  }

  /** Goes back to what was passed over, where it may be taken by now. */
  goBack(): void {
    if (this.again === Number.POSITIVE_INFINITY || !this.#cameOn) return;
    this.cursor = this.again;
    this.again = Number.POSITIVE_INFINITY;
    this.#cameOn = false;
  }

  /** Moves on over what is held, in order. */
  settle(): void {
    let held = 0;
    for (; this.#loads[held]?.held === true; held++) {
      this.done = Math.max(this.done, this.#loads[held]!.to);
    }
    if (held > 0) this.#loads.splice(0, held);
  }
}
