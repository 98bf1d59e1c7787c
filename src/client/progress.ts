/**
 * How far a consumer is in each partition: what was handed out, what of it is done with, and what is
 * committed.
 *
 * @module
 */
import type { OffsetToCommit, TopicPartition } from "./membership.ts";

export class Progress {
  readonly #handed = new Map<string, OffsetToCommit>();
  readonly #done = new Map<string, OffsetToCommit>();
  readonly #committed = new Map<string, number>();

  /** Forgets everything: other partitions are read from now on. */
  restart(): void {
    for (const map of [this.#handed, this.#done, this.#committed]) map.clear();
  }

  /** Something was handed out, behind which it stands so. */
  hand(offset: OffsetToCommit): void {
    this.#handed.set(nameOf(offset), offset);
  }

  /** All that was handed out is done with. */
  done(): void {
    for (const [name, offset] of this.#handed) this.#done.set(name, offset);
  }

  /** Behind all that was handed out. */
  handed(): OffsetToCommit[] {
    return this.#fresh(this.#handed);
  }

  /** Behind all that is done with. */
  toCommit(): OffsetToCommit[] {
    return this.#fresh(this.#done);
  }

  committed(offsets: readonly OffsetToCommit[]): void {
    for (const offset of offsets) this.#committed.set(nameOf(offset), offset.offset);
  }

  #fresh(offsets: ReadonlyMap<string, OffsetToCommit>): OffsetToCommit[] {
    return [...offsets].filter(([name, { offset }]) => this.#committed.get(name) !== offset)
      .map(([, offset]) => offset);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
