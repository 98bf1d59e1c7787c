/**
 * Answers to publishes leave in the order the publishes came [MQTT-4.6.0-2, -3], each once its
 * records are durable. An answer stands for one run of packets that the core took in one go, or for
 * one packet of the slow path; it waits for every partition it touched. When the answer at the head
 * is ready, all that are ready behind it leave in the same write.
 *
 *     PUBACK  0x40 0x02 id id            PUBREC  0x50 0x02 id id
 *     with a reason code (MQTT 5)                0x_0 0x03 id id code
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import type { OperatingError } from "../../base/errors.ts";
import type { CommitWaiter } from "../../store/commit.ts";
import type { PartitionLog } from "../../store/partition_log.ts";

/** Bytes of a PUBACK or PUBREC without a reason code. */
const ACK_BYTES = 4;

/** Who is told when answers are ready. */
export interface AnswerEvents {
  /** The head is ready, or another answer joined it: flush soon. */
  ready(): void;
  /** Durable or given up: these bytes are no longer in flight. Called in commit order. */
  settled(answer: Answer): void;
}

export class Answer implements CommitWaiter {
  /** What leaves once everything is durable: whole PUBACKs or PUBRECs; none for QoS 0. */
  readonly acks: Uint8Array;
  /** Bytes counted by admission until then. */
  readonly inFlightBytes: number;
  /** How many publishes it answers. */
  readonly count: number;
  /** The packets it answers, where they may have to be taken again; see unanswered.ts. */
  packets: Uint8Array | null = null;
  /** The first thing that went wrong. */
  error: OperatingError | null = null;
  next: Answer | null = null;
  #waiting = 0;
  #events: AnswerEvents;

  constructor(events: AnswerEvents, acks: Uint8Array, inFlightBytes: number) {
    this.#events = events;
    this.acks = acks;
    this.inFlightBytes = inFlightBytes;
    // A refusal carries a fifth byte, and stands alone.
    this.count = Math.floor(acks.length / ACK_BYTES);
  }

  get isReady(): boolean {
    return this.#waiting === 0;
  }

  /** One more partition, or book, to wait for. */
  waitFor(): void {
    this.#waiting += 1;
  }

  committed(_log: PartitionLog, error: OperatingError | null): void {
    this.settle(error);
  }

  /** One of those it waits for is durable, or failed. */
  settle(error: OperatingError | null): void {
    assert(this.#waiting > 0, "each it waits for answers once");
    this.#waiting -= 1;
    this.error ??= error;
    if (this.#waiting > 0) return;
    this.#events.settled(this);
    this.#events.ready();
  }
}

export class AnswerQueue {
  #head: Answer | null = null;
  #tail: Answer | null = null;

  get isEmpty(): boolean {
    return this.#head === null;
  }

  push(answer: Answer): void {
    if (this.#tail === null) this.#head = answer;
    else this.#tail.next = answer;
    this.#tail = answer;
  }

  /** Takes the ready answers off the head, up to and including the first that failed. */
  takeReady(): Answer[] {
    const ready: Answer[] = [];
    while (this.#head !== null && this.#head.isReady) {
      const answer = this.#head;
      this.#head = answer.next;
      ready.push(answer);
      if (answer.error !== null) break;
    }
    if (this.#head === null) this.#tail = null;
    return ready;
  }
}

/** Joins what leaves in one write, without a copy where it is a single piece. */
export function joinAcks(answers: readonly Answer[]): Uint8Array {
  if (answers.length === 1) return answers[0]!.acks;
  return concat(answers.map(({ acks }) => acks));
}

/** The same acknowledgements, each with a reason code: what MQTT 5 says instead of silence. */
export function withReasonCode(acks: Uint8Array, reasonCode: number): Uint8Array {
  assert(acks.length % ACK_BYTES === 0, "acknowledgements are whole");
  const refused = new Uint8Array(acks.length / ACK_BYTES * (ACK_BYTES + 1));
  for (let from = 0, to = 0; from < acks.length; from += ACK_BYTES, to += ACK_BYTES + 1) {
    refused[to] = acks[from]!;
    refused[to + 1] = 3;
    refused[to + 2] = acks[from + 2]!;
    refused[to + 3] = acks[from + 3]!;
    refused[to + 4] = reasonCode;
  }
  return refused;
}

/** PUBACK, PUBREC, PUBCOMP: success without a reason code, which both versions understand. */
export function ackPacket(type: number, packetIdentifier: number, reasonCode = 0): Uint8Array {
  const high = packetIdentifier >>> 8;
  const low = packetIdentifier & 0xff;
  return reasonCode === 0
    ? Uint8Array.of(type << 4, 2, high, low)
    : Uint8Array.of(type << 4, 3, high, low, reasonCode);
}
