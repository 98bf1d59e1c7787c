/**
 * TCP sockets under TLS. The certificate is read from its files when the listener begins, and again
 * when it is told to: certificates are renewed more often than gateways are restarted.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";
import { TcpListener } from "./tcp_listener.ts";

export interface TlsFiles {
  /** A PEM file: the certificate, and what is between it and its root. */
  readonly cert: string;
  /** A PEM file: its private key. */
  readonly key: string;
}

export interface TlsListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly files: TlsFiles;
  /** What is offered by ALPN; a client that wants anything is let in where left out. */
  readonly alpnProtocols?: readonly string[];
}

/** @throws {OperatingError} `invalid_config` when a file cannot be used, or the address not. */
export function listenTls(options: TlsListenOptions): TlsListener {
  return new TlsListener(options);
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

export class TlsListener extends TcpListener {
  readonly #files: TlsFiles;
  readonly #identity: { current: Identity };

  constructor({ hostname, port, files, alpnProtocols }: TlsListenOptions) {
    const identity = { current: readIdentity(files) };
    super(hostname, port, {
      transport: "tls",
      open: (port) =>
        Deno.listenTls({
          ...{ hostname, port, ...identity.current },
          ...(alpnProtocols && { alpnProtocols: [...alpnProtocols] }),
        }),
    });
    this.#files = files;
    this.#identity = identity;
  }

  /**
   * Serves what the files hold now to whoever connects from now on.
   *
   * @throws {OperatingError} `invalid_config` when they cannot be used: the old ones stay.
   */
  reload(): void {
    const next = readIdentity(this.#files);
    if (next.cert === this.#identity.current.cert && next.key === this.#identity.current.key) {
      return;
    }
    this.#identity.current = next;
    this.reopen();
  }
}

/** Reads both, and tries them out where nobody connects. */
function readIdentity({ cert, key }: TlsFiles): Identity {
  const identity = { cert: readText("tls_cert", cert), key: readText("tls_key", key) };
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...identity }).close();
  } catch (error) {
    throw new OperatingError(
      "invalid_config",
      `Cannot use tls_cert ${cert} with tls_key ${key}: ${messageOf(error)}`,
      {},
      error,
    );
  }
  return identity;
}

function readText(setting: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new OperatingError(
      "invalid_config",
      `Cannot read ${setting} ${path}: ${messageOf(error)}`,
      { path },
      error,
    );
  }
}
