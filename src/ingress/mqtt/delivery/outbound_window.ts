/**
 * Messages of QoS 1 and 2 that were sent and not acknowledged to the end, in the order they were
 * sent. They outlive the connection: on the next one they are sent again, in that order and under
 * the same packet identifiers [MQTT-4.4.0-1, MQTT-4.6.0-1].
 *
 *     QoS 1    PUBLISH -> PUBACK, gone
 *     QoS 2    PUBLISH -> PUBREC, released -> PUBREL -> PUBCOMP, gone
 *
 * @module
 */
import { assert } from "../../../base/assert.ts";
import type { OutboundState } from "./queue_book.ts";

const PACKET_ID_MAX = 65_535;

export class OutboundWindow {
  /** Made with the first one: thousands of clients never have any. */
  #inFlight: Map<number, OutboundState> | null = null;
  #lastId = 0;

  get size(): number {
    return this.#inFlight?.size ?? 0;
  }

  get(packetId: number): OutboundState | undefined {
    return this.#inFlight?.get(packetId);
  }

  all(): Iterable<OutboundState> {
    return this.#inFlight?.values() ?? [];
  }

  /** Gives it a packet identifier that is not in use [MQTT-2.2.1-4]. */
  add(state: Omit<OutboundState, "packetId">): OutboundState {
    const inFlight = this.#inFlight ??= new Map();
    assert(inFlight.size < PACKET_ID_MAX, "the window is smaller than all identifiers");
    do this.#lastId = this.#lastId % PACKET_ID_MAX + 1; while (inFlight.has(this.#lastId));
    const added = { ...state, packetId: this.#lastId };
    inFlight.set(added.packetId, added);
    return added;
  }

  /** One of an earlier connection, or of an earlier run. */
  restore(state: OutboundState): void {
    (this.#inFlight ??= new Map()).set(state.packetId, state);
    this.#lastId = state.packetId;
  }

  /** PUBREC came; returns what it is now. */
  release(state: OutboundState): OutboundState {
    const released = { ...state, released: true };
    this.#inFlight?.set(state.packetId, released);
    return released;
  }

  remove(packetId: number): void {
    this.#inFlight?.delete(packetId);
  }

  clear(): void {
    this.#inFlight = null;
  }
}
