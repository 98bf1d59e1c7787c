/**
 * What changed of a queue since it was last written down. Nothing is gathered for a session that
 * ends with its connection.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { OutboundState, QueueChange, QueueState } from "./queue_book.ts";
import type { PartitionKey, Subscription } from "./subscription.ts";

/** Not an offset: whatever it is now, it has to be written. */
const UNKNOWN = -1;

export class QueueChanges {
  #subscriptions = new Map<string, Subscription | null>();
  #outbound = new Map<number, OutboundState | null>();
  /** What is written down, or may be. */
  readonly #written: Set<number>;
  /** As they were last written. */
  readonly #cursors = new Map<PartitionKey, Offset>();

  constructor(saved?: Pick<QueueState, "cursors" | "outbound">) {
    this.#cursors = new Map(saved?.cursors);
    this.#written = new Set(saved?.outbound.map(({ packetId }) => packetId));
  }

  get any(): boolean {
    return this.#subscriptions.size > 0 || this.#outbound.size > 0;
  }

  subscription(filter: string, subscription: Subscription | null): void {
    this.#subscriptions.set(filter, subscription);
  }

  outbound(packetId: number, state: OutboundState | null): void {
    // Anew under the same identifier: behind those that were sent before it.
    this.#outbound.delete(packetId);
    // Sent and acknowledged in between: nobody has to know.
    if (state !== null || this.#written.has(packetId)) this.#outbound.set(packetId, state);
  }

  /** It could not be written: it comes with the next, below what changed since. */
  putBack({ subscriptions, outbound, cursors }: QueueChange): void {
    this.#subscriptions = new Map([...subscriptions ?? [], ...this.#subscriptions]);
    const later = this.#outbound;
    this.#outbound = new Map(outbound);
    for (const packetId of outbound?.keys() ?? []) this.#written.add(packetId);
    for (const [packetId, state] of later) this.outbound(packetId, state);
    for (const partition of cursors?.keys() ?? []) this.#cursors.set(partition, UNKNOWN);
  }

  /** All of it, with the cursors as they are now; they count as written. Null: there is nothing. */
  take(cursors: ReadonlyMap<PartitionKey, Offset>): QueueChange | null {
    const moved = new Map<PartitionKey, Offset | null>();
    for (const [partition, next] of cursors) {
      if (this.#cursors.get(partition) === next) continue;
      moved.set(partition, next);
      this.#cursors.set(partition, next);
    }
    for (const partition of this.#cursors.keys()) {
      if (cursors.has(partition)) continue;
      moved.set(partition, null);
      this.#cursors.delete(partition);
    }
    if (!this.any && moved.size === 0) return null;
    for (const [packetId, state] of this.#outbound) {
      if (state === null) this.#written.delete(packetId);
      else this.#written.add(packetId);
    }
    const change: QueueChange = {
      subscriptions: this.#subscriptions,
      outbound: this.#outbound,
      cursors: moved,
    };
    this.#subscriptions = new Map();
    this.#outbound = new Map();
    return change;
  }
}
