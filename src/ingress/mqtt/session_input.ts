/**
 * What one connection takes in: a read ends, the core takes the publishes in it, other packets go to
 * their handlers, the next read begins. Nothing is awaited in it but by a handler that says so, and
 * then nothing is processed before.
 *
 * What did not fit the disk is kept and taken again once there is room, before anything that was
 * read since; see unanswered.ts.
 *
 * @module
 */
import {
  MQTT_ANSWER_BYTES_MAX,
  MQTT_CONNECT_BYTES_MAX,
  MQTT_CONTROL_BYTES_MAX,
} from "../../base/limits.ts";
import type { Connection } from "../../base/net.ts";
import { shortPubacksSize } from "../../protocol/mqtt/ack_packet.ts";
import {
  HEADER_INCOMPLETE,
  HEADER_MALFORMED,
  packetSize,
  PacketType,
  packetType,
} from "../../protocol/mqtt/packet_type.ts";
import { ReasonCode } from "../../protocol/mqtt/reason_code.ts";
import type { AdmissionSource } from "../admission.ts";
import type { MqttServices } from "./client_connection.ts";
import type { FastPath } from "./fast_path.ts";
import { ReadBuffer } from "./read_buffer.ts";
import type { PacketHolder } from "./read_budget.ts";
import type { SessionOutput } from "./session_output.ts";

export interface InputOwner extends PacketHolder {
  /** Whether this connection's packets are looked at. */
  readonly isListening: boolean;
  /** Whether there was a CONNECT that was accepted. */
  readonly isConnected: boolean;
  /** Null where its publishes are looked at one by one; asked when one comes. */
  readonly fastPath: FastPath | null;
  /** A client that cannot be told so has to wait for room on the disk. */
  readonly mustWaitForRoom: boolean;
  /** Bytes came. */
  heard(): void;
  /** One whole packet, or several PUBACKs, for its handler; a promise holds back what is behind it. */
  handle(packet: Uint8Array): Promise<void> | void;
  stall(): void;
  fail(reasonCode: ReasonCode, state: string): void;
  /** The client sends nothing any more; or the connection broke. */
  ended(): void;
  broken(): void;
}

export interface SessionInputOptions {
  readonly connection: Connection;
  readonly services: MqttServices;
  readonly admission: AdmissionSource;
  readonly output: SessionOutput;
  readonly owner: InputOwner;
}

/** Whatever else it is, TLS or HTTP, need not be read to its end. */
const CONNECT_FIRST_BYTE = PacketType.Connect << 4;

export class SessionInput {
  readonly #options: SessionInputOptions;
  readonly #buffer: ReadBuffer;
  readonly #owner: InputOwner;
  #reading = false;
  /** A handler is waiting for something. */
  #suspended = false;
  #closed = false;

  constructor(options: SessionInputOptions) {
    const { owner, services } = options;
    this.#options = options;
    this.#owner = owner;
    this.#buffer = new ReadBuffer(services.readBudget, owner, services.limits.packetBytesMax);
  }

  /** A read is under way. */
  get isReading(): boolean {
    return this.#reading;
  }

  /** Begins the next read, unless one is under way or something speaks against it. */
  read(): void {
    const { connection, output, services } = this.#options;
    if (this.#reading || !this.#isActive || output.pendingBytes > MQTT_ANSWER_BYTES_MAX) return;
    const into = this.#buffer.free(services.nowS() * 1000);
    if (into === null) return;
    this.#reading = true;
    connection.read(into).then(this.#onRead, this.#onReadFailed);
  }

  process(): void {
    const { admission } = this.#options;
    while (this.#isActive && this.#bytes.size > 0) {
      if (this.#isPublishWithoutRoom()) return this.#owner.stall();
      if (!admission.mayEnter()) return;
      if (!this.#takeNext()) break;
    }
    this.read();
  }

  close(): void {
    this.#closed = true;
    this.#buffer.close();
  }

  get #isActive(): boolean {
    return this.#owner.isListening && !this.#suspended;
  }

  /** Whatever else a client says is heard: one that only subscribes goes on while the disk is full. */
  #isPublishWithoutRoom(): boolean {
    if (!this.#owner.mustWaitForRoom || !this.#options.services.store.space.full) return false;
    return packetType(this.#bytes.unread()[0]!) === PacketType.Publish;
  }

  /** What is looked at next: what was refused for want of room comes again, before anything new. */
  get #bytes(): Pick<ReadBuffer, "size" | "unread" | "consume"> {
    const { unanswered } = this.#options.output;
    return unanswered.size > 0 ? unanswered : this.#buffer;
  }

  readonly #onRead = (bytes: number | null): void => {
    this.#reading = false;
    if (this.#closed) return;
    if (bytes === null) return this.#owner.ended();
    this.#owner.heard();
    this.#buffer.filled(bytes);
    this.process();
  };

  readonly #onReadFailed = (): void => {
    this.#reading = false;
    this.#owner.broken();
  };

  /** False when it needs more bytes, or that was the last packet. */
  #takeNext(): boolean {
    const bytes = this.#bytes;
    const unread = bytes.unread();
    if (!this.#owner.isConnected && unread[0]! !== CONNECT_FIRST_BYTE) {
      this.#owner.fail(ReasonCode.ProtocolError, "the first packet is not CONNECT"); // [MQTT-3.1.0-1]
      return false;
    }
    // Asked for by the first publish: thousands of clients only subscribe.
    const fastPath = packetType(unread[0]!) === PacketType.Publish ? this.#owner.fastPath : null;
    if (fastPath === null) return this.#takePacket(unread);
    bytes.consume(fastPath.take(unread));
    if (fastPath.next === "packet") return this.#isActive && this.#takePacket(bytes.unread());
    return fastPath.next === "again" || bytes !== this.#buffer;
  }

  /** Hands one packet to its handler. False when it is not whole yet, or was the last one. */
  #takePacket(unread: Uint8Array): boolean {
    const bytes = this.#bytes;
    const size = shortPubacksSize(unread) || packetSize(unread, 0);
    if (size === HEADER_INCOMPLETE) return false;
    if (size === HEADER_MALFORMED) {
      this.#owner.fail(ReasonCode.MalformedPacket, "a remaining length that does not end");
      return false;
    }
    if (packetType(unread[0]!) !== PacketType.Puback && size > this.#packetBytesMax(unread[0]!)) {
      this.#owner.fail(ReasonCode.PacketTooLarge, `a packet of ${size} bytes`);
      return false;
    }
    if (size > unread.length) return false;
    const pending = this.#owner.handle(
      size === unread.length ? unread : unread.subarray(0, size),
    );
    // The bytes stay where they are until the next read, which a pending handler holds back.
    if (!this.#closed) bytes.consume(size);
    if (pending !== undefined) this.#suspendFor(pending);
    return true;
  }

  #packetBytesMax(firstByte: number): number {
    const { packetBytesMax } = this.#options.services.limits;
    if (packetType(firstByte) === PacketType.Publish) return packetBytesMax;
    const ofType = this.#owner.isConnected ? MQTT_CONTROL_BYTES_MAX : MQTT_CONNECT_BYTES_MAX;
    return Math.min(ofType, packetBytesMax);
  }

  #suspendFor(pending: Promise<void>): void {
    this.#suspended = true;
    // A rejection is a bug, and stops the process.
    void pending.then(() => {
      this.#suspended = false;
      this.process();
    });
  }
}
