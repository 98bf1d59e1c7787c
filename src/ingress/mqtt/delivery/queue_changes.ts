/**
 * What changed of a queue since it was last written down. Nothing is gathered for a session that
 * ends with its connection; so that it costs nothing, all is made with the first change.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { OutboundState, QueueChange, QueueState } from "./queue_book.ts";
import { SentRun } from "./sent_run.ts";
import type { PartitionKey, Subscription } from "./subscription.ts";

/** Not an offset: whatever it is now, it has to be written. */
const UNKNOWN = -1;

export class QueueChanges {
  #subscriptions: Map<string, Subscription | null> | null = null;
  #outbound: Map<number, OutboundState | SentRun | null> | null = null;
  /** What is written down, or may be. */
  #written: Set<number> | null = null;
  /** As they were last written. */
  #cursors: Map<PartitionKey, Offset> | null = null;

  constructor(saved?: Pick<QueueState, "cursors" | "outbound">) {
    if (saved === undefined) return;
    this.#cursors = new Map(saved.cursors);
    this.#written = new Set(saved.outbound.map(({ packetId }) => packetId));
  }

  get any(): boolean {
    return (this.#subscriptions?.size ?? 0) > 0 || (this.#outbound?.size ?? 0) > 0;
  }

  /** Whether a cursor is so many records beyond what was last written of it. */
  isFarBeyond(cursors: ReadonlyMap<PartitionKey, Offset>, records: number): boolean {
    for (const [partition, next] of cursors) {
      if (next - (this.#cursors?.get(partition) ?? 0) >= records) return true;
    }
    return false;
  }

  subscription(filter: string, subscription: Subscription | null): void {
    (this.#subscriptions ??= new Map()).set(filter, subscription);
  }

  outbound(packetId: number, state: OutboundState | SentRun | null): void {
    // Anew under the same identifier: behind those that were sent before it.
    this.#outbound?.delete(packetId);
    // Sent and acknowledged in between: nobody has to know.
    if (state === null && !this.#written?.has(packetId)) return;
    (this.#outbound ??= new Map()).set(packetId, state);
  }

  /** It could not be written: it comes with the next, below what changed since. */
  putBack({ subscriptions, outbound, cursors }: QueueChange): void {
    this.#subscriptions = new Map([...subscriptions ?? [], ...this.#subscriptions ?? []]);
    const later = this.#outbound;
    this.#outbound = new Map(outbound);
    const written = this.#written ??= new Set();
    for (const packetId of outbound?.keys() ?? []) written.add(packetId);
    for (const [packetId, state] of later ?? []) this.outbound(packetId, state);
    const known = this.#cursors ??= new Map();
    for (const partition of cursors?.keys() ?? []) known.set(partition, UNKNOWN);
  }

  /** All of it, with the cursors as they are now; they count as written. Null: there is nothing. */
  take(cursors: ReadonlyMap<PartitionKey, Offset>): QueueChange | null {
    const moved = this.#moved(cursors);
    if (!this.any && moved.size === 0) return null;
    const written = this.#written ??= new Set();
    const outbound = new Map<number, OutboundState | null>();
    for (const [packetId, state] of this.#outbound ?? []) {
      if (state === null) written.delete(packetId);
      else written.add(packetId);
      outbound.set(packetId, state instanceof SentRun ? state.state(packetId) : state);
    }
    const change: QueueChange = {
      subscriptions: this.#subscriptions ?? new Map(),
      outbound,
      cursors: moved,
    };
    this.#subscriptions = null;
    this.#outbound = null;
    return change;
  }

  #moved(cursors: ReadonlyMap<PartitionKey, Offset>): Map<PartitionKey, Offset | null> {
    const moved = new Map<PartitionKey, Offset | null>();
    const known = this.#cursors ??= new Map();
    for (const [partition, next] of cursors) {
      if (known.get(partition) === next) continue;
      moved.set(partition, next);
      known.set(partition, next);
    }
    for (const partition of known.keys()) {
      if (cursors.has(partition)) continue;
      moved.set(partition, null);
      known.delete(partition);
    }
    return moved;
  }
}
