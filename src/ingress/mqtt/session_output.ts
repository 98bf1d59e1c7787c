/**
 * What one connection sends: answers to publishes in their order, once durable, and packets that
 * have no place in that order. While it holds back, answers are kept from a client that would have
 * to be told of one before them that the disk is full.
 *
 * @module
 */
import type { Connection } from "../../base/net.ts";
import type { ProtocolVersion } from "../../protocol/mqtt/packet_type.ts";
import { reasonCodeOf } from "../../protocol/mqtt/reason_code.ts";
import type { AdmissionSource } from "../admission.ts";
import {
  Answer,
  type AnswerEvents,
  AnswerQueue,
  joinAcks,
  withReasonCode,
} from "./answer_queue.ts";
import type { MqttServices } from "./client_connection.ts";
import type { Subscriber } from "./delivery/subscriber.ts";
import { ConnectionWriter, type WriterEvents } from "./connection_writer.ts";
import { Unanswered } from "./unanswered.ts";

export interface OutputOwner extends WriterEvents {
  /** No room on the disk, and MQTT 3.1.1 cannot say so. */
  stall(): void;
  /** Records could not be made durable, and MQTT 3.1.1 cannot say so. */
  close(): void;
  /** Answers left, or failed. */
  flushed(): void;
}

/** How much a client takes, as its CONNECT says. */
export type SubscriberFacts = Pick<
  Subscriber,
  "protocolVersion" | "receiveMaximum" | "maximumPacketSize" | "topicAliasMaximum"
>;

export interface SessionOutputOptions {
  readonly connection: Connection;
  readonly admission: AdmissionSource;
  readonly services: MqttServices;
  readonly owner: OutputOwner;
}

export class SessionOutput implements AnswerEvents {
  protocolVersion: ProtocolVersion = 4;
  /** MQTT 5: larger packets are not sent to this client. */
  maximumPacketSize = Number.MAX_SAFE_INTEGER;
  /** While false, answers are dropped: their client cannot tell them from silence any more. */
  open = true;
  /** What was refused for want of room, and its client cannot be told so. */
  readonly unanswered: Unanswered;
  /** Set while it waits for room. */
  holding = false;
  readonly #writer: ConnectionWriter;
  readonly #admission: AdmissionSource;
  readonly #services: MqttServices;
  readonly #owner: OutputOwner;
  readonly #answers = new AnswerQueue();
  #flushQueued = false;
  #unanswered = 0;

  constructor({ connection, admission, services, owner }: SessionOutputOptions) {
    this.#writer = new ConnectionWriter(connection, owner);
    this.#admission = admission;
    this.#services = services;
    this.#owner = owner;
    this.unanswered = new Unanswered(services.unansweredBudget);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** No write is under way. */
  get isIdle(): boolean {
    return this.#writer.idle;
  }

  /** No answer is owed. */
  get isAnswered(): boolean {
    return this.#answers.isEmpty;
  }

  /** Publishes of QoS 1 and 2 that are not answered. */
  get unansweredCount(): number {
    return this.#unanswered;
  }

  /** Whether the client sent more publishes than it may leave unanswered [MQTT-3.3.4-7]. */
  get isOverReceiveMaximum(): boolean {
    return this.#unanswered > this.#services.limits.receiveMaximum && this.protocolVersion === 5;
  }

  /** Writes a packet, unless it is larger than the client takes [MQTT-3.1.2-25]. */
  send(packet: Uint8Array): void {
    if (packet.length <= this.maximumPacketSize) this.#writer.send(packet);
  }

  /** This connection as the queue of its session sees it. */
  subscriber(client: SubscriberFacts, fail: (error: Error) => void): Subscriber {
    return {
      protocolVersion: client.protocolVersion,
      receiveMaximum: client.receiveMaximum,
      maximumPacketSize: client.maximumPacketSize,
      topicAliasMaximum: client.topicAliasMaximum,
      send: (packets) => this.#writer.send(packets),
      fail,
    };
  }

  answer(acks: Uint8Array, inFlightBytes: number, packets?: Uint8Array): Answer {
    const answer = new Answer(this, acks, inFlightBytes);
    if (packets !== undefined && this.protocolVersion === 4 && this.#services.store.space.tight) {
      answer.packets = this.unanswered.copy(packets);
    }
    this.#admission.enter(inFlightBytes);
    this.#answers.push(answer);
    this.#unanswered += answer.count;
    return answer;
  }

  settled(answer: Answer): void {
    this.#admission.leave(answer.inFlightBytes);
  }

  ready(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    this.#services.flushSoon(this);
  }

  /** Writes the answers that are ready at the head of the line. */
  flush(): void {
    this.#flushQueued = false;
    for (;;) {
      const ready = this.#answers.takeReady();
      if (ready.length === 0) break;
      for (const { count } of ready) this.#unanswered -= count;
      const failed = ready.at(-1)!.error === null ? null : ready.pop()!;
      for (const { packets } of ready) this.unanswered.done(packets);
      if (this.holding && ready.some(({ count }) => count > 0)) this.unanswered.overtaken();
      if (this.open && !this.holding && ready.length > 0) this.#writer.send(joinAcks(ready));
      if (failed !== null) this.#answerFailed(failed);
    }
    this.#owner.flushed();
  }

  /** Once there is room: whether it goes on. Closed where the client must send again. */
  resume(): boolean {
    if (!this.isAnswered) return false;
    if (this.unanswered.isLost) {
      this.#owner.close();
      return false;
    }
    this.holding = false;
    this.unanswered.takeAgain();
    return true;
  }

  /** Nothing is written any more. */
  end(): void {
    this.open = false;
    this.unanswered.close();
    this.#writer.end();
  }

  /** The records of these publishes could not be made durable. */
  #answerFailed({ acks, error, count, packets }: Answer): void {
    const { counters } = this.#services;
    if (count === 0) {
      counters.droppedQos0.value += 1;
      return this.unanswered.done(packets);
    }
    counters.refused.value += count;
    counters.refusal(reasonCodeOf(error!.code), count);
    const { code } = error!;
    if (!this.open) return this.unanswered.done(packets);
    if (this.protocolVersion === 5) {
      return this.#writer.send(withReasonCode(acks, reasonCodeOf(code)));
    }
    if (code !== "storage_full") return this.#owner.close();
    this.unanswered.refused(packets);
    this.holding = true;
    this.#owner.stall();
  }
}
