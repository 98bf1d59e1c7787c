/**
 * TCP sockets. Nagle's algorithm is off: an acknowledgement that waits for more bytes is a device
 * that waits.
 *
 * @module
 */
import type { Connection, Listener } from "../base/net.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import { sleep } from "../base/clock.ts";
import { HOST_TIMERS } from "./timers.ts";

/** Connections the kernel holds until we accept them: a fleet reconnects all at once. */
const BACKLOG = 1_024;

/** Wait before accepting again when descriptors ran out: closing clients free them meanwhile. */
const ACCEPT_RETRY_MS = 100;

/** @throws {OperatingError} `invalid_config` when the address cannot be listened on. */
export function listenTcp(hostname: string, port: number): Listener {
  try {
    return new TcpListener(Deno.listen({ hostname, port, tcpBacklog: BACKLOG }));
  } catch (error) {
    throw cannotListen(hostname, port, error);
  }
}

/** The one sentence for an address that is taken or not ours. */
export function cannotListen(hostname: string, port: number, error: unknown): OperatingError {
  const advice = error instanceof Deno.errors.AddrInUse
    ? "another program listens there; stop it or choose another port"
    : messageOf(error);
  return new OperatingError(
    "invalid_config",
    `Cannot listen on ${hostname}:${port}: ${advice}`,
    { hostname, port },
    error,
  );
}

class TcpListener implements Listener {
  readonly address: { readonly hostname: string; readonly port: number };
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<Connection> {
    for (;;) {
      try {
        return new TcpConnection(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) throw error;
        await sleep(HOST_TIMERS, ACCEPT_RETRY_MS);
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

class TcpConnection implements Connection {
  readonly remote: string;
  readonly #conn: Deno.TcpConn;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.remote = `${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`;
    try {
      conn.setNoDelay(true);
    } catch {
      // The other side may be gone already; the first read says so.
    }
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = await this.#conn.write(bytes);
    while (written < bytes.length) written += await this.#conn.write(bytes.subarray(written));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // Closed from below already.
    }
  }
}
