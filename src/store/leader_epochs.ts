/**
 * Leader epochs of a partition: at which offset each generation of the writer began. A cursor that
 * carries an epoch and an offset past that epoch's end comes from a log that is no longer this one.
 *
 * @module
 */
import { LEADER_EPOCHS_KEPT_MAX } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { EpochStart } from "../format/checkpoint.ts";

export class LeaderEpochs {
  readonly #starts: EpochStart[];

  constructor(starts: readonly EpochStart[] = []) {
    this.#starts = [...starts];
  }

  get starts(): readonly EpochStart[] {
    return this.#starts;
  }

  get latest(): number {
    return this.#starts.at(-1)?.epoch ?? -1;
  }

  /** Notes that a batch of `epoch` begins at `offset`. An older epoch than the last tells nothing. */
  note(epoch: number, offset: Offset): void {
    if (epoch <= this.latest) return;
    this.#starts.push({ epoch, startOffset: offset });
    if (this.#starts.length > LEADER_EPOCHS_KEPT_MAX) this.#starts.shift();
  }

  /** Takes back what was noted for offsets at or above `offset`, which were never made durable. */
  truncate(offset: Offset): void {
    while (this.#starts.length > 0 && this.#starts.at(-1)!.startOffset >= offset) {
      this.#starts.pop();
    }
  }

  /** Forgets epochs that ended at or below `logStartOffset`. */
  trim(logStartOffset: Offset): void {
    while (this.#starts.length > 1 && this.#starts[1]!.startOffset <= logStartOffset) {
      this.#starts.shift();
    }
  }
}
