/**
 * All the ways in to one MQTT door: listeners of its own, and clients that came through another
 * one, WebSockets from the HTTP port.
 *
 * @module
 */
import type { Connection, Listener } from "../../base/net.ts";

interface Waiting {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

export class JoinedListener implements Listener {
  readonly #listeners: readonly Listener[];
  readonly #queue: Connection[] = [];
  #waiting: Waiting | null = null;
  /** A listener failed for good. */
  #error: unknown = null;
  #closed = false;

  constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
    for (const listener of listeners) void this.#accept(listener);
  }

  /** The first listener's; port 0 where there is none. */
  get address(): { readonly hostname: string; readonly port: number } {
    return this.#listeners[0]?.address ?? { hostname: "", port: 0 };
  }

  /** Takes a client that came another way. */
  offer(connection: Connection): void {
    if (this.#closed) return connection.close();
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#queue.push(connection);
    else waiting.resolve(connection);
  }

  accept(): Promise<Connection> {
    const connection = this.#queue.shift();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#closed || this.#error !== null) {
      return Promise.reject(this.#error ?? new Error("The listener is closed"));
    }
    return new Promise((resolve, reject) => this.#waiting = { resolve, reject });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#queue.splice(0)) connection.close();
    this.#waiting?.reject(new Error("The listener is closed"));
    this.#waiting = null;
  }

  async #accept(listener: Listener): Promise<void> {
    try {
      while (!this.#closed) this.offer(await listener.accept());
    } catch (error) {
      if (this.#closed) return;
      this.#error = error;
      this.#waiting?.reject(error);
      this.#waiting = null;
    }
  }
}
