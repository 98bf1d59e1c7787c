/**
 * A link that is narrower than what is on either side of it: TCP connections passed on to an
 * address, all of them together at so many bytes a second each way, each byte a little later.
 *
 * @module
 */
import { pause } from "./processes.ts";

export interface CappedLinkOptions {
  readonly bytesPerSecond: number;
  /** One way. */
  readonly delayMs: number;
  /** Port of the loopback that connections are passed on to. */
  readonly to: number;
}

const CHUNK_BYTES = 16 * 1024;
/** Timers are not more exact; so much late is made good. */
const SLACK_MS = 20;

export class CappedLink {
  readonly port: number;
  /** Bytes passed on towards the far end, and back. */
  readonly passed = { up: 0, down: 0 };
  readonly #options: CappedLinkOptions;
  readonly #listener: Deno.Listener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #freeAtMs = { up: 0, down: 0 };

  constructor(options: CappedLinkOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#accept();
  }

  close(): void {
    this.#listener.close();
    for (const connection of this.#connections) closeQuietly(connection);
  }

  async #accept(): Promise<void> {
    try {
      for await (const near of this.#listener) {
        const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#options.to });
        this.#connections.add(near).add(far);
        void this.#pass(near, far, "up");
        void this.#pass(far, near, "down");
      }
    } catch {
      // Closed.
    }
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, direction: "up" | "down"): Promise<void> {
    let writing = Promise.resolve();
    try {
      for (;;) {
        const chunk = new Uint8Array(CHUNK_BYTES);
        const size = await from.read(chunk);
        if (size === null) break;
        await this.#turn(size, direction);
        this.passed[direction] += size;
        const dueMs = performance.now() + this.#options.delayMs;
        writing = writing.then(() => writeAt(to, chunk.subarray(0, size), dueMs));
        writing.catch(() => closeQuietly(from));
      }
      await writing;
    } catch {
      // One side is gone; so is the other.
    }
    for (const connection of [from, to]) {
      closeQuietly(connection);
      this.#connections.delete(connection);
    }
  }

  /** One after another over the link. */
  async #turn(bytes: number, direction: "up" | "down"): Promise<void> {
    const nowMs = performance.now();
    const fromMs = Math.max(this.#freeAtMs[direction], nowMs - SLACK_MS);
    const freeAtMs = fromMs + bytes / this.#options.bytesPerSecond * 1_000;
    this.#freeAtMs[direction] = freeAtMs;
    if (freeAtMs - nowMs >= 1) await pause(freeAtMs - nowMs);
  }
}

async function writeAt(to: Deno.Conn, bytes: Uint8Array, dueMs: number): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs >= 1) await pause(waitMs);
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
