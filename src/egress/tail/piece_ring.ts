/**
 * Events that wait to be taken, in pieces, oldest first. All rings share one budget: where it is
 * exceeded the piece that is oldest of all goes, whosever it is, and is made again when it is needed.
 *
 * @module
 */
import type { TailPlace } from "./tail_place.ts";

export interface Piece {
  /** Shared by all who are sent them: never changed, never transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where a reader stands behind it. */
  readonly after: TailPlace;
}

export class PieceBudget {
  readonly #bytesMax: number;
  /** Oldest first. */
  readonly #pieces = new Map<Piece, PieceRing>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  added(piece: Piece, ring: PieceRing): void {
    this.#pieces.set(piece, ring);
    this.#bytes += piece.bytes.length;
    for (const [oldest, its] of this.#pieces) {
      // The newest stays, however large: somebody is about to take it.
      if (this.#bytes <= this.#bytesMax || oldest === piece) return;
      its.dropOldest();
    }
  }

  removed(piece: Piece): void {
    if (this.#pieces.delete(piece)) this.#bytes -= piece.bytes.length;
  }
}

export class PieceRing {
  readonly #budget: PieceBudget;
  readonly #bytesMax: number;
  #pieces: Piece[] = [];
  #head = 0;
  #bytes = 0;
  /** Number of the next piece to come. */
  #next = 0;

  constructor(budget: PieceBudget, bytesMax = Infinity) {
    this.#budget = budget;
    this.#bytesMax = bytesMax;
  }

  /** The number that the next piece takes. */
  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The piece of that number; undefined where it is gone, or has not come. */
  at(number: number): Piece | undefined {
    const oldest = this.#next - (this.#pieces.length - this.#head);
    return number < oldest ? undefined : this.#pieces[this.#head + number - oldest];
  }

  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#next += 1;
    this.#bytes += piece.bytes.length;
    this.#budget.added(piece, this);
    while (this.#bytes > this.#bytesMax && this.#pieces.length - this.#head > 1) this.dropOldest();
  }

  /** Takes the oldest piece out; undefined where there is none. */
  shift(): Piece | undefined {
    const oldest = this.#pieces[this.#head];
    if (oldest !== undefined) this.dropOldest();
    return oldest;
  }

  dropOldest(): void {
    const oldest = this.#pieces[this.#head];
    if (oldest === undefined) return;
    this.#head += 1;
    this.#bytes -= oldest.bytes.length;
    this.#budget.removed(oldest);
    if (this.#head < 64 && this.#head < this.#pieces.length) return;
    this.#pieces = this.#pieces.slice(this.#head);
    this.#head = 0;
  }

  /** Drops all, and one number, which whoever waits for the next piece thus finds gone. */
  skip(): void {
    this.clear();
    this.#next += 1;
  }

  clear(): void {
    while (this.#pieces.length > this.#head) this.dropOldest();
  }
}
