/**
 * One connection: bytes in, records appended, answers out in order.
 *
 *     connecting   the first packet must be CONNECT, and come in time
 *     connected    publishes go through the core; everything else through a handler
 *     leaving      nothing is read any more; what is on its way is answered
 *     ending       a last packet is being written
 *     closed
 *
 * What comes in is session_input.ts, what goes out session_output.ts, and what the client
 * subscribed to delivery/session_queue.ts. Commits call back, and the answers of all that a commit
 * released leave in one write. Reading pauses while the connection's or the node's bytes in flight
 * are over their limit, while the client does not read its answers, while a topic is being created
 * for it, and while the disk has no room and MQTT 3.1.1 cannot say so.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { isOperatingError, messageOf } from "../../base/errors.ts";
import { MQTT_END_S_MAX, MQTT_STALL_S_MAX } from "../../base/limits.ts";
import type { Connection, Transport } from "../../base/net.ts";
import { PacketType, packetType, type ProtocolVersion } from "../../protocol/mqtt/packet_type.ts";
import { ReasonCode, reasonCodeOf } from "../../protocol/mqtt/reason_code.ts";
import type { AdmissionSource } from "../admission.ts";
import type { Answer } from "./answer_queue.ts";
import type {
  ClientConnection,
  ConnectionEnd,
  LeaveOptions,
  MqttServices,
} from "./client_connection.ts";
import type { SessionQueue } from "./delivery/session_queue.ts";
import type { Subscriber } from "./delivery/subscriber.ts";
import { type ClientReport, reportOf } from "./client_report.ts";
import { ClientTraffic } from "./client_traffic.ts";
import { FastPath } from "./fast_path.ts";
import {
  type AcceptedConnect,
  connackOf,
  type ConnectOutcome,
  handleConnect,
  type RefusedConnect,
} from "./handlers/connect.ts";
import { handlePacket } from "./handlers/packet.ts";
import type { LiveClient } from "./live_clients.ts";
import { encodePacket } from "./packet_codec.ts";
import { type InputOwner, SessionInput } from "./session_input.ts";
import { openSession } from "./session_opening.ts";
import { type OutputOwner, SessionOutput } from "./session_output.ts";
import { TopicAliases } from "./topic_aliases.ts";

type Phase = "connecting" | "connected" | "leaving" | "ending" | "closed";

export class Session implements ClientConnection, LiveClient, InputOwner, OutputOwner {
  readonly services: MqttServices;
  readonly aliases = new TopicAliases();
  #connection: Connection;
  #admission: AdmissionSource;
  #output: SessionOutput;
  #input: SessionInput;
  #queue: SessionQueue | null = null;
  /** What the queue sees of this connection. */
  #subscriber: Subscriber | null = null;
  #phase: Phase = "connecting";
  #client: AcceptedConnect | null = null;
  #fastPath: FastPath | null = null;
  #sessionExpiryS = 0;
  #hasWill = false;
  /** Another connection goes on with its session. */
  #continued = false;
  /** Bytes of its will and topic aliases. */
  #keptBytes = 0;
  #stalled = false;
  /** When this phase, or this stall, began, and when the client was last heard. */
  #sinceS: number;
  #heardS: number;
  #goodbye: Uint8Array | null = null;
  readonly #traffic = new ClientTraffic();

  constructor(connection: Connection, services: MqttServices) {
    this.#connection = connection;
    this.services = services;
    this.#admission = services.admission.source(() => this.#input.process());
    const admission = this.#admission;
    this.#output = new SessionOutput({ connection, admission, services, owner: this });
    const output = this.#output;
    this.#input = new SessionInput({ connection, admission, services, output, owner: this });
    this.#sinceS = this.#heardS = services.nowS();
  }

  get protocolVersion(): ProtocolVersion {
    return this.#client?.protocolVersion ?? 4;
  }

  get transport(): Transport {
    return this.#connection.transport ?? "tcp";
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get clientId(): string {
    return this.#client?.clientId ?? "";
  }

  get mayPublish(): boolean {
    return this.#client?.mayPublish ?? false;
  }

  get maySubscribe(): boolean {
    return this.#client?.maySubscribe ?? false;
  }

  get queue(): SessionQueue {
    assert(this.#queue !== null, "a client is connected before it sends anything else");
    return this.#queue;
  }

  start(): void {
    this.#input.read();
  }

  // ── in ───────────────────────────────────────────────────────────────────────────────────────

  get isListening(): boolean {
    return (this.#phase === "connecting" || this.#phase === "connected") && !this.#stalled;
  }

  get isConnected(): boolean {
    return this.#client !== null;
  }

  get fastPath(): FastPath | null {
    if (!this.mayPublish) return null;
    return this.#fastPath ??= new FastPath(this);
  }

  get mustWaitForRoom(): boolean {
    return this.#client?.protocolVersion === 4;
  }

  heard(): void {
    this.#heardS = this.services.nowS();
  }

  ended(): void {
    this.leave({ keepWill: true });
  }

  broken(): void {
    this.close();
  }

  handle(packet: Uint8Array): Promise<void> | void {
    try {
      if (packetType(packet[0]!) === PacketType.Publish) this.#traffic.handled += 1;
      if (this.#client !== null) return handlePacket(this, packet);
      return handleConnect(packet, this.services).then((outcome) => this.#connected(outcome));
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      const reasonCode = error.detail["reason_code"] as ReasonCode | undefined;
      this.fail(reasonCode ?? reasonCodeOf(error.code), error.message);
    }
  }

  // ── CONNECT ──────────────────────────────────────────────────────────────────────────────────

  async #connected(outcome: ConnectOutcome): Promise<void> {
    if (this.#phase !== "connecting") return;
    if ("connack" in outcome) return this.#refuse(outcome);
    const { services } = this;
    const opened = await openSession(outcome, this, services);
    const refused = "connack" in opened;
    if (this.#phase !== "connecting") {
      // Gone meanwhile: its session waits for it.
      return refused ? undefined : services.ended({ ...this.#ending(outcome), will: null });
    }
    if (refused) return this.#refuse(opened);
    const { clientId, sessionExpiryS } = outcome;
    const lasting = sessionExpiryS > 0;
    this.#queue = services.delivery.open(clientId, { saved: opened.queue, lasting });
    this.#client = outcome;
    this.#output.protocolVersion = outcome.protocolVersion;
    this.#output.maximumPacketSize = outcome.maximumPacketSize;
    this.#hasWill = outcome.will !== null;
    this.#sessionExpiryS = outcome.sessionExpiryS;
    this.#enterPhase("connected");
    this.#traffic.sinceMs = services.clock.wallMs();
    services.counters.letIn(this.transport);
    this.send(connackOf(outcome, opened.queue !== null, services.limits));
    this.#subscriber = this.#output.subscriber(outcome, (error) => {
      this.fail(ReasonCode.ImplementationSpecificError, messageOf(error));
    });
    this.#queue.attach(this.#subscriber, lasting);
  }

  #refuse({ connack, reasonCode, state }: RefusedConnect): void {
    const { counters, log } = this.services;
    counters.connectsRefused.value += 1;
    counters.refusal(reasonCode);
    log.info("mqtt_connect_refused", { remote: this.#connection.remote, reason: state });
    this.#end(connack);
  }

  // ── out ──────────────────────────────────────────────────────────────────────────────────────

  send(packet: Uint8Array): void {
    this.#output.send(packet);
  }

  answer(acks: Uint8Array, inFlightBytes: number, packets?: Uint8Array): Answer {
    const answer = this.#output.answer(acks, inFlightBytes, packets);
    this.#traffic.bytes += inFlightBytes;
    if (this.#output.isOverReceiveMaximum) {
      this.fail(ReasonCode.ReceiveMaximumExceeded, "more publishes than Receive Maximum");
    }
    return answer;
  }

  ready(): void {
    this.#output.ready();
  }

  keep(bytes: number): boolean {
    if (this.#phase === "closed" || !this.services.keptBudget.take(bytes)) return false;
    this.#keptBytes += bytes;
    return true;
  }

  flushed(): void {
    if (this.#phase === "leaving" && this.#output.isAnswered) this.#end(this.#goodbye);
  }

  drained(): void {
    if (this.#phase === "ending") return this.close();
    // Reading may have paused for the client to read its answers.
    if (!this.#input.isReading) this.#input.process();
    if (this.#subscriber !== null) this.#queue?.drained(this.#subscriber);
  }

  failed(): void {
    this.close();
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────

  stall(): void {
    if (this.#stalled) return;
    this.#stalled = this.#output.holding = true;
    this.#sinceS = this.services.nowS();
  }

  /** There is room again: what was refused is taken before anything else. */
  #resume(): void {
    if (!this.#output.resume()) return;
    this.#stalled = false;
    this.#input.process();
  }

  fail(reasonCode: ReasonCode, state: string): void {
    if (this.#phase === "ending" || this.#phase === "closed") return;
    const { counters, log } = this.services;
    counters.faults.value += 1;
    counters.refusal(reasonCode);
    log.info("mqtt_fault", { remote: this.#connection.remote, reason: state });
    this.#end(this.#disconnectPacket(reasonCode));
  }

  leave({ keepWill, sessionExpiryS }: LeaveOptions): void {
    if (this.#phase === "ending" || this.#phase === "closed") return;
    if (sessionExpiryS !== undefined) {
      // [MQTT-3.14.2-2]: a session that was to end with the connection cannot be kept.
      if (sessionExpiryS > 0 && this.#sessionExpiryS === 0) {
        return this.fail(ReasonCode.ProtocolError, "a session expiry interval on leaving");
      }
      this.#sessionExpiryS = sessionExpiryS;
    }
    if (!keepWill) this.#hasWill = false;
    this.#leave(null);
  }

  /** The node stops: what was read is answered, then MQTT 5 is told. */
  shutDown(): void {
    if (this.#phase === "connecting") return this.close();
    if (this.#phase === "connected") {
      this.#leave(this.#disconnectPacket(ReasonCode.ServerShuttingDown));
    }
  }

  takenOver(cleanStart: boolean): void {
    if (this.#phase === "closed") return;
    this.#continued = !cleanStart;
    // Its client has moved on: what it still sends here would only come twice.
    this.#end(this.#disconnectPacket(ReasonCode.SessionTakenOver));
  }

  roomMade(): void {
    this.#input.read();
  }

  evicted(): void {
    this.fail(ReasonCode.QuotaExceeded, "a large packet that did not end while others waited");
  }

  /** An operator wants it gone; its session stays. False where it is on its way already. */
  expel(): boolean {
    if (this.#phase !== "connected") return false;
    this.services.counters.refusal(ReasonCode.AdministrativeAction);
    this.#leave(this.#disconnectPacket(ReasonCode.AdministrativeAction));
    return true;
  }

  /** Null before CONNECT was accepted. */
  report(): ClientReport | null {
    const [client, queue] = [this.#client, this.#queue];
    if (client === null || queue === null) return null;
    const { clock, nowS } = this.services;
    return reportOf({
      ...{ client, queue, connection: this.#connection, traffic: this.#traffic },
      unanswered: this.#output.unansweredCount,
      lastSeenMs: clock.wallMs() - (nowS() - this.#heardS) * 1_000,
    });
  }

  /** Once a second. */
  sweep(nowS: number): void {
    this.#traffic.tick(this.#fastPath?.records ?? 0);
    const sinceS = nowS - this.#sinceS;
    if (this.#stalled) {
      if (sinceS > MQTT_STALL_S_MAX) this.close();
      else if (this.services.store.roomBytes > 0) this.#resume();
    } else if (this.#phase === "connecting") {
      if (sinceS * 1000 > this.services.limits.connectTimeoutMs) this.#timedOut();
    } else if (this.#phase === "ending") {
      if (sinceS > MQTT_END_S_MAX) this.close();
    } else if (this.#phase === "connected" && this.#client!.keepAliveS > 0) {
      // [MQTT-3.1.2-22]; silence that is of our making does not count.
      if (!this.#input.isReading && this.#output.isIdle) this.#heardS = nowS;
      if (nowS - this.#heardS > 1.5 * this.#client!.keepAliveS) {
        this.fail(ReasonCode.KeepAliveTimeout, "keep alive");
      }
    }
  }

  #timedOut(): void {
    this.services.counters.refusal("connect_timeout");
    this.close();
  }

  close(): void {
    if (this.#phase === "closed") return;
    this.#enterPhase("closed");
    this.#connection.close();
    this.#output.end();
    this.#input.close();
    this.#admission.stopWaiting();
    this.services.keptBudget.take(-this.#keptBytes);
    this.services.ended(this.#ending(this.#client));
  }

  #ending(client: AcceptedConnect | null): ConnectionEnd {
    return {
      connection: this,
      clientId: client?.clientId ?? null,
      will: this.#hasWill && client !== null ? client.will : null,
      continued: this.#continued,
      sessionExpiryS: this.#client === null ? client?.sessionExpiryS ?? 0 : this.#sessionExpiryS,
    };
  }

  #leave(goodbye: Uint8Array | null): void {
    this.#goodbye = goodbye;
    this.#enterPhase("leaving");
    this.ready();
  }

  /** Writes a last packet, where there is one, and closes once it is out. */
  #end(packet: Uint8Array | null): void {
    if (packet !== null) this.send(packet);
    this.#output.open = false;
    this.#enterPhase("ending");
    if (this.#output.isIdle) this.close();
  }

  #enterPhase(phase: Phase): void {
    this.#phase = phase;
    if (phase !== "connected" && this.#subscriber !== null) this.#queue?.detach(this.#subscriber);
    this.#sinceS = this.services.nowS();
  }

  #disconnectPacket(reasonCode: ReasonCode): Uint8Array | null {
    if (this.#client?.protocolVersion !== 5) return null;
    return encodePacket({ cmd: "disconnect", reasonCode }, 5);
  }
}
