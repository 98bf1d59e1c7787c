/**
 * QoS 2: a publish becomes one record, however often it is sent. A packet identifier is held from
 * the PUBLISH until its PUBREL is durable; a PUBLISH that comes again meanwhile gets its PUBREC and
 * no second record [MQTT-4.3.3-10]. What is held survives connections and crashes: the origin
 * journal keeps it, synced before the records are.
 *
 * @module
 */
import type { OperatingError } from "../../base/errors.ts";
import type { CommitWaiter } from "../../store/commit.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Answer } from "./answer_queue.ts";
import type { SessionJournal } from "./session_journal.ts";

/** One PUBLISH on its way to the disk, and every answer that waits for it. */
class PendingPublish implements CommitWaiter {
  readonly answers: Answer[] = [];
  /** Resolves once it is durable, or refused. */
  readonly settled: Promise<void>;
  #settle!: () => void;
  #done: () => void;

  constructor(done: () => void) {
    this.#done = done;
    this.settled = new Promise((resolve) => this.#settle = resolve);
  }

  add(answer: Answer): void {
    answer.waitFor();
    this.answers.push(answer);
  }

  committed(log: PartitionLog, error: OperatingError | null): void {
    this.#done();
    for (const answer of this.answers) answer.committed(log, error);
    this.#settle();
  }
}

export class Qos2Publishes {
  #journal: SessionJournal;
  /** By client identifier, then packet identifier. */
  #pending = new Map<string, Map<number, PendingPublish>>();

  constructor(journal: SessionJournal) {
    this.#journal = journal;
  }

  /** @throws {OperatingError} quota_exceeded when no more packet identifiers can be held. */
  checkRoom(): void {
    this.#journal.checkRoom();
  }

  /** Whether this PUBLISH came before; `answerRepeat` then takes its answer. */
  isRepeat(clientId: string, packetIdentifier: number): boolean {
    return this.#find(clientId, packetIdentifier) !== undefined ||
      this.#journal.isHeld(clientId, packetIdentifier);
  }

  /** How many packet identifiers of a client are held, or on their way to it. */
  heldBy(clientId: string): number {
    return this.#journal.heldBy(clientId) + (this.#pending.get(clientId)?.size ?? 0);
  }

  /** Lets `answer` wait for the first PUBLISH; it is ready at once where that is durable. */
  answerRepeat(clientId: string, packetIdentifier: number, answer: Answer): void {
    this.#find(clientId, packetIdentifier)?.add(answer);
  }

  /** The record is in the open batch of `log`: makes it and its packet identifier durable. */
  appended(
    log: PartitionLog,
    publish: { readonly clientId: string; readonly packetIdentifier: number },
    answer: Answer,
  ): void {
    const { clientId, packetIdentifier } = publish;
    const ofClient = this.#pending.get(clientId) ?? new Map<number, PendingPublish>();
    this.#pending.set(clientId, ofClient);
    const pending = new PendingPublish(() => {
      if (ofClient.get(packetIdentifier) === pending) ofClient.delete(packetIdentifier);
      if (ofClient.size === 0 && this.#pending.get(clientId) === ofClient) {
        this.#pending.delete(clientId);
      }
    });
    pending.add(answer);
    ofClient.set(packetIdentifier, pending);
    log.appended(pending, [this.#journal.entry(clientId, packetIdentifier)]);
  }

  /** A new session began: what is on its way belongs to the old one. */
  forget(clientId: string): void {
    this.#pending.delete(clientId);
  }

  /**
   * Null when no such packet identifier is held: nothing to release. A client that does not wait
   * for its PUBREC is released after it: else the identifier would be held for good, and the next
   * publish that uses it be taken for a repeat.
   */
  release(clientId: string, packetIdentifier: number): Promise<void> | null {
    const pending = this.#find(clientId, packetIdentifier);
    if (pending !== undefined) {
      return pending.settled.then(() => this.release(clientId, packetIdentifier) ?? undefined);
    }
    if (!this.#journal.isHeld(clientId, packetIdentifier)) return null;
    return this.#journal.release(clientId, packetIdentifier);
  }

  #find(clientId: string, packetIdentifier: number): PendingPublish | undefined {
    return this.#pending.get(clientId)?.get(packetIdentifier);
  }
}
