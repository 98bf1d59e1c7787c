/**
 * One connection's way out. A write starts at once when none is under way; what comes meanwhile
 * leaves together when it ends. Nobody awaits a write: the one who must know asks `pendingBytes`.
 *
 * @module
 */
import { concat } from "../../base/bytes.ts";
import type { Connection } from "../../base/net.ts";

export interface WriterEvents {
  /** All that was handed in has been taken by the transport. */
  drained(): void;
  /** The other side is gone. */
  failed(error: unknown): void;
}

export class ConnectionWriter {
  #connection: Connection;
  #events: WriterEvents;
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing = false;
  #ended = false;

  constructor(connection: Connection, events: WriterEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** Bytes that wait for the write under way. */
  get pendingBytes(): number {
    return this.#queuedBytes;
  }

  get idle(): boolean {
    return !this.#writing;
  }

  send(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return;
    if (this.#writing) {
      this.#queued.push(bytes);
      this.#queuedBytes += bytes.length;
      return;
    }
    this.#write(bytes);
  }

  /** Nothing is written any more. */
  end(): void {
    this.#ended = true;
    this.#queued = [];
    this.#queuedBytes = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#writing = true;
    this.#connection.write(bytes).then(this.#written, this.#failed);
  }

  readonly #written = (): void => {
    this.#writing = false;
    if (this.#queuedBytes > 0) {
      const next = this.#queued.length === 1 ? this.#queued[0]! : concat(this.#queued);
      this.#queued = [];
      this.#queuedBytes = 0;
      this.#write(next);
      return;
    }
    this.#events.drained();
  };

  readonly #failed = (error: unknown): void => {
    this.#writing = false;
    this.end();
    this.#events.failed(error);
  };
}
