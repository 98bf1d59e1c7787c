/**
 * Gaps of a partition: offsets that stay assigned and hold no readable records. In order, apart
 * from one another, each told to every reader who passes it.
 *
 * @module
 */
import type { Offset, OffsetRange } from "../base/types.ts";
import type { Gap } from "../format/checkpoint.ts";

export class GapList {
  readonly #gaps: Gap[] = [];

  constructor(gaps: readonly Gap[] = []) {
    for (const gap of gaps) this.add(gap);
  }

  get all(): readonly Gap[] {
    return this.#gaps;
  }

  /** Adds a gap, as far as it is not known. Returns whether it was new. */
  add(gap: Gap): boolean {
    if (gap.from >= gap.to) return false;
    let from = gap.from;
    let to = gap.to;
    const touching = this.#gaps.filter((other) => other.from <= to && from <= other.to);
    if (touching.some((other) => other.from <= from && to <= other.to)) return false;
    for (const other of touching) {
      from = Math.min(from, other.from);
      to = Math.max(to, other.to);
      this.#gaps.splice(this.#gaps.indexOf(other), 1);
    }
    const at = this.#gaps.findIndex((other) => other.from > from);
    this.#gaps.splice(at < 0 ? this.#gaps.length : at, 0, { from, to, reason: gap.reason });
    return true;
  }

  /** Offsets [from, to) hold readable records again. */
  remove({ from, to }: OffsetRange): void {
    const left = this.#gaps.flatMap((gap) =>
      [
        { ...gap, to: Math.min(gap.to, from) },
        { ...gap, from: Math.max(gap.from, to) },
      ].filter((part) => part.from < part.to)
    );
    this.#gaps.splice(0, this.#gaps.length);
    for (const gap of left) this.add(gap);
  }

  /** Whether all of a gap is known. */
  covers({ from, to }: Gap): boolean {
    const known = this.at(from);
    return known !== undefined && to <= known.to;
  }

  /** The gap that holds `offset`. */
  at(offset: Offset): Gap | undefined {
    return this.#gaps.find((gap) => gap.from <= offset && offset < gap.to);
  }

  /** Forgets gaps that end at or below `offset`. */
  trim(offset: Offset): void {
    while (this.#gaps.length > 0 && this.#gaps[0]!.to <= offset) this.#gaps.shift();
  }
}
