/** WebSocket frames and handshakes as a client writes them, the wrong ones too. */
import { concat } from "../../src/base/bytes.ts";

export interface ClientFrame {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** What the header says; the payload's own length where left out. */
  readonly length?: number;
  /** 7, 16 or 64 bits; the shortest where left out. */
  readonly lengthBits?: 7 | 16 | 64;
}

const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

export function clientFrame(payload: Uint8Array, frame: ClientFrame = {}): Uint8Array {
  const { opcode = 2, fin = true, rsv = 0, masked = true, length = payload.length } = frame;
  const bits = frame.lengthBits ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64);
  const header = new Uint8Array(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | rsv | opcode;
  header[1] = (masked ? 0x80 : 0) | (bits === 7 ? length : bits === 16 ? 126 : 127);
  const view = new DataView(header.buffer);
  if (bits === 16) view.setUint16(2, length);
  if (bits === 64) view.setBigUint64(2, BigInt(length));
  if (!masked) return concat([header, payload]);
  return concat([header, KEY, payload.map((byte, at) => byte ^ KEY[at % 4]!)]);
}

/** The head of a request for MQTT over WebSocket, with headers changed or (null) left out. */
export function handshakeHead(
  changes: Readonly<Record<string, string | null>> = {},
  line = "GET /mqtt HTTP/1.1",
): string {
  const headers: Record<string, string | null> = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
    ...changes,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== null);
  return [line, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
}
