/**
 * TCP sockets, bare or under TLS. Nagle's algorithm is off: an acknowledgement that waits for more
 * bytes is a device that waits.
 *
 * @module
 */
import type { Connection, Listener, Transport } from "../base/net.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import { sleep } from "../base/clock.ts";
import { HOST_TIMERS } from "./timers.ts";

/** Connections the kernel holds until we accept them: a fleet reconnects all at once. */
const BACKLOG = 1_024;

/** Wait before accepting again when descriptors ran out: closing clients free them meanwhile. */
const ACCEPT_RETRY_MS = 100;

/** The kernel frees a port only once the accept under way has ended. */
const REOPEN_RETRY_MS = 5;

/** @throws {OperatingError} `invalid_config` when the address cannot be listened on. */
export function listenTcp(hostname: string, port: number): Listener {
  return new TcpListener(hostname, port, {
    transport: "tcp",
    open: (port) => Deno.listen({ hostname, port, tcpBacklog: BACKLOG }),
  });
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

type Socket = Deno.TcpConn | Deno.TlsConn;

export interface TcpListenerOptions {
  readonly transport: Transport;
  /** Begins to listen on that port. */
  open(port: number): Deno.Listener<Socket>;
}

export class TcpListener implements Listener {
  readonly address: { readonly hostname: string; readonly port: number };
  readonly #options: TcpListenerOptions;
  #listener: Deno.Listener<Socket>;
  /** Closed to be opened anew, by whoever accepts. */
  #stale = false;
  #closed = false;

  /** @throws {OperatingError} `invalid_config` when the address cannot be listened on. */
  constructor(hostname: string, port: number, options: TcpListenerOptions) {
    this.#options = options;
    try {
      this.#listener = options.open(port);
    } catch (error) {
      throw cannotListen(hostname, port, error);
    }
    const address = this.#listener.addr as Deno.NetAddr;
    this.address = { hostname: address.hostname, port: address.port };
  }

  async accept(): Promise<Connection> {
    for (;;) {
      try {
        if (this.#stale) this.#openAgain();
        return new TcpConnection(await this.#listener.accept(), this.#options.transport);
      } catch (error) {
        if (this.#closed) throw error;
        await sleep(HOST_TIMERS, this.#stale ? REOPEN_RETRY_MS : ACCEPT_RETRY_MS);
      }
    }
  }

  /** Listens anew on the same port, with what `open` says now; connections go on as they are. */
  reopen(): void {
    if (this.#closed || this.#stale) return;
    this.#stale = true;
    this.#listener.close();
  }

  #openAgain(): void {
    this.#listener = this.#options.open(this.address.port);
    this.#stale = false;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#stale) this.#listener.close();
  }
}

class TcpConnection implements Connection {
  readonly remote: string;
  readonly transport: Transport;
  readonly #conn: Socket;
  #closed = false;

  constructor(conn: Socket, transport: Transport) {
    this.#conn = conn;
    this.transport = transport;
    const { hostname, port } = conn.remoteAddr as Deno.NetAddr;
    this.remote = `${hostname}:${port}`;
    try {
      if ("setNoDelay" in conn) conn.setNoDelay(true);
    } catch {
      // The other side may be gone already; the first read says so.
    }
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  /** Not an async function: a thousand writes in one turn are as many frames less to keep. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#conn.write(bytes).then((written) =>
      written < bytes.length ? this.write(bytes.subarray(written)) : undefined
    );
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
