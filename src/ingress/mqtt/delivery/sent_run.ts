/**
 * Plain records of one partition that were sent one behind the other: what would be kept of each is
 * kept once, and their offsets. Most are acknowledged before anybody asks for one.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { OutboundState } from "./queue_book.ts";
import type { PartitionKey } from "./subscription.ts";

/** What all of them have in common. */
export interface SentFrom {
  readonly partition: PartitionKey;
  readonly identifiers: readonly number[];
}

export class SentRun {
  readonly firstId: number;
  readonly #from: SentFrom;
  readonly #offsets: Offset[] = [];

  constructor(from: SentFrom, firstId: number) {
    this.#from = from;
    this.firstId = firstId;
  }

  get length(): number {
    return this.#offsets.length;
  }

  /** The one under the next packet identifier. */
  add(offset: Offset): void {
    this.#offsets.push(offset);
  }

  /** As if it had been sent by itself. */
  state(packetId: number): OutboundState {
    const { partition, identifiers } = this.#from;
    return {
      packetId,
      ...{ qos: 1, released: false, retain: false, identifiers, group: null },
      source: { partition, offset: this.#offsets[packetId - this.firstId]! },
    };
  }
}
