/**
 * Sessions that outlive their connections. Two books know each: the origin journal which packet
 * identifiers of QoS 2 its client has under way, the book of MQTT sessions its queue. A session is
 * there only where both say so: what one of them lost is never made up from the other.
 *
 *     begin anew    the queue is dropped, then the journal begins anew, then the session is put
 *     end           the queue is dropped, then the journal drops the session
 *
 * So whatever a crash leaves behind, an old queue never meets a new journal, nor an old journal a new
 * queue. What concerns one client happens one after the other.
 *
 * @module
 */
import type { MqttBook, MqttQueueRows, MqttSessionRow } from "../../store/mqtt_book.ts";
import type { SessionJournal } from "./session_journal.ts";

export interface KeptSessionsOptions {
  readonly book: Pick<MqttBook, "queue" | "putSession" | "dropSession">;
  readonly journal: Pick<SessionJournal, "openSession" | "endSession">;
  /** Before the queue is dropped: others may need what is kept of it. */
  readonly dropping: (clientId: string) => Promise<void>;
  /** Those the book has. */
  readonly kept: readonly MqttSessionRow[];
}

/** What a client that connects finds. */
export interface OpenedSession {
  /** What was kept of its queue; null where the session is new. */
  readonly queue: MqttQueueRows | null;
}

export class KeptSessions {
  readonly #options: KeptSessionsOptions;
  /** By client identifier: how long it outlives its connection. */
  readonly #expiryS: Map<string, number>;
  /** By client identifier: the latest that is under way. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(options: KeptSessionsOptions) {
    this.#options = options;
    this.#expiryS = new Map(options.kept.map(({ clientId, expiryS }) => [clientId, expiryS]));
  }

  get size(): number {
    return this.#expiryS.size;
  }

  /** Whose they are. */
  ids(): Iterable<string> {
    return this.#expiryS.keys();
  }

  /** How long it outlives its connection; undefined where it does not. */
  expiryS(clientId: string): number | undefined {
    return this.#expiryS.get(clientId);
  }

  /** Whether it outlives its connection. */
  has(clientId: string): boolean {
    return this.#expiryS.has(clientId);
  }

  /**
   * Begins or resumes the session; resolves once that is durable.
   *
   * @throws {OperatingError} quota_exceeded when no more sessions can last, or that of the disk
   */
  open(
    clientId: string,
    { cleanStart, expiryS }: { readonly cleanStart: boolean; readonly expiryS: number },
  ): Promise<OpenedSession> {
    return this.#inTurn(clientId, async () => {
      const { book, journal } = this.#options;
      if (!cleanStart && this.has(clientId)) {
        if (await journal.openSession(clientId, { cleanStart: false, lasting: true })) {
          await this.#put(clientId, expiryS);
          const queue = await book.queue(clientId);
          if (queue !== null) return { queue };
        }
      }
      await this.#drop(clientId);
      await journal.openSession(clientId, { cleanStart: true, lasting: expiryS > 0 });
      if (expiryS > 0) await this.#put(clientId, expiryS);
      return { queue: null };
    });
  }

  /** It is to last so long beyond its connection, unless it ends with it. */
  changeExpiry(clientId: string, expiryS: number): Promise<void> {
    return this.#inTurn(clientId, async () => {
      if (this.has(clientId)) await this.#put(clientId, expiryS);
    });
  }

  /** Resolves once it is gone from both. */
  end(clientId: string): Promise<void> {
    return this.#inTurn(clientId, async () => {
      await this.#drop(clientId);
      await this.#options.journal.endSession(clientId);
    });
  }

  async #put(clientId: string, expiryS: number): Promise<void> {
    if (this.#expiryS.get(clientId) === expiryS) return;
    await this.#options.book.putSession({ clientId, expiryS });
    this.#expiryS.set(clientId, expiryS);
  }

  async #drop(clientId: string): Promise<void> {
    if (!this.has(clientId)) return;
    await this.#options.dropping(clientId);
    await this.#options.book.dropSession(clientId);
    this.#expiryS.delete(clientId);
  }

  async #inTurn<Result>(clientId: string, action: () => Promise<Result>): Promise<Result> {
    const before = this.#underWay.get(clientId);
    const done = before === undefined ? action() : before.then(action);
    const settled = done.catch(() => {});
    this.#underWay.set(clientId, settled);
    try {
      return await done;
    } finally {
      if (this.#underWay.get(clientId) === settled) this.#underWay.delete(clientId);
    }
  }
}
