/**
 * Retained messages on their way to one client after a SUBSCRIBE: read one by one as there is room
 * for them. They come before whatever is published meanwhile, which waits in the log. A session that
 * lasts is sent them from the first again, where its connection ended before the last.
 *
 * @module
 */
import { MQTT_RETAINED_PER_TURN_MAX } from "../../../base/mqtt_limits.ts";
import type { Message } from "./message.ts";
import type { MatchedOptions } from "./matched_options.ts";
import type { SessionQueue } from "./session_queue.ts";
import type { HeldSubscription } from "./subscription.ts";

/** Those there are when it is called. */
export type RetainedMessagesOf = () => AsyncIterable<Message> | Iterable<Message>;

interface Feed {
  readonly open: RetainedMessagesOf;
  readonly held: HeldSubscription;
  /** Null before the first is read. */
  messages: AsyncIterator<Message> | Iterator<Message> | null;
  /** Read, and there was no room for it. */
  next: Message | null;
}

export class RetainedFeed {
  readonly #queue: Pick<SessionQueue, "optionsFor" | "sendInline">;
  #feeds: Feed[] = [];

  constructor(queue: Pick<SessionQueue, "optionsFor" | "sendInline">) {
    this.#queue = queue;
  }

  get any(): boolean {
    return this.#feeds.length > 0;
  }

  /** Takes the place of one for the same filter. */
  add(open: RetainedMessagesOf, held: HeldSubscription): void {
    this.remove(held);
    this.#feeds.push({ open, held, messages: null, next: null });
  }

  /** Nothing is sent for that filter any more. */
  remove({ options: { filter } }: HeldSubscription): void {
    this.#feeds = this.#feeds.filter(({ held }) => held.options.filter !== filter);
  }

  /** The client is gone, and may come back. */
  beginAgain(): void {
    this.#feeds = this.#feeds.map(({ open, held }) => ({ open, held, messages: null, next: null }));
  }

  /** The session is over. */
  clear(): void {
    this.#feeds = [];
  }

  /** Sends what there is room for, up to a turn's worth. Returns whether there is more room. */
  async step(): Promise<boolean> {
    for (let sent = 0; sent < MQTT_RETAINED_PER_TURN_MAX; sent++) {
      const feed = this.#feeds[0];
      if (feed === undefined) return true;
      if (feed.next === null) {
        const { done, value } = await (feed.messages ??= iteratorOf(feed.open())).next();
        if (feed !== this.#feeds[0]) return true; // given up meanwhile
        if (done) {
          this.#feeds.shift();
          continue;
        }
        feed.next = value;
      }
      if (!this.#send(feed.next, feed.held)) return false;
      feed.next = null;
    }
    return true;
  }

  #send(message: Message, held: HeldSubscription): boolean {
    const how = this.#queue.optionsFor(message, [held]);
    if (how === null) return true;
    // [MQTT-3.3.1-8]: sent because of a subscription, so the flag is set.
    const retained: MatchedOptions = { ...how, retain: true };
    return this.#queue.sendInline(message, retained);
  }
}

function iteratorOf(messages: ReturnType<RetainedMessagesOf>): NonNullable<Feed["messages"]> {
  return Symbol.asyncIterator in messages
    ? messages[Symbol.asyncIterator]()
    : messages[Symbol.iterator]();
}
