/**
 * Sockets and HTTP requests are handed in, so that the rooms never name a transport.
 *
 * @module
 */

/** What a client's bytes travel in. */
export const TRANSPORTS = ["tcp", "tls", "ws", "wss"] as const;
export type Transport = typeof TRANSPORTS[number];

export interface Connection {
  /** "address:port" of the other side, for logs. */
  readonly remote: string;
  /** Bare TCP where left out. */
  readonly transport?: Transport;
  /** Bytes read into the front of `into`; null at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes all of `bytes`; resolves when the transport has taken them. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes both directions; a pending read rejects or yields null. May be called twice. */
  close(): void;
}

export interface Listener {
  readonly address: { readonly hostname: string; readonly port: number };
  accept(): Promise<Connection>;
  close(): void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface HttpCall {
  readonly method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Left alone until there is an answer, and not read afterwards. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /**
   * Asked before each piece of the body is handed over, with the bytes left: how many go next, once
   * they may. Without it the body goes whole. The time it takes does not count against `timeoutMs`.
   */
  readonly pace?: (leftBytes: number) => Promise<number>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One request, one whole answer. Rejects with `upstream_unreachable` when there is none; its detail
 * says `sent: false` where nobody was there to take a byte.
 */
export type HttpClient = (call: HttpCall) => Promise<HttpAnswer>;
