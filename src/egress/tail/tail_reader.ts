/**
 * One reader of a tail. It takes at its own pace, and is always in one of these:
 *
 *     live     the feed's pieces are its own: it knows the number of the next one
 *     behind   it reads by itself, a slice each turn, up to where the feed stands
 *     ahead    it came from further on than the feed is yet, and waits for it
 *
 * Nothing of it grows with what it has not had: while it takes nothing it is a place in the log.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { utf8 } from "../../base/bytes.ts";
import {
  TAIL_KEEP_ALIVE_MS,
  TAIL_SLICE_BYTES_MAX,
  TAIL_STALLED_MS,
} from "../../base/tail_limits.ts";
import { endEvent, keepAlive, type TailEnd } from "../../protocol/http/event_stream.ts";
import { type Piece, type PieceBudget, PieceRing } from "./piece_ring.ts";
import type { ScanTurns } from "../scan_turns.ts";
import type { FeedReader, TailFeed } from "./tail_feed.ts";
import { comparePlaces, cursorText, recordsBehind, type TailPlace } from "./tail_place.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface TailReaderOptions {
  readonly feed: TailFeed;
  readonly budget: PieceBudget;
  /** Of all who look through the log for one reader. */
  readonly turns: ScanTurns;
  readonly place: TailPlace;
  /** Bytes of records it may read at once by itself. */
  readonly sliceBytes?: () => number;
  /** What is said before anything else. */
  readonly opening: string;
  monotonicMs(): number;
  /** It is over, for whatever reason. */
  closed(reader: TailReader): void;
}

/** What a look at a reader found. */
export type Standing = "fine" | "stalled";

export class TailReader implements FeedReader {
  readonly #options: TailReaderOptions;
  readonly #feed: TailFeed;
  /** What it read by itself, but for the first piece of it, which nobody may drop: so it gets on. */
  readonly #own: PieceRing;
  #ownFirst: Piece | null = null;
  #ownNumber = 0;
  /** Said as soon as it takes something. */
  #urgent: string | null;
  #place: TailPlace;
  /** Of the feed's next piece; null while it is not live. */
  #number: number | null = null;
  #wake: (() => void) | null = null;
  #taking = false;
  #takenMs: number;
  #ending: TailEnd | null = null;
  #failure: { readonly error: unknown } | null = null;
  #closed = false;
  #turn = 0;

  constructor(options: TailReaderOptions) {
    this.#options = options;
    this.#feed = options.feed;
    this.#own = new PieceRing(options.budget);
    this.#place = options.place;
    this.#urgent = options.opening;
    this.#takenMs = options.monotonicMs();
    this.#feed.join(this);
  }

  get feed(): TailFeed {
    return this.#feed;
  }

  get isLive(): boolean {
    return this.#number !== null;
  }

  get isEnding(): boolean {
    return this.#ending !== null;
  }

  get place(): TailPlace {
    return this.#place;
  }

  /**
   * The next bytes to send; null at the end. One call at a time: that none is under way is how it is
   * seen that the reader takes nothing.
   *
   * @throws what reading throws, which is a bug where it is no trouble of the disk
   */
  async next(): Promise<Bytes | null> {
    assert(!this.#taking, "a reader takes one piece at a time");
    this.#taking = true;
    try {
      const bytes = await this.#next();
      if (bytes === null) this.close();
      return bytes;
    } finally {
      this.#taking = false;
      this.#takenMs = this.#options.monotonicMs();
    }
  }

  /** Says why, as far as that is still taken, and is over. */
  end(end: TailEnd): void {
    this.#ending ??= end;
    this.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#own.clear();
    this.#feed.leave(this);
    this.wake();
    this.#options.closed(this);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  failed(error: unknown): void {
    this.#failure = { error };
    this.wake();
  }

  /** Looked at now and then: keeps a silent line alive, and tells who takes nothing. */
  look(nowMs: number): Standing {
    const sinceMs = nowMs - this.#takenMs;
    if (this.#taking) {
      if (sinceMs >= TAIL_KEEP_ALIVE_MS && this.#urgent === null) {
        this.#urgent = keepAlive(cursorText(this.#feed.topic, this.#standsAt()));
        this.#takenMs = nowMs;
        this.wake();
      }
      return "fine";
    }
    // Whoever did not even take the opening may have gone before it was answered.
    const something = this.#urgent !== null || this.lag() > 0;
    return sinceMs >= TAIL_STALLED_MS && something ? "stalled" : "fine";
  }

  /** Records it has not had, wanted or not. */
  lag(): number {
    return recordsBehind(this.#feed.logs, this.#standsAt());
  }

  async #next(): Promise<Bytes | null> {
    while (!this.#closed) {
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#urgent !== null) return utf8(this.#takeUrgent());
      if (this.#ending !== null) return this.#ended ? null : this.#takeEnd(this.#ending);
      const bytes = this.#takeLive() ?? this.#takeOwn();
      if (bytes !== null) return bytes;
      await this.#more();
    }
    return null;
  }

  #ended = false;

  #takeEnd(end: TailEnd): Bytes {
    this.#ended = true;
    return utf8(endEvent(end));
  }

  #takeUrgent(): string {
    const urgent = this.#urgent!;
    this.#urgent = null;
    return urgent;
  }

  #takeLive(): Bytes | null {
    if (this.#number === null) return null;
    const piece = this.#feed.ring.at(this.#number);
    if (piece !== undefined) {
      this.#number += 1;
      this.#place = piece.after;
      return piece.bytes;
    }
    // What it did not take in time is gone from there: it reads that from the log.
    if (this.#number !== this.#feed.ring.next) this.#number = null;
    return null;
  }

  #takeOwn(): Bytes | null {
    if (this.#number !== null) return null;
    const piece = this.#ownFirst ?? this.#own.at(this.#ownNumber);
    if (piece === undefined) {
      // The next one was dropped, and those behind it are of no use.
      this.#own.clear();
      return null;
    }
    if (piece !== this.#ownFirst) {
      this.#own.shift();
      this.#ownNumber += 1;
    }
    this.#ownFirst = null;
    this.#place = piece.after;
    return piece.bytes;
  }

  /** Resolves when it is worth looking again. */
  async #more(): Promise<void> {
    if (this.#number !== null) {
      this.#place = this.#feed.place;
      return await this.#sleep();
    }
    switch (comparePlaces(this.#feed.logs, this.#place, this.#feed.place)) {
      case "same":
        this.#number = this.#feed.ring.next;
        return;
      case "ahead":
        return await this.#sleep();
      case "behind":
        return await this.#read();
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#feed.wait(this);
    });
  }

  async #read(): Promise<void> {
    await this.#options.turns.run(async () => {
      if (this.#closed || this.#ending !== null) return;
      const { pieces, place } = await this.#feed.readFor(this.#place, {
        turn: this.#turn++,
        bytesMax: this.#options.sliceBytes?.() ?? TAIL_SLICE_BYTES_MAX,
      });
      if (this.#closed) return;
      const [first, ...rest] = pieces;
      this.#ownFirst = first ?? null;
      this.#ownNumber = this.#own.next;
      for (const piece of rest) this.#own.push(piece);
      if (first === undefined) this.#place = place;
    });
  }

  #standsAt(): TailPlace {
    const atTip = this.#number !== null && this.#number === this.#feed.ring.next;
    return atTip ? this.#feed.place : this.#place;
  }
}
