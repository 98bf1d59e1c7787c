/**
 * Records as they are read, one after the other, with where one stands.
 *
 * @module
 */
import type { Gap } from "./gap.ts";
import type { LogRecord } from "./log_record.ts";

/**
 * Where a reader stands, to go on from another time: plain JSON. A `cursor` is of a whole topic, or
 * of a read in the order of source; an `offset` is of one partition, with the leader epoch of the
 * record before it, by which a node notices that its history is another than the one that was read.
 *
 * @example Keep it as JSON
 * ```ts
 * import { Client, type Position } from "@logboom/client";
 *
 * const kept = '{"offset":1000,"epoch":3}';
 * const from = JSON.parse(kept) as Position;
 * const stream = new Client({ url: "http://localhost:8080" }).read("logs", { partition: 0, from });
 * for await (const event of stream) console.log(event.kind, JSON.stringify(stream.position));
 * ```
 */
export type Position =
  | { readonly cursor: string }
  | { readonly offset: number; readonly epoch?: number };

/** An event, and where a reader stands behind it; null where it stands at no new place. */
export interface Step {
  /** What is handed out; null where only the position moves. */
  readonly event: LogRecord | Gap | null;
  /** Where to go on from. */
  readonly position: Position | null;
}

/**
 * Records, and gaps among them, to be read by one `for await`. Leaving the loop ends what is under
 * way.
 *
 * @example Go on another day
 * ```ts
 * import { Client, type Position } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const saved = localStorage.getItem("position");
 * const from = saved === null ? "earliest" : JSON.parse(saved) as Position;
 * const stream = client.read("logs", { from, onGap: console.warn });
 * for await (const record of stream) console.log(record.text());
 * localStorage.setItem("position", JSON.stringify(stream.position));
 * ```
 */
export class LogStream<E extends LogRecord | Gap> implements AsyncIterable<E>, AsyncDisposable {
  readonly #steps: AsyncGenerator<Step, void, void>;
  readonly #stop: AbortController;
  readonly #onGap: ((gap: Gap) => void) | undefined;
  #position: Position | null = null;

  /** Made by `client.read()` and `client.tail()`. */
  constructor(
    open: (signal: AbortSignal) => AsyncGenerator<Step, void, void>,
    onGap: ((gap: Gap) => void) | undefined,
  ) {
    this.#stop = new AbortController();
    this.#steps = open(this.#stop.signal);
    this.#onGap = onGap;
  }

  /**
   * Where to go on from, with nothing missed: behind the event that was handed out last, or, where
   * the node gives no place so exact, at the beginning of its page, of which some will come again.
   * Null before anything is known.
   */
  get position(): Position | null {
    return this.#position;
  }

  /** The events; a stream is read once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    try {
      for await (const { event, position } of this.#steps) {
        this.#position = position ?? this.#position;
        if (event === null) continue;
        if (event.kind === "gap" && this.#onGap !== undefined) this.#onGap(event);
        else yield event as E;
      }
    } finally {
      await this.close();
    }
  }

  /** Ends the stream; what waits for its next event is thrown an AbortError. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#steps.return();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
