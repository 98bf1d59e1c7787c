/**
 * A subscriber of MQTT 3.1.1 whose session lasts, as fast as it can be written here: it walks over
 * what it reads, counts, and acknowledges each read's publishes in one write.
 *
 * @module
 */

const READ_BYTES = 1024 * 1024;
const CONNACK = 2;
const PUBLISH = 3;

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
  messagesMax: number,
): Promise<Drained> {
  const startedAt = performance.now();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(connection, connectPacket(clientId));
  const buffer = new Uint8Array(READ_BYTES + 2 * 1024 * 1024);
  const acks = new Uint8Array(READ_BYTES);
  let [end, messages, payloadBytes, firstMs] = [0, 0, 0, 0];
  while (messages < messagesMax) {
    const read = await connection.read(buffer.subarray(end));
    if (read === null) throw new Error(`the server closed after ${messages} messages`);
    end += read;
    let [at, ackBytes] = [0, 0];
    for (;;) {
      const packet = packetAt(buffer, at, end);
      if (packet === null) break;
      const { body, next } = packet;
      if (buffer[at]! >> 4 === CONNACK && buffer[body] !== 1) throw new Error("no such session");
      if (buffer[at]! >> 4 === PUBLISH) {
        if (messages++ === 0) firstMs = performance.now() - startedAt;
        const id = body + 2 + buffer[body]! * 256 + buffer[body + 1]!;
        acks.set([0x40, 2, buffer[id]!, buffer[id + 1]!], ackBytes);
        ackBytes += 4;
        payloadBytes += next - id - 2;
      }
      at = next;
    }
    buffer.copyWithin(0, at, end);
    end -= at;
    await writeAll(connection, acks.subarray(0, ackBytes));
  }
  return { messages, payloadBytes, seconds: (performance.now() - startedAt) / 1_000, firstMs };
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

function connectPacket(clientId: string): Uint8Array {
  const id = new TextEncoder().encode(clientId);
  const head = [0x10, 12 + id.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0, 0, 0, 0, id.length];
  return Uint8Array.from([...head, ...id]);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
