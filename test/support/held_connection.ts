/** A connection in memory: the test is the client, and may hold writes back or make them fail. */
import { concat } from "../../src/base/bytes.ts";
import type { Connection } from "../../src/base/net.ts";

export class HeldConnection implements Connection {
  readonly remote = "test:1";
  readonly writes: Uint8Array[] = [];
  closed = false;
  #incoming: (Uint8Array | null)[] = [];
  #reader: ((bytes: Uint8Array | null) => void) | null = null;
  #held: (() => void)[] | null = null;
  #failing = false;
  #waiting: (() => void)[] = [];

  /** All that was written, joined. */
  get written(): Uint8Array {
    return concat(this.writes);
  }

  /** Whether the server wants to read now. */
  get isRead(): boolean {
    return this.#reader !== null;
  }

  // ── the client's side ──────────────────────────────────────────────────────────────────────

  /** The client sends; null ends the stream. */
  push(bytes: Uint8Array | null): void {
    if (this.#reader === null) {
      this.#incoming.push(bytes);
      return;
    }
    const reader = this.#reader;
    this.#reader = null;
    reader(bytes);
  }

  /** Resolves once at least `bytes` bytes were written, or the connection was closed. */
  async untilWritten(bytes: number): Promise<void> {
    while (this.written.length < bytes && !this.closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  holdWrites(): void {
    this.#held ??= [];
  }

  releaseWrites(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const release of held) release();
  }

  failWrites(): void {
    this.#failing = true;
  }

  // ── the server's side ──────────────────────────────────────────────────────────────────────

  async read(into: Uint8Array): Promise<number | null> {
    if (this.closed) throw new Error("closed");
    const bytes = this.#incoming.length > 0
      ? this.#incoming.shift()!
      : await new Promise<Uint8Array | null>((resolve) => this.#reader = resolve);
    if (this.closed) throw new Error("closed");
    if (bytes === null) return null;
    const size = Math.min(bytes.length, into.length);
    into.set(bytes.subarray(0, size));
    if (size < bytes.length) this.#incoming.unshift(bytes.subarray(size));
    return size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.writes.push(bytes.slice());
    this.#wake();
    if (this.#failing) throw new Error("broken pipe");
    const held = this.#held;
    if (held !== null) await new Promise<void>((resolve) => held.push(resolve));
  }

  close(): void {
    this.closed = true;
    this.#reader?.(null);
    this.#reader = null;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
