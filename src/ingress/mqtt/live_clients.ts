/**
 * Which connection a client identifier has now. There is one at most: a new one takes over, and the
 * old one is told so and closed [MQTT-3.1.4-3].
 *
 * @module
 */

export interface LiveClient {
  /** Another connection of the same client identifier has come: close. A clean start ends its session. */
  takenOver(cleanStart: boolean): void;
}

export class LiveClients {
  #live = new Map<string, LiveClient>();

  get size(): number {
    return this.#live.size;
  }

  ids(): Iterable<string> {
    return this.#live.keys();
  }

  get(clientId: string): LiveClient | undefined {
    return this.#live.get(clientId);
  }

  /** Makes `client` the one of that identifier, and closes the one it replaces. */
  enter(clientId: string, client: LiveClient, cleanStart: boolean): void {
    const previous = this.#live.get(clientId);
    this.#live.set(clientId, client);
    previous?.takenOver(cleanStart);
  }

  isLive(clientId: string, client: LiveClient): boolean {
    return this.#live.get(clientId) === client;
  }

  leave(clientId: string, client: LiveClient): void {
    if (this.isLive(clientId, client)) this.#live.delete(clientId);
  }
}
