/**
 * A subscriber as fast as it can be written here: it walks over what it reads, counts, and
 * acknowledges each read's publishes in one write.
 *
 *     back     a client of a session that lasts comes back, with either version; QoS 1
 *     stalled  one of QoS 0 is connected, and reads nothing until it is told to
 *
 * @module
 */

const READ_BYTES = 1024 * 1024;
const CONNACK = 2;
const PUBLISH = 3;
const QOS_1 = 2;
const SUBSCRIBE_ALL = [0x82, 6, 0, 1, 0, 1, 0x23, 0];

export type Version = 4 | 5;

export interface Drained {
  readonly messages: number;
  readonly payloadBytes: number;
  readonly seconds: number;
  /** Until the first message, of `seconds`. */
  readonly firstMs: number;
}

/** Comes back as that client, and reads until it had so many messages. */
export async function drain(
  port: number,
  clientId: string,
  { messages, version }: { readonly messages: number; readonly version: Version },
): Promise<Drained> {
  const startedAt = performance.now();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(connection, connectPacket(clientId, version));
  const subscriber = new Reader(connection, version, true);
  return await subscriber.read(messages, startedAt);
}

/** One of QoS 0 to all topics, connected from now on. */
export class StalledSubscriber {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<StalledSubscriber> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await writeAll(connection, connectPacket("stalled", 4, true));
    await writeAll(connection, Uint8Array.from(SUBSCRIBE_ALL));
    return new StalledSubscriber(connection);
  }

  /** Reads until it had so many messages. */
  async drain(messages: number): Promise<Drained> {
    using connection = this.#connection;
    return await new Reader(connection, 4, false).read(messages, performance.now());
  }
}

class Reader {
  readonly #connection: Deno.Conn;
  readonly #version: Version;
  readonly #hasSession: boolean;
  readonly #buffer = new Uint8Array(READ_BYTES + 2 * 1024 * 1024);
  readonly #acks = new Uint8Array(READ_BYTES);
  #ackBytes = 0;
  #messages = 0;
  #payloadBytes = 0;

  constructor(connection: Deno.Conn, version: Version, hasSession: boolean) {
    this.#connection = connection;
    this.#version = version;
    this.#hasSession = hasSession;
  }

  async read(messagesMax: number, startedAt: number): Promise<Drained> {
    let [end, firstMs] = [0, 0];
    while (this.#messages < messagesMax) {
      const read = await this.#connection.read(this.#buffer.subarray(end));
      if (read === null) throw new Error(`the server closed after ${this.#messages} messages`);
      const taken = this.#walk(end += read);
      if (firstMs === 0 && this.#messages > 0) firstMs = performance.now() - startedAt;
      this.#buffer.copyWithin(0, taken, end);
      end -= taken;
      await writeAll(this.#connection, this.#acks.subarray(0, this.#ackBytes));
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    return { messages: this.#messages, payloadBytes: this.#payloadBytes, seconds, firstMs };
  }

  /** Takes the whole packets; returns where they end. */
  #walk(end: number): number {
    this.#ackBytes = 0;
    for (let at = 0;;) {
      const packet = packetAt(this.#buffer, at, end);
      if (packet === null) return at;
      const { body, next } = packet;
      const type = this.#buffer[at]! >> 4;
      if (type === CONNACK && this.#hasSession && this.#buffer[body] !== 1) {
        throw new Error("no such session");
      }
      if (type === PUBLISH) this.#take(this.#buffer[at]!, body, next);
      at = next;
    }
  }

  #take(first: number, body: number, next: number): void {
    const buffer = this.#buffer;
    let at = body + 2 + buffer[body]! * 256 + buffer[body + 1]!;
    if (first & QOS_1) {
      this.#acks.set([0x40, 2, buffer[at]!, buffer[at + 1]!], this.#ackBytes);
      this.#ackBytes += 4;
      at += 2;
    }
    // No message of this benchmark has properties.
    if (this.#version === 5) at += 1 + buffer[at]!;
    this.#messages += 1;
    this.#payloadBytes += next - at;
  }
}

/** Where a whole packet's body begins, and the next packet; null where it is not whole. */
function packetAt(bytes: Uint8Array, at: number, end: number) {
  let [remaining, shift, body] = [0, 1, at + 1];
  for (;; shift *= 128) {
    if (body >= end) return null;
    const byte = bytes[body++]!;
    remaining += (byte & 127) * shift;
    if (byte < 128) break;
  }
  const next = body + remaining;
  return next > end ? null : { body, next };
}

function connectPacket(clientId: string, version: Version, clean = false): Uint8Array {
  const id = new TextEncoder().encode(clientId);
  // A session that lasts, and as many messages in flight as there may be.
  const properties = version === 5 ? [8, 0x11, 0, 0, 0xff, 0xff, 0x21, 0xff, 0xff] : [];
  const body = [
    ...[0, 4, 0x4d, 0x51, 0x54, 0x54, version, clean ? 2 : 0, 0, 0],
    ...[...properties, 0, id.length, ...id],
  ];
  return Uint8Array.from([0x10, body.length, ...body]);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
