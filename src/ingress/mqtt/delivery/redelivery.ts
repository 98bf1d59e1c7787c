/**
 * What a queue had in flight when its client left: sent again on the next connection, in the order
 * it was sent first, before anything new [MQTT-4.4.0-1]. A message is read from the log again, for
 * nothing but its place is kept.
 *
 * @module
 */
import { isOperatingError } from "../../../base/errors.ts";
import type { BatchCache, DeliveryLog } from "./batch_cache.ts";
import { Message } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { Outgoing } from "./outgoing.ts";
import type { OutboundState } from "./queue_book.ts";
import { topicOfRecord } from "./topic_of_record.ts";

export interface RedeliveryServices {
  readonly cache: BatchCache;
  logOf(partition: string): DeliveryLog | undefined;
  keyIsTopic(log: DeliveryLog): boolean;
}

export class Redelivery {
  readonly #outbox: Outbox;
  readonly #services: RedeliveryServices;
  /** A record was gone before it could be sent again. */
  readonly #missed: (log: DeliveryLog) => void;
  #left: OutboundState[] = [];
  #sent = 0;

  constructor(outbox: Outbox, services: RedeliveryServices, missed: (log: DeliveryLog) => void) {
    this.#outbox = outbox;
    this.#services = services;
    this.#missed = missed;
  }

  /** Whether something is still to be sent again. */
  get any(): boolean {
    return this.#left.length > 0;
  }

  /** A new connection. */
  begin(): void {
    this.#left = [...this.#outbox.window.all()];
    this.#sent = 0;
  }

  /** Sends what there is room for. Returns whether that was all. */
  async step(): Promise<boolean> {
    const { subscriber } = this.#outbox;
    while (this.#left.length > 0 && this.#outbox.isOpen) {
      const state = this.#left[0]!;
      // Acknowledged on this connection already, or by one that was quicker than we.
      if (this.#outbox.window.get(state.packetId) !== state) {
        this.#left.shift();
        continue;
      }
      if (!state.released && this.#unacknowledged >= this.#outbox.inFlightMax) return false;
      const outgoing = state.released ? null : await this.#read(state);
      if (this.#outbox.subscriber !== subscriber || this.#left[0] !== state) return true;
      this.#left.shift();
      this.#sent += 1;
      if (outgoing === undefined) this.#outbox.giveUp(state.packetId);
      else this.#outbox.sendAgain(state, outgoing);
    }
    return this.#left.length === 0;
  }

  /** Of those that were sent again, how many wait for an answer: at the most. */
  get #unacknowledged(): number {
    return this.#outbox.window.size - this.#left.length;
  }

  /** Undefined where it is gone. */
  async #read({ source }: OutboundState): Promise<Outgoing | undefined> {
    if ("record" in source) {
      return new Outgoing(new Message(source.topicName, source.record), source);
    }
    const log = this.#services.logOf(source.partition);
    if (log === undefined) return undefined;
    try {
      const page = await this.#services.cache.read(log, source.offset);
      const batch = page.batches
        .find(({ baseOffset, nextOffset }) =>
          source.offset >= baseOffset && source.offset < nextOffset
        );
      if (batch !== undefined && source.offset - batch.baseOffset < batch.count) {
        const nth = source.offset - batch.baseOffset;
        const name = topicOfRecord(batch, nth, this.#services.keyIsTopic(log));
        if (name !== null) return new Outgoing(new Message(name, batch.record(nth)), source);
      }
    } catch (error) {
      if (!isOperatingError(error, "offset_out_of_range")) throw error;
    }
    this.#missed(log);
    return undefined;
  }
}
