/**
 * Wills that wait. A will delay ends when it is over, or with the session, whichever comes first; a
 * client that is back in time takes its will with it [MQTT-3.1.3-9]. They are kept in memory, within
 * a budget: one that does not fit is published at once. When the node stops, those that still wait
 * are published.
 *
 * @module
 */
import type { ByteBudget } from "./byte_budget.ts";
import type { Publication } from "./publication.ts";

export interface Will extends Publication {
  /** MQTT 5: seconds it waits for the client to come back. */
  readonly delayS: number;
}

interface Waiting {
  readonly will: Will;
  readonly dueS: number;
  readonly bytes: number;
}

export class DelayedWills {
  readonly #waiting = new Map<string, Waiting>();
  readonly #publish: (clientId: string, will: Will) => void;
  readonly #budget: Pick<ByteBudget, "take">;

  constructor(publish: (clientId: string, will: Will) => void, budget: Pick<ByteBudget, "take">) {
    this.#publish = publish;
    this.#budget = budget;
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
    this.cancel(clientId);
    const bytes = willBytes(will);
    if (delayS === 0 || !this.#budget.take(bytes)) return this.#publish(clientId, will);
    this.#waiting.set(clientId, { will, dueS: nowS + delayS, bytes });
  }

  /** The client is back, and its session goes on. */
  cancel(clientId: string): void {
    this.#take(clientId);
  }

  /** Its session is over. */
  publishNow(clientId: string): void {
    const will = this.#take(clientId);
    if (will !== null) this.#publish(clientId, will);
  }

  publishAll(): void {
    for (const clientId of [...this.#waiting.keys()]) this.publishNow(clientId);
  }

  sweep(nowS: number): void {
    for (const [clientId, { dueS }] of this.#waiting) if (dueS <= nowS) this.publishNow(clientId);
  }

  /** It waits no more. */
  #take(clientId: string): Will | null {
    const waiting = this.#waiting.get(clientId);
    if (waiting === undefined) return null;
    this.#waiting.delete(clientId);
    this.#budget.take(-waiting.bytes);
    return waiting.will;
  }
}

/** About what a will costs in memory. */
export function willBytes({ topicName, payload, properties, userProperties }: Publication): number {
  const kept = [topicName.bytes, payload, ...userProperties.flat()];
  if (properties.correlationData !== undefined) kept.push(properties.correlationData);
  const text = (properties.contentType?.length ?? 0) + (properties.responseTopic?.length ?? 0);
  return kept.reduce((sum, { length }) => sum + length, text);
}
