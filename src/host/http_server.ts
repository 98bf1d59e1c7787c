/** HTTP/1.1 and HTTP/2 in front of one handler. @module */
import { cannotListen } from "./tcp_listener.ts";

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
}

/** @throws {OperatingError} `invalid_config` when the address cannot be listened on. */
export function serveHttp({ hostname, port, handle, onBug }: HttpServerOptions): HttpServer {
  const abort = new AbortController();
  let finished = false;
  try {
    const server = Deno.serve({
      hostname,
      port,
      signal: abort.signal,
      onListen() {},
      onError(error) {
        onBug(error);
        return new Response(null, { status: 500 });
      },
    }, (request, { remoteAddr }) => handle(request, `${remoteAddr.hostname}:${remoteAddr.port}`));
    void server.finished.then(() => finished = true);
    return {
      address: { hostname: server.addr.hostname, port: server.addr.port },
      close: () => server.shutdown(),
      abort() {
        if (!finished) abort.abort();
      },
    };
  } catch (error) {
    throw cannotListen(hostname, port, error);
  }
}
