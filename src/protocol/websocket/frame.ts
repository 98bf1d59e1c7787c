/**
 * WebSocket frames (RFC 6455 §5) as a server sees them: taken apart in the very bytes they were
 * read into, so that a payload of any length costs no memory beyond the reader's own buffer.
 *
 *     byte 0     FIN 0x80 · RSV 0x70 (none here) · opcode 0x0f
 *     byte 1     MASK 0x80 (always from a client) · length 0..125, 126: u16 follows, 127: u64
 *     0, 2, 8    the longer length, big-endian
 *     0, 4       the masking key, where MASK is set
 *     …          payload; byte i is XORed with key byte i mod 4
 *
 * @module
 */

export const Opcode = {
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xa,
} as const;

export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Why a connection is closed: RFC 6455 §7.4.1. */
export const CloseCode = {
  Normal: 1000,
  ProtocolError: 1002,
  UnsupportedData: 1003,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Payload bytes of a control frame: RFC 6455 §5.5. */
const CONTROL_BYTES_MAX = 125;

const HEADER_BYTES_MAX = 14;
const FIN = 0x80;
const RSV = 0x70;
const MASK = 0x80;
const CONTROL = 0x08;

/** What a client may not send; the connection is closed with `code`. */
export class FrameFault extends Error {
  override name = "FrameFault";
  readonly code: CloseCode;

  constructor(message: string, code: CloseCode) {
    super(message);
    this.code = code;
  }
}

export interface FrameEvents {
  ping(payload: Uint8Array): void;
  /** The other side closes: nothing more comes. */
  closed(): void;
}

/** Takes a client's stream of binary messages apart; where messages begin and end is not kept. */
export class FrameReader {
  readonly #events: FrameEvents;
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerSize = 0;
  readonly #key = new Uint8Array(4);
  #keyAt = 0;
  /** Payload bytes of the frame at hand that are still to come. */
  #left = 0;
  #opcode: number = Opcode.Binary;
  /** Whether a message has begun whose last frame was not seen. */
  #inMessage = false;
  /** The payload of a control frame that is not whole yet. */
  #control = new Uint8Array(0);
  #controlSize = 0;
  #closed = false;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /**
   * Takes what was read apart in place: payload is moved to the front, unmasked; returns its size.
   *
   * @throws {FrameFault}
   */
  take(bytes: Uint8Array): number {
    let size = 0;
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (this.#left === 0) {
        at += this.#takeHeader(bytes, at);
        continue;
      }
      const count = Math.min(this.#left, bytes.length - at);
      if ((this.#opcode & CONTROL) === 0) {
        this.#unmask(bytes, at, { into: bytes, to: size, count });
        size += count;
      } else {
        this.#unmask(bytes, at, { into: this.#control, to: this.#controlSize, count });
        this.#controlSize += count;
      }
      at += count;
      this.#left -= count;
      if (this.#left === 0) this.#frameDone();
    }
    return size;
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    let taken = 0;
    while (at + taken < bytes.length) {
      this.#header[this.#headerSize++] = bytes[at + taken++]!;
      if (this.#headerSize === 2) this.#checkFirstBytes();
      if (this.#headerSize < 2 || this.#headerSize < this.#headerWanted()) continue;
      this.#begin();
      break;
    }
    return taken;
  }

  #headerWanted(): number {
    const length = this.#header[1]! & 0x7f;
    return 6 + (length === 126 ? 2 : length === 127 ? 8 : 0);
  }

  #checkFirstBytes(): void {
    if ((this.#header[0]! & RSV) !== 0) throw fault("reserved bits are set");
    if ((this.#header[1]! & MASK) === 0) throw fault("a client's frame is not masked");
  }

  /** The header is whole. */
  #begin(): void {
    const size = this.#headerSize;
    this.#headerSize = 0;
    this.#opcode = this.#header[0]! & 0x0f;
    this.#key.set(this.#header.subarray(size - 4, size));
    this.#keyAt = 0;
    this.#left = payloadLength(this.#header);
    const fin = (this.#header[0]! & FIN) !== 0;
    if ((this.#opcode & CONTROL) === 0) this.#beginData(fin);
    else this.#beginControl(fin);
    if (this.#left === 0) this.#frameDone();
  }

  #beginData(fin: boolean): void {
    if (this.#opcode === Opcode.Text) {
      // [MQTT-6.0.0-1]: packets are sent in binary data frames.
      throw new FrameFault("a text frame", CloseCode.UnsupportedData);
    }
    if (this.#opcode !== Opcode.Binary && this.#opcode !== Opcode.Continuation) {
      throw fault(`opcode ${this.#opcode} means nothing`);
    }
    if ((this.#opcode === Opcode.Continuation) !== this.#inMessage) {
      throw fault("a continuation without a beginning, or a beginning inside a message");
    }
    this.#inMessage = !fin;
  }

  #beginControl(fin: boolean): void {
    const known = this.#opcode === Opcode.Close || this.#opcode === Opcode.Ping ||
      this.#opcode === Opcode.Pong;
    if (!known) throw fault(`opcode ${this.#opcode} means nothing`);
    if (!fin || this.#left > CONTROL_BYTES_MAX) throw fault("a control frame in pieces, or long");
    this.#control = new Uint8Array(this.#left);
    this.#controlSize = 0;
  }

  #frameDone(): void {
    if (this.#opcode === Opcode.Ping) this.#events.ping(this.#control);
    if (this.#opcode !== Opcode.Close) return;
    this.#closed = true;
    this.#events.closed();
  }

  #unmask(
    bytes: Uint8Array,
    from: number,
    { into, to, count }: { readonly into: Uint8Array; readonly to: number; readonly count: number },
  ): void {
    const key = this.#key;
    const first = this.#keyAt;
    for (let at = 0; at < count; at++) {
      into[to + at] = bytes[from + at]! ^ key[(first + at) & 3]!;
    }
    this.#keyAt = (first + count) & 3;
  }
}

/** The header of a whole frame a server sends: never masked. */
export function frameHeader(opcode: Opcode, length: number): Uint8Array {
  const first = FIN | opcode;
  if (length <= 125) return Uint8Array.of(first, length);
  if (length < 65_536) return Uint8Array.of(first, 126, length >>> 8, length & 0xff);
  const header = Uint8Array.of(first, 127, 0, 0, 0, 0, 0, 0, 0, 0);
  new DataView(header.buffer).setBigUint64(2, BigInt(length));
  return header;
}

export function closeFrame(code: CloseCode): Uint8Array {
  return Uint8Array.of(FIN | Opcode.Close, 2, code >>> 8, code & 0xff);
}

function payloadLength(header: Uint8Array): number {
  const length = header[1]! & 0x7f;
  if (length < 126) return length;
  const view = new DataView(header.buffer, header.byteOffset);
  if (length === 126) return view.getUint16(2);
  const long = view.getBigUint64(2);
  if (long > BigInt(Number.MAX_SAFE_INTEGER)) throw fault("a length that cannot be meant");
  return Number(long);
}

function fault(message: string): FrameFault {
  return new FrameFault(message, CloseCode.ProtocolError);
}
