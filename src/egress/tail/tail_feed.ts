/**
 * The end of a topic, for all readers who want the same of it: each batch is read, decoded and
 * encoded once for all who are live. It goes as fast as the fastest of them takes; who lags further
 * than what is kept reads by himself until he is here again.
 *
 * @module
 */
import type { Timers } from "../../base/clock.ts";
import {
  TAIL_BEHIND_READ_BYTES,
  TAIL_FEED_BYTES_MAX,
  TAIL_FEED_LAG_RECORDS_MAX,
} from "../../base/tail_limits.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import type { Piece, PieceBudget } from "./piece_ring.ts";
import { PieceRing } from "./piece_ring.ts";
import {
  followedLogs,
  placeAt,
  recordsBehind,
  type TailPlace,
  type TailScope,
} from "./tail_place.ts";
import { readSlice, type Slice, type SliceOptions } from "./tail_slice.ts";

/** What readers of one feed have in common. */
export type FeedOptions = Pick<SliceOptions, "core" | "inflate" | "filter" | "sourceOf" | "losses">;

/** A reader, as its feed sees it. */
export interface FeedReader {
  readonly isLive: boolean;
  /** There may be something for it. */
  wake(): void;
  /** The feed cannot go on. */
  failed(error: unknown): void;
}

export class TailFeed {
  readonly readers = new Set<FeedReader>();
  readonly ring: PieceRing;
  readonly #timers: Timers;
  readonly #options: FeedOptions;
  readonly #waiting = new Set<FeedReader>();
  #scope: TailScope;
  #logs: readonly PartitionLog[];
  #place: TailPlace;
  #reading = false;
  #turn = 0;

  constructor(
    scope: TailScope,
    options: FeedOptions & { readonly timers: Timers; readonly budget: PieceBudget },
  ) {
    this.#scope = scope;
    this.#logs = followedLogs(scope);
    this.#options = options;
    this.#timers = options.timers;
    this.ring = new PieceRing(options.budget, TAIL_FEED_BYTES_MAX);
    this.#place = placeAt(scope, "latest");
  }

  get topic(): Topic {
    return this.#scope.topic;
  }

  get logs(): readonly PartitionLog[] {
    return this.#logs;
  }

  /** Behind the last piece, and what was passed since. */
  get place(): TailPlace {
    return this.#place;
  }

  /** A reader who comes from the end is not kept waiting for one who is slow. */
  join(reader: FeedReader): void {
    this.readers.add(reader);
    const lag = recordsBehind(this.#logs, this.#place);
    const led = [...this.readers].some(({ isLive }) => isLive);
    if (lag > (led ? TAIL_FEED_LAG_RECORDS_MAX : 0)) this.#skipToEnd();
  }

  leave(reader: FeedReader): void {
    this.readers.delete(reader);
    this.#waiting.delete(reader);
    if (this.readers.size === 0) this.ring.clear();
  }

  /** Wakes `reader` once there is more: that it waits is what makes the feed go on. */
  wait(reader: FeedReader): void {
    this.#waiting.add(reader);
    this.advance();
  }

  /** Something may have been committed. */
  advance(): void {
    if (this.#reading || this.#waiting.size === 0) return;
    if (recordsBehind(this.#logs, this.#place) === 0) return;
    this.#reading = true;
    // Behind the sockets that are ready: all who are live take what there is first.
    this.#timers.soon(() => void this.#read());
  }

  /** Reads the same for one who is not here yet, from where he is. */
  readFor(place: TailPlace, more: Pick<SliceOptions, "turn" | "bytesMax">): Promise<Slice> {
    return readSlice(place, {
      ...{ ...this.#options, ...more },
      scope: this.#scope,
      upTo: this.#place,
      readBytes: TAIL_BEHIND_READ_BYTES,
    });
  }

  /** Partitions were added: they are followed from their start. */
  grow(topic: Topic): void {
    this.#scope = { ...this.#scope, topic };
    this.#logs = followedLogs(this.#scope);
    this.advance();
  }

  async #read(): Promise<void> {
    const from = this.#place;
    try {
      const slice = await readSlice(from, {
        ...this.#options,
        scope: this.#scope,
        turn: this.#turn++,
      });
      // It may have been sent to the end meanwhile.
      if (this.#place === from) this.#moved(slice.place, slice.pieces);
    } catch (error) {
      for (const reader of this.#waiting) reader.failed(error);
      this.#waiting.clear();
    } finally {
      this.#reading = false;
    }
    this.advance();
  }

  #moved(place: TailPlace, pieces: readonly Piece[]): void {
    this.#place = place;
    for (const piece of pieces) this.ring.push(piece);
    for (const reader of this.#waiting) {
      // Where nothing was wanted of it, only who was elsewhere has to look where it stands now.
      if (pieces.length === 0 && reader.isLive) continue;
      this.#waiting.delete(reader);
      reader.wake();
    }
  }

  #skipToEnd(): void {
    this.ring.skip();
    this.#moved(placeAt(this.#scope, "latest"), []);
    for (const reader of this.#waiting) reader.wake();
    this.#waiting.clear();
  }
}
