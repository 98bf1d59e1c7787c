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
import type { Offset } from "../../../base/types.ts";
import type { OutboundState } from "./queue_book.ts";
import { type SentFrom, SentRun } from "./sent_run.ts";

const PACKET_ID_MAX = 65_535;

/** Longer ones would keep what was acknowledged long ago. */
const RUN_LENGTH_MAX = 128;

export class OutboundWindow {
  /** Made with the first one: thousands of clients never have any. */
  #inFlight: Map<number, OutboundState | SentRun> | null = null;
  #lastId = 0;

  get size(): number {
    return this.#inFlight?.size ?? 0;
  }

  get(packetId: number): OutboundState | undefined {
    const found = this.#inFlight?.get(packetId);
    if (!(found instanceof SentRun)) return found;
    const state = found.state(packetId);
    this.#inFlight!.set(packetId, state);
    return state;
  }

  all(): readonly OutboundState[] {
    return Array.from(this.#inFlight?.keys() ?? [], (packetId) => this.get(packetId)!);
  }

  /** Gives it a packet identifier that is not in use [MQTT-2.2.1-4]. */
  add(state: Omit<OutboundState, "packetId">): OutboundState {
    const packetId = this.#freeId();
    const added = { ...state, packetId };
    this.#inFlight!.set(packetId, added);
    return added;
  }

  /** The same for a plain record of QoS 1: `run` goes on with it, or a new one begins. */
  addPlain(offset: Offset, run: SentRun | null, from: SentFrom): SentRun {
    const packetId = this.#freeId();
    const goesOn = run !== null && run.length < RUN_LENGTH_MAX &&
      run.firstId + run.length === packetId;
    const into = goesOn ? run : new SentRun(from, packetId);
    into.add(offset);
    this.#inFlight!.set(packetId, into);
    return into;
  }

  #freeId(): number {
    const inFlight = this.#inFlight ??= new Map();
    assert(inFlight.size < PACKET_ID_MAX, "the window is smaller than all identifiers");
    do this.#lastId = this.#lastId % PACKET_ID_MAX + 1; while (inFlight.has(this.#lastId));
    return this.#lastId;
  }

  /** PUBACK came; false where it is not one of QoS 1. */
  acknowledge(packetId: number): boolean {
    const found = this.#inFlight?.get(packetId);
    if (found === undefined || !(found instanceof SentRun || found.qos === 1)) return false;
    return this.#inFlight!.delete(packetId);
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
