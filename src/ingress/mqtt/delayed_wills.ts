/**
 * Wills that wait. A will delay ends when it is over, or with the session, whichever comes first; a
 * client that is back in time takes its will with it [MQTT-3.1.3-9]. They are kept in memory: when
 * the node stops, those that still wait are published.
 *
 * @module
 */
import type { Publication } from "./publication.ts";

export interface Will extends Publication {
  /** MQTT 5: seconds it waits for the client to come back. */
  readonly delayS: number;
}

interface Waiting {
  readonly will: Will;
  readonly dueS: number;
}

export class DelayedWills {
  readonly #waiting = new Map<string, Waiting>();
  readonly #publish: (clientId: string, will: Will) => void;

  constructor(publish: (clientId: string, will: Will) => void) {
    this.#publish = publish;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The connection ended; `sessionExpiryS` later the session does. */
  begin(
    clientId: string,
    will: Will,
    { sessionExpiryS, nowS }: { readonly sessionExpiryS: number; readonly nowS: number },
  ): void {
    const delayS = Math.min(will.delayS, sessionExpiryS);
    if (delayS === 0) return this.#publish(clientId, will);
    this.#waiting.set(clientId, { will, dueS: nowS + delayS });
  }

  /** The client is back, and its session goes on. */
  cancel(clientId: string): void {
    this.#waiting.delete(clientId);
  }

  /** Its session is over. */
  publishNow(clientId: string): void {
    const waiting = this.#waiting.get(clientId);
    if (waiting === undefined) return;
    this.#waiting.delete(clientId);
    this.#publish(clientId, waiting.will);
  }

  publishAll(): void {
    for (const clientId of [...this.#waiting.keys()]) this.publishNow(clientId);
  }

  sweep(nowS: number): void {
    for (const [clientId, { dueS }] of this.#waiting) if (dueS <= nowS) this.publishNow(clientId);
  }
}
