/**
 * Whether two nodes hold the same batches, without listing them: a sum over each batch's offset and
 * checksum that does not depend on their order, for each log and each stretch of its offsets.
 *
 * @module
 */
import type { LogId } from "../../base/types.ts";
import type { BatchHeader } from "../../format/record_batch.ts";

/** Offsets of a log that share a sum: so that a difference can be told to the stretch. */
const STRETCH = 65_536;

type Sums = Map<number, readonly [low: number, high: number]>;

export class BatchDigest {
  readonly #logs = new Map<LogId, Sums>();

  add({ logId, sourceOffset, baseOffset, lastOffset, crc }: BatchHeader): void {
    const sums: Sums = this.#logs.get(logId) ?? new Map();
    this.#logs.set(logId, sums);
    const stretch = Math.floor(sourceOffset / STRETCH);
    const [low, high] = sums.get(stretch) ?? [0, 0];
    const place = mixed(sourceOffset >>> 0, lastOffset - baseOffset);
    sums.set(stretch, [(low + mixed(crc, place)) >>> 0, (high + mixed(place, ~crc)) >>> 0]);
  }

  /** Null where neither has any batch of the log. */
  agrees(other: BatchDigest, logId: LogId): boolean | null {
    const [mine, theirs] = [this.#logs.get(logId), other.#logs.get(logId)];
    if (mine === undefined && theirs === undefined) return null;
    if (mine?.size !== theirs?.size) return false;
    for (const [stretch, [low, high]] of mine!) {
      const sums = theirs!.get(stretch);
      if (sums?.[0] !== low || sums[1] !== high) return false;
    }
    return true;
  }
}

/** Two numbers to one that depends on every bit of both (the finisher of MurmurHash3). */
function mixed(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0xcc9e2d51), 0x1b873593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
