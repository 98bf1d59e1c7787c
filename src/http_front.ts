/**
 * The HTTP port's front: it looks at the first bytes of a connection. MQTT over WebSocket, a GET of
 * `/mqtt`, is answered here, on the bare socket; every other connection is carried to the HTTP
 * server as it is.
 *
 * Why not the platform's own WebSockets: they read whether anybody takes it or not, put fragments
 * together without a bound before anybody hears of them, and cannot be cut off (seen on Deno 2.9.6:
 * 300 MB of one client that had not even said who it is). A gateway would not survive the first one
 * who tries.
 *
 * @module
 */
import type { Timers } from "./base/clock.ts";
import {
  HTTP_FRONT_HEAD_BYTES_MAX,
  HTTP_FRONT_HEAD_BYTES_MIN,
  HTTP_FRONT_HEAD_MS,
} from "./base/door_limits.ts";
import type { Connection, Listener } from "./base/net.ts";
import { WebSocketConnection } from "./ingress/mqtt/websocket_connection.ts";
import {
  answerHandshake,
  isMqttRequest,
  MQTT_REQUEST_START,
} from "./protocol/websocket/handshake.ts";

export interface HttpFrontOptions {
  readonly listener: Listener;
  readonly timers: Timers;
  /** Carries a connection to the HTTP server, with what was read of it; never rejects. */
  readonly carry: (connection: Connection, first: Uint8Array) => Promise<void>;
  /** Takes an MQTT client that came over WebSocket; null where there is no MQTT here. */
  readonly mqtt: ((connection: Connection) => void) | null;
}

export class HttpFront {
  readonly #options: HttpFrontOptions;
  /** Connections of which too little was seen to say what they are. */
  readonly #arriving = new Set<Connection>();
  #closed = false;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
  }

  get address(): { readonly hostname: string; readonly port: number } {
    return this.#options.listener.address;
  }

  /** Accepts connections until {@linkcode close}; resolves then. */
  async run(): Promise<void> {
    while (!this.#closed) {
      let connection: Connection;
      try {
        connection = await this.#options.listener.accept();
      } catch (error) {
        if (this.#closed) return;
        throw error;
      }
      void this.#welcome(connection);
    }
  }

  /** Accepts no more. What is being carried goes on. */
  close(): void {
    this.#closed = true;
    this.#options.listener.close();
    for (const connection of this.#arriving) connection.close();
  }

  async #welcome(connection: Connection): Promise<void> {
    this.#arriving.add(connection);
    const cancel = this.#options.timers.after(HTTP_FRONT_HEAD_MS, () => connection.close());
    try {
      await this.#sort(connection, () => {
        cancel();
        this.#arriving.delete(connection);
      });
    } catch {
      // It is gone.
      connection.close();
    } finally {
      cancel();
      this.#arriving.delete(connection);
    }
  }

  async #sort(connection: Connection, sorted: () => void): Promise<void> {
    const { carry, mqtt } = this.#options;
    let bytes = new Uint8Array(HTTP_FRONT_HEAD_BYTES_MIN);
    let size = 0;
    for (;;) {
      const read = await connection.read(bytes.subarray(size));
      if (read === null) return connection.close();
      size += read;
      const first = bytes.subarray(0, size);
      if (mqtt === null || !mayBeMqtt(first)) {
        sorted();
        return await carry(connection, first);
      }
      const headSize = headSizeOf(first);
      if (headSize > 0) return await this.#shake(connection, { first, headSize });
      if (size === HTTP_FRONT_HEAD_BYTES_MAX) return connection.close();
      if (size === bytes.length) bytes = grown(bytes);
    }
  }

  /** Answers the opening handshake, and hands over what it opened. */
  async #shake(
    connection: Connection,
    { first, headSize }: { readonly first: Uint8Array; readonly headSize: number },
  ): Promise<void> {
    const head = latin1(first.subarray(0, headSize));
    const { accepted, text } = await answerHandshake(head);
    await connection.write(new TextEncoder().encode(text));
    if (!accepted || this.#closed) return connection.close();
    const rest = first.slice(headSize);
    const { mqtt, timers } = this.#options;
    mqtt!(new WebSocketConnection({ socket: connection, rest, timers }));
  }
}

/** Whether these bytes are, or may become, a request for MQTT over WebSocket. */
function mayBeMqtt(bytes: Uint8Array): boolean {
  const start = latin1(bytes.subarray(0, MQTT_REQUEST_START.length + 1));
  return start.length <= MQTT_REQUEST_START.length
    ? MQTT_REQUEST_START.startsWith(start)
    : isMqttRequest(start);
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(2 * bytes.length, HTTP_FRONT_HEAD_BYTES_MAX));
  larger.set(bytes);
  return larger;
}

/** Bytes of a request's head with its empty line; 0 while that is not there. */
function headSizeOf(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++) {
    const ends = bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 &&
      bytes[at - 3] === 13;
    if (ends) return at + 1;
  }
  return 0;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
