/**
 * Where HTTP is listened for: the plain port and the one under TLS. Where MQTT over WebSocket or
 * TLS is wanted, a front stands before the platform's server, which then listens on a loopback
 * address of its own; else it stands at the door itself, since the way past a front costs each
 * request some microseconds.
 *
 * @module
 */
import type { Timers } from "./base/clock.ts";
import { messageOf } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import type { Connection } from "./base/net.ts";
import type { Config } from "./config.ts";
import { pumpHttp } from "./host/http_pump.ts";
import { type HttpServer, serveHttp } from "./host/http_server.ts";
import { cutSockets } from "./host/socket_cut.ts";
import { listenTcp } from "./host/tcp_listener.ts";
import { listenTls, type TlsListener } from "./host/tls_listener.ts";
import { HttpFront } from "./http_front.ts";

/** How long requests under way may take once the node is told to stop; then they are cut off. */
const HTTP_STOP_MS = 3_000;

/** HTTP/2 reaches the server as it is: it knows its preface without being told. */
const ALPN_PROTOCOLS = ["h2", "http/1.1"];

export interface HttpListenersOptions {
  readonly config: Pick<Config, "host" | "http_port" | "https_port" | "tls_cert" | "tls_key">;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Answers a request that came from `remote`. */
  handle(request: Request, remote: string): Response | Promise<Response>;
  /** Takes MQTT clients that come over WebSocket; null where none are let in. */
  readonly mqtt: ((connection: Connection) => void) | null;
  readonly onBug: (error: unknown) => void;
}

interface Address {
  readonly hostname: string;
  readonly port: number;
}

export class HttpListeners {
  readonly http: Address | null;
  readonly https: Address | null;
  readonly #options: HttpListenersOptions;
  readonly #servers: HttpServer[] = [];
  readonly #fronts: HttpFront[] = [];
  readonly #secure: TlsListener | null;
  /** Where connections that were carried came from, by the address they have behind the front. */
  readonly #remotes = new Map<string, string>();
  /** Connections that are carried, by where they came from. */
  readonly #carried = new Map<string, Connection>();
  #innerPort = 0;

  /** @throws {OperatingError} `invalid_config` when an address or a certificate cannot be used. */
  constructor(options: HttpListenersOptions) {
    this.#options = options;
    const { config: { host, http_port, https_port }, mqtt } = options;
    try {
      this.#secure = this.#listenTls(host, https_port);
      const plainFront = http_port !== null && mqtt !== null;
      const plain = plainFront ? listenTcp(host, http_port) : null;
      const fronted = [plain, this.#secure].filter((listener) => listener !== null);
      if (fronted.length > 0) this.#innerPort = this.#serve("127.0.0.1", 0).port;
      for (const listener of fronted) this.#front(listener);
      const direct = http_port !== null && !plainFront ? this.#serve(host, http_port) : null;
      this.http = plain?.address ?? direct;
      this.https = this.#secure?.address ?? null;
    } catch (error) {
      this.#closeFronts();
      for (const server of this.#servers) server.abort();
      throw error;
    }
  }

  /** Reads the certificate again. @throws {OperatingError} when it cannot be used. */
  reload(): void {
    this.#secure?.reload();
  }

  /** Cuts connections off, by where they came from: their clients take nothing. */
  cut(remotes: readonly string[]): void {
    for (const remote of remotes) this.#carried.get(remote)?.close();
    const direct = remotes.filter((remote) => !this.#carried.has(remote));
    for (const { address } of this.#servers) cutSockets(address.port, direct);
  }

  /** Accepts no more, and resolves when the requests under way are answered, or were cut off. */
  async close(): Promise<void> {
    this.#closeFronts();
    const cancel = this.#options.timers.after(HTTP_STOP_MS, () => {
      for (const server of this.#servers) server.abort();
    });
    await Promise.all(this.#servers.map((server) => server.close()));
    cancel();
  }

  #listenTls(hostname: string, port: number | null): TlsListener | null {
    const { tls_cert: cert, tls_key: key } = this.#options.config;
    if (port === null || cert === null || key === null) return null;
    return listenTls({ hostname, port, files: { cert, key }, alpnProtocols: ALPN_PROTOCOLS });
  }

  #front(listener: ReturnType<typeof listenTcp>): void {
    const { timers, mqtt, onBug } = this.#options;
    const front = new HttpFront({
      ...{ listener, timers, mqtt },
      carry: (connection, first) => this.#carry(connection, first),
    });
    this.#fronts.push(front);
    front.run().catch(onBug);
  }

  async #carry(outer: Connection, first: Uint8Array): Promise<void> {
    let inner = "";
    const opened = (port: number) => {
      inner = `127.0.0.1:${port}`;
      this.#remotes.set(inner, outer.remote);
    };
    this.#carried.set(outer.remote, outer);
    await pumpHttp({ port: this.#innerPort, outer, first, opened });
    this.#carried.delete(outer.remote);
    this.#remotes.delete(inner);
  }

  #serve(hostname: string, port: number): Address {
    const { handle, onBug, logger } = this.#options;
    const server = serveHttp({
      ...{ hostname, port, onBug },
      handle: (request, remote) => handle(request, this.#remotes.get(remote) ?? remote),
      onTrouble: (error) => logger.warn("http_listener_failed", { error: messageOf(error) }),
    });
    this.#servers.push(server);
    return server.address;
  }

  #closeFronts(): void {
    for (const front of this.#fronts) front.close();
  }
}
