/**
 * MQTT over WebSocket [MQTT-6.0.0-1 to -4]: a connection in which the bytes of MQTT travel inside
 * binary frames. Packets may span frames and frames may hold many packets, so what is read is a
 * plain stream again; each write is one frame. Nothing is read ahead: whoever does not read holds
 * the client back as on a bare socket.
 *
 * @module
 */
import { concat } from "../../base/bytes.ts";
import type { Timers } from "../../base/clock.ts";
import type { Connection, Transport } from "../../base/net.ts";
import {
  CloseCode,
  closeFrame,
  FrameFault,
  frameHeader,
  FrameReader,
  Opcode,
} from "../../protocol/websocket/frame.ts";

/** A payload up to this many bytes leaves with its header in one piece; a larger one is not copied. */
const JOIN_BYTES_MAX = 16 * 1024;

/** A closing connection waits so long for its last frame to be taken. */
const CLOSE_MS = 1_000;

export interface WebSocketConnectionOptions {
  /** The socket below, its opening handshake done. */
  readonly socket: Connection;
  /** What was read behind the handshake. */
  readonly rest: Uint8Array;
  readonly timers: Timers;
}

export class WebSocketConnection implements Connection {
  readonly remote: string;
  readonly transport: Transport;
  readonly #socket: Connection;
  readonly #timers: Timers;
  readonly #frames: FrameReader;
  #rest: Uint8Array;
  /** The other side said that it closes. */
  #ended = false;
  #closed = false;
  #closeCode: CloseCode = CloseCode.Normal;
  /** The write under way; it never rejects. */
  #busy: Promise<void> | null = null;
  /** Of pings that came during a write only the last is answered: RFC 6455 §5.5.3 allows it. */
  #pong: Uint8Array | null = null;

  constructor({ socket, rest, timers }: WebSocketConnectionOptions) {
    this.#socket = socket;
    this.#timers = timers;
    this.#rest = rest;
    this.remote = socket.remote;
    this.transport = socket.transport === "tls" ? "wss" : "ws";
    this.#frames = new FrameReader({
      ping: (payload) => this.#answerPing(payload),
      closed: () => this.#ended = true,
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#ended) return null;
      const read = await this.#readRaw(into);
      if (read === null) return null;
      try {
        const size = this.#frames.take(into.subarray(0, read));
        if (size > 0) return size;
      } catch (error) {
        if (error instanceof FrameFault) this.#closeCode = error.code;
        throw error;
      }
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#busy !== null) return this.#busy.then(() => this.write(bytes));
    return this.#alone(this.#writeBinary(bytes));
  }

  /** A last frame says that it ends, unless the other side does not even take what was before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#busy !== null) return this.#socket.close();
    const close = () => {
      cancel();
      this.#socket.close();
    };
    const cancel = this.#timers.after(CLOSE_MS, () => this.#socket.close());
    this.#socket.write(closeFrame(this.#closeCode)).then(close, close);
  }

  #readRaw(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) return this.#socket.read(into);
    const size = Math.min(this.#rest.length, into.length);
    into.set(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
    return Promise.resolve(size);
  }

  async #writeBinary(bytes: Uint8Array): Promise<void> {
    const header = frameHeader(Opcode.Binary, bytes.length);
    if (bytes.length <= JOIN_BYTES_MAX) {
      await this.#socket.write(concat([header, bytes]));
    } else {
      await this.#socket.write(header);
      await this.#socket.write(bytes);
    }
    await this.#writePongs();
  }

  #answerPing(payload: Uint8Array): void {
    this.#pong = payload;
    if (this.#busy !== null || this.#closed) return;
    // Where it fails, the socket is gone, and the next read says so.
    this.#alone(this.#writePongs()).catch(() => this.#socket.close());
  }

  async #writePongs(): Promise<void> {
    while (this.#pong !== null) {
      const payload = this.#pong;
      this.#pong = null;
      await this.#socket.write(concat([frameHeader(Opcode.Pong, payload.length), payload]));
    }
  }

  #alone(writing: Promise<void>): Promise<void> {
    const done = () => void (this.#busy = null);
    this.#busy = writing.then(done, done);
    return writing;
  }
}
