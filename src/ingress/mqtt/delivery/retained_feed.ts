/**
 * Retained messages on their way to one client after a SUBSCRIBE: read one by one as there is room
 * for them. They come before whatever is published meanwhile, which waits in the log.
 *
 * @module
 */
import { MQTT_RETAINED_PER_TURN_MAX } from "../../../base/mqtt_limits.ts";
import type { Message } from "./message.ts";
import type { MatchedOptions, SessionQueue } from "./session_queue.ts";
import type { HeldSubscription } from "./subscription.ts";

interface Feed {
  readonly messages: AsyncIterator<Message> | Iterator<Message>;
  readonly held: HeldSubscription;
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

  add(messages: AsyncIterable<Message> | Iterable<Message>, held: HeldSubscription): void {
    const iterator = Symbol.asyncIterator in messages
      ? messages[Symbol.asyncIterator]()
      : messages[Symbol.iterator]();
    this.#feeds.push({ messages: iterator, held, next: null });
  }

  /** The client is gone, or subscribes anew. */
  clear(): void {
    this.#feeds = [];
  }

  /** Sends what there is room for, up to a turn's worth. Returns whether there is more room. */
  async step(): Promise<boolean> {
    for (let sent = 0; sent < MQTT_RETAINED_PER_TURN_MAX; sent++) {
      const feed = this.#feeds[0];
      if (feed === undefined) return true;
      if (feed.next === null) {
        const { done, value } = await feed.messages.next();
        if (feed !== this.#feeds[0]) return true; // cleared meanwhile
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
