/**
 * HTTP/1.1 and HTTP/2 in front of one handler.
 *
 * The platform's server ends, with all its connections, when it finds no descriptor for one more
 * (seen on Deno 2.9.6). That frees what exhausted them, so it is begun again on the same port.
 *
 * Once it was told to shut down, its signal cuts nothing off any more, but throws (seen there, too):
 * what is still under way then is cut at the sockets, and is not waited for.
 *
 * @module
 */
import { cutSockets } from "./socket_cut.ts";
import { HOST_TIMERS } from "./timers.ts";
import { cannotListen } from "./tcp_listener.ts";

/** Between two tries to listen again. */
const LISTEN_AGAIN_MS = 200;

export interface HttpServer {
  readonly address: { readonly hostname: string; readonly port: number };
  /** Stops accepting and resolves when the requests under way are answered. */
  close(): Promise<void>;
  /** Cuts off what is still under way. */
  abort(): void;
}

export interface HttpServerOptions {
  readonly hostname: string;
  readonly port: number;
  /** Must not reject: a rejection is a bug, given to `onBug`. */
  handle(request: Request, remote: string): Response | Promise<Response>;
  onBug(error: unknown): void;
  /** The listener failed and is begun again. */
  onTrouble(error: unknown): void;
}

/** @throws {OperatingError} `invalid_config` when the address cannot be listened on. */
export function serveHttp(options: HttpServerOptions): HttpServer {
  return new HostHttpServer(options);
}

class HostHttpServer implements HttpServer {
  readonly address: { readonly hostname: string; readonly port: number };
  readonly #options: HttpServerOptions;
  readonly #abort = new AbortController();
  readonly #cutOff = Promise.withResolvers<void>();
  /** Null while it waits to listen again. */
  #server: Deno.HttpServer<Deno.NetAddr> | null;
  #closed = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const server = this.#listen(options.port);
    this.address = { hostname: server.addr.hostname, port: server.addr.port };
    this.#server = server;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.race([this.#server?.shutdown(), this.#cutOff.promise]);
  }

  abort(): void {
    const closing = this.#closed;
    this.#closed = true;
    if (this.#server === null) return;
    if (!closing) return this.#abort.abort();
    cutSockets(this.address.port, "all");
    this.#cutOff.resolve();
  }

  #listen(port: number): Deno.HttpServer<Deno.NetAddr> {
    const { hostname, handle, onBug } = this.#options;
    try {
      const server = Deno.serve({
        hostname,
        port,
        signal: this.#abort.signal,
        onListen() {},
        onError(error) {
          onBug(error);
          return new Response(null, { status: 500 });
        },
      }, (request, { remoteAddr }) => handle(request, `${remoteAddr.hostname}:${remoteAddr.port}`));
      server.finished.then(() => this.#server = null, (error) => this.#failed(error));
      return server;
    } catch (error) {
      throw cannotListen(hostname, port, error);
    }
  }

  #failed(error: unknown): void {
    this.#server = null;
    if (this.#closed) return;
    this.#options.onTrouble(error);
    this.#listenAgain();
  }

  #listenAgain(): void {
    HOST_TIMERS.after(LISTEN_AGAIN_MS, () => {
      if (this.#closed) return;
      try {
        this.#server = this.#listen(this.address.port);
      } catch {
        // Still no descriptor, or someone else was quicker to the port.
        this.#listenAgain();
      }
    });
  }
}
