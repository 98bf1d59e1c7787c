/**
 * Sessions of MQTT 5 that end some time after their connection [MQTT-4.1.0-2]. Times are seconds
 * of this run: over a restart a session is kept, since how long the node was down is known to
 * nobody, and a session kept too long costs less than one dropped too early.
 *
 * @module
 */

/** A session expiry interval that never ends. */
export const SESSION_NEVER_EXPIRES = 0xffff_ffff;

export class SessionExpiry {
  /** By client identifier: the second it ends. */
  readonly #due = new Map<string, number>();
  readonly #end: (clientId: string) => void;

  constructor(end: (clientId: string) => void) {
    this.#end = end;
  }

  get size(): number {
    return this.#due.size;
  }

  /** The connection ended: its session follows, unless it is to last for ever. */
  begin(clientId: string, expiryS: number, nowS: number): void {
    if (expiryS >= SESSION_NEVER_EXPIRES) return;
    this.#due.set(clientId, nowS + expiryS);
  }

  /** The client is back. */
  cancel(clientId: string): void {
    this.#due.delete(clientId);
  }

  sweep(nowS: number): void {
    for (const [clientId, dueS] of this.#due) {
      if (dueS > nowS) continue;
      this.#due.delete(clientId);
      this.#end(clientId);
    }
  }
}
