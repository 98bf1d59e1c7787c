/**
 * What one client is sent, and what it has not acknowledged. Packets gather here during a turn and
 * leave in one write. Where one of them may only leave once something is durable, all wait for it:
 *
 *     PUBLISH of QoS 2   that its packet identifier stands for this record, or it came twice
 *     PUBREL             that PUBREC came, or the record is published again after a crash
 *
 * and only where the session outlives its connection.
 *
 * @module
 */
import type { BufferPool } from "../../../base/buffer_pool.ts";
import { concat } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import type { PacketRun } from "../../../core/packet_run.ts";
import {
  MQTT_OUT_IN_FLIGHT_MAX,
  MQTT_OUT_IN_FLIGHT_V4,
  MQTT_OUT_PENDING_BYTES_MAX,
  MQTT_OUT_PENDING_BYTES_MIN,
  MQTT_OUT_PENDING_TOTAL_BYTES_MAX,
} from "../../../base/mqtt_limits.ts";
import { PacketType } from "../../../protocol/mqtt/packet_type.ts";
import {
  type EncodedPublish,
  setPacketId,
  withPacketId,
} from "../../../protocol/mqtt/publish_encoder.ts";
import { ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import type { DeliveryCounters } from "./delivery_counters.ts";
import { OutboundAliases } from "./outbound_aliases.ts";
import { OutboundWindow } from "./outbound_window.ts";
import type { Outgoing, Variant } from "./outgoing.ts";
import type { OutboundState } from "./queue_book.ts";
import type { SentFrom, SentRun } from "./sent_run.ts";
import type { Subscriber } from "./subscriber.ts";

export interface OutboxOwner {
  /** Whether the session outlives its connection. */
  readonly lasting: boolean;
  /** What is in flight under an identifier changed; null: it is free. */
  changed(packetId: number, state: OutboundState | SentRun | null): void;
  /** Resolves once all that changed is durable. */
  kept(): Promise<void>;
  /** There may be room again. */
  roomMade(): void;
}

export interface OutboxServices {
  readonly clock: Clock;
  readonly counters: DeliveryCounters;
  /** Bytes of messages on their way to all clients. */
  readonly pending: PendingBytes;
  /** For many packets at once: they are gone as soon as the socket has them. */
  readonly buffers: BufferPool;
  flushSoon(outbox: { flush(): void }): void;
}

/** One client may have much, but thousands that read nothing would together have too much. */
export interface PendingBytes {
  bytes: number;
}

export type Sending = Omit<Variant, "version"> & {
  /** The group it was taken from; null where it is the client's own. */
  readonly group: string | null;
};

/** Fewer bytes are not worth being used again. */
const LENT_BYTES_MIN = 8 * 1024;
const PUBREL_FLAGS = 2;
const FAILURE = 0x80;

export class Outbox {
  readonly window = new OutboundWindow();
  readonly #services: OutboxServices;
  readonly #owner: OutboxOwner;
  #subscriber: Subscriber | null = null;
  #aliases = new OutboundAliases(0);
  #inFlightMax = 0;
  #packets: Uint8Array[] = [];
  /** Those of them that are given back once the client has taken all it was sent. */
  #lent: Uint8Array<ArrayBuffer>[] = [];
  /** Bytes of messages that the client has not taken: here, and handed to its connection. */
  #bytes = 0;
  #handedBytes = 0;
  #flushQueued = false;
  /** Something among the packets has to be kept first. */
  #mustKeep = false;
  #keeping = false;

  constructor(services: OutboxServices, owner: OutboxOwner) {
    this.#services = services;
    this.#owner = owner;
  }

  get subscriber(): Subscriber | null {
    return this.#subscriber;
  }

  attach(subscriber: Subscriber): void {
    this.#subscriber = subscriber;
    this.#aliases = new OutboundAliases(subscriber.topicAliasMaximum);
    const ownMax = subscriber.protocolVersion === 5
      ? MQTT_OUT_IN_FLIGHT_MAX
      : MQTT_OUT_IN_FLIGHT_V4;
    this.#inFlightMax = Math.min(subscriber.receiveMaximum, ownMax);
  }

  /** The connection is gone, and what was on its way to it. */
  detach(): void {
    this.#subscriber = null;
    this.#packets = [];
    // They may be in a write that has not ended.
    this.#lent = [];
    this.#mustKeep = false;
    this.#take(-this.#bytes);
    this.#handedBytes = 0;
  }

  /** The client took all that was handed to its connection. */
  drained(): void {
    this.#take(-this.#handedBytes);
    this.#handedBytes = 0;
    if (this.#packets.length > 0 || this.#keeping) return;
    for (const packets of this.#lent) this.#services.buffers.give(packets);
    this.#lent = [];
  }

  /** Whether the client takes more, whatever its QoS. */
  get isOpen(): boolean {
    return this.#bytesLeft > 0;
  }

  get #bytesLeft(): number {
    if (this.#subscriber === null || this.#keeping) return 0;
    const crowded = this.#services.pending.bytes >= MQTT_OUT_PENDING_TOTAL_BYTES_MAX;
    return (crowded ? MQTT_OUT_PENDING_BYTES_MIN : MQTT_OUT_PENDING_BYTES_MAX) - this.#bytes;
  }

  /** Whether it takes one more of QoS 1 or 2 [MQTT-3.3.4-9]. */
  get hasRoom(): boolean {
    return this.isOpen && this.window.size < this.#inFlightMax;
  }

  /** How many of QoS 1 and 2 may be out at once. */
  get inFlightMax(): number {
    return this.#inFlightMax;
  }

  /** False: no room; it comes again. True: sent, or never to be sent to this client. */
  send(outgoing: Outgoing, sending: Sending): boolean {
    const { qos, retain, identifiers, group } = sending;
    const subscriber = this.#subscriber;
    if (subscriber === null || !(qos > 0 ? this.hasRoom : this.isOpen)) return false;
    const version = subscriber.protocolVersion;
    const said = version === 5 ? identifiers : [];
    const encoded = this.#encode(outgoing, { version, qos, retain, identifiers: said });
    const { counters } = this.#services;
    if (encoded.bytes.length > subscriber.maximumPacketSize) {
      counters.tooLarge.value += 1; // [MQTT-3.1.2-25]: as if it had been sent
      return true;
    }
    counters.messages.value += 1;
    counters.bytes.value += encoded.bytes.length;
    if (qos === 0) {
      this.#push(encoded.bytes);
      return true;
    }
    const state = this.window.add({
      ...{ qos, retain, identifiers, group, released: false },
      source: outgoing.source,
    });
    this.#owner.changed(state.packetId, state);
    if (qos === 2 && this.#owner.lasting) this.#mustKeep = true;
    const own = outgoing.isShared ? withPacketId : setPacketId;
    this.#push(own(encoded, state.packetId));
    return true;
  }

  /** Sends packets of a run from `first` on, as long as there is room. Returns which comes next. */
  sendRun(
    run: PacketRun,
    { first, end, from }: { readonly first: number; readonly end: number; readonly from: SentFrom },
  ): number {
    const until = run.position(first) + this.#bytesLeft;
    let ids = this.#inFlightMax - this.window.size;
    let next = first;
    for (; next < end && run.position(next) < until; next++) {
      if (run.hasPacketId(next) && ids-- <= 0) break;
    }
    if (next === first) return first;
    const size = run.position(next) - run.position(first);
    const lent = size >= LENT_BYTES_MIN;
    const into = lent ? this.#services.buffers.take(size) : new Uint8Array(size);
    const packets = run.copy(first, next, into);
    if (lent) this.#lent.push(packets);
    let sent: SentRun | null = null;
    for (let nth = first; nth < next; nth++) {
      if (!run.hasPacketId(nth)) continue;
      sent = this.window.addPlain(run.offset(nth), sent, from);
      const packetId = sent.firstId + sent.length - 1;
      this.#owner.changed(packetId, sent);
      run.setPacketId(packets, { first, nth, packetId });
    }
    const { counters } = this.#services;
    counters.messages.value += next - first;
    counters.bytes.value += packets.length;
    this.#push(packets);
    return next;
  }

  /** On a new connection: what was in flight, in its order. `outgoing` is null where it is released. */
  sendAgain(state: OutboundState, outgoing: Outgoing | null): void {
    const subscriber = this.#subscriber!;
    if (outgoing === null) return this.#push(pubrel(state.packetId));
    const { qos, retain } = state;
    const version = subscriber.protocolVersion;
    const identifiers = version === 5 ? state.identifiers : [];
    const { clock, counters } = this.#services;
    const encoded = outgoing.packet({ version, qos, retain, identifiers }, clock.wallMs());
    if (encoded.bytes.length > subscriber.maximumPacketSize) {
      counters.tooLarge.value += 1;
      return this.#done(state.packetId);
    }
    counters.again.value += 1;
    // It may have been in the packets that were never sent, for they could not be kept.
    if (qos === 2 && this.#owner.lasting) this.#mustKeep = true;
    this.#push(withPacketId(encoded, state.packetId, true));
  }

  /** It cannot be sent again: its record is gone. */
  giveUp(packetId: number): void {
    this.#done(packetId);
  }

  // ── acknowledgements ─────────────────────────────────────────────────────────────────────────

  /** Whatever the reason code: it is the client's now [MQTT-4.3.2-3]. */
  puback(packetId: number): void {
    if (this.window.acknowledge(packetId)) this.#owner.changed(packetId, null);
  }

  /** Behind the last of several PUBACKs. */
  pubacksEnd(): void {
    this.#owner.roomMade();
  }

  pubrec(packetId: number, reasonCode: number): void {
    const state = this.window.get(packetId);
    if (state?.qos !== 2) {
      // [MQTT-4.3.3-4] even so: a client that never gets its PUBREL holds the identifier for ever.
      const code = this.#subscriber?.protocolVersion === 5
        ? ReasonCode.PacketIdentifierNotFound
        : ReasonCode.Success;
      return this.#push(pubrel(packetId, code));
    }
    if (reasonCode >= FAILURE) return this.#done(packetId);
    if (!state.released) {
      this.#owner.changed(packetId, this.window.release(state));
      if (this.#owner.lasting) this.#mustKeep = true;
    }
    this.#push(pubrel(packetId));
  }

  pubcomp(packetId: number): void {
    const state = this.window.get(packetId);
    if (state?.released) this.#done(packetId);
  }

  // ── out ──────────────────────────────────────────────────────────────────────────────────────

  flush(): void {
    this.#flushQueued = false;
    if (this.#packets.length === 0 || this.#keeping) return;
    if (this.#mustKeep) return this.#keepAndSend();
    this.#hand(this.#takePackets());
  }

  #hand(packets: Uint8Array): void {
    this.#handedBytes += packets.length;
    this.#subscriber?.send(packets);
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#services.pending.bytes += bytes;
  }

  #keepAndSend(): void {
    const subscriber = this.#subscriber;
    const packets = this.#takePackets();
    this.#mustKeep = false;
    this.#keeping = true;
    const ended = () => {
      this.#keeping = false;
      if (this.#subscriber === null) return;
      this.flush();
      this.#owner.roomMade();
    };
    this.#owner.kept().then(
      () => {
        if (this.#subscriber === subscriber) this.#hand(packets);
        ended();
      },
      (error: Error) => {
        ended();
        // What cannot be kept cannot be sent: the client comes back, and so does the message.
        if (this.#subscriber === subscriber) subscriber?.fail(error);
      },
    );
  }

  #takePackets(): Uint8Array {
    const packets = this.#packets.length === 1 ? this.#packets[0]! : concat(this.#packets);
    this.#packets = [];
    return packets;
  }

  #encode(outgoing: Outgoing, variant: Variant): EncodedPublish {
    const nowMs = this.#services.clock.wallMs();
    if (!this.#aliases.any) return outgoing.packet(variant, nowMs);
    const { topicName } = outgoing.message;
    const alias = this.#aliases.of(topicName);
    const encoded = outgoing.aliased(variant, nowMs, alias);
    if (encoded.bytes.length <= this.#subscriber!.maximumPacketSize) {
      this.#aliases.given(topicName, alias);
    }
    return encoded;
  }

  #push(packet: Uint8Array): void {
    if (this.#subscriber === null) return;
    this.#packets.push(packet);
    this.#take(packet.length);
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#services.flushSoon(this);
  }

  #done(packetId: number): void {
    this.window.remove(packetId);
    this.#owner.changed(packetId, null);
    this.#owner.roomMade();
  }
}

function pubrel(packetId: number, reasonCode: number = ReasonCode.Success): Uint8Array {
  const first = PacketType.Pubrel << 4 | PUBREL_FLAGS;
  return reasonCode === ReasonCode.Success
    ? Uint8Array.of(first, 2, packetId >>> 8, packetId & 0xff)
    : Uint8Array.of(first, 3, packetId >>> 8, packetId & 0xff, reasonCode);
}
