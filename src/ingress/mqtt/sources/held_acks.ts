/**
 * Acknowledgements to a broker that are held back until what they acknowledge is durable, and leave
 * in the order the messages came [MQTT-4.6.0-2, -3]. An acknowledgement needs both: the client that
 * wants to send it, and the commit; they may come in any order.
 *
 * @module
 */
import { assert } from "../../../base/assert.ts";

interface Held {
  readonly messageId: number;
  stored: boolean;
  /** Writes the acknowledgement; null until the client wants to. */
  send: (() => void) | null;
}

export class HeldAcks {
  /** In the order the messages came. */
  #queue: Held[] = [];

  /** Messages that are not acknowledged yet. */
  get size(): number {
    return this.#queue.length;
  }

  /** A message came; the returned function says that it is durable. */
  expect(messageId: number): () => void {
    const held: Held = { messageId, stored: false, send: null };
    this.#queue.push(held);
    return () => {
      held.stored = true;
      this.#release();
    };
  }

  /** The client wants to acknowledge; false where that message is not waited for. */
  hold(messageId: number, send: () => void): boolean {
    const held = this.#queue.find((one) => one.messageId === messageId && one.send === null);
    if (held === undefined) return false;
    held.send = send;
    this.#release();
    return true;
  }

  /** The connection is gone: what was held back would mean nothing to the next one. */
  clear(): void {
    this.#queue = [];
  }

  #release(): void {
    while (this.#queue.length > 0) {
      const { stored, send } = this.#queue[0]!;
      if (!stored || send === null) return;
      assert(this.#queue.shift()!.send === send, "the oldest leaves first");
      send();
    }
  }
}
