/**
 * Frames taken apart. Method: every stream is read whole and in every way of cutting it in two, and
 * must come to the same; vectors are those of RFC 6455 §5.7.
 */
import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import {
  CloseCode,
  closeFrame,
  FrameFault,
  frameHeader,
  FrameReader,
  Opcode,
} from "../../../src/protocol/websocket/frame.ts";
import { clientFrame } from "../../support/websocket_frames.ts";

interface Seen {
  readonly payload: string;
  readonly pings: readonly string[];
  readonly closed: boolean;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function read(pieces: readonly Uint8Array[]): Seen {
  const pings: string[] = [];
  let closed = false;
  const reader = new FrameReader({
    ping: (payload) => pings.push(text(payload)),
    closed: () => closed = true,
  });
  let payload = "";
  for (const piece of pieces) {
    const bytes = piece.slice();
    payload += text(bytes.subarray(0, reader.take(bytes)));
  }
  return { payload, pings, closed };
}

function faultOf(bytes: Uint8Array): CloseCode | null {
  try {
    read([bytes]);
    return null;
  } catch (error) {
    return (error as FrameFault).code;
  }
}

describe("FrameReader", () => {
  it("reads the masked vector of RFC 6455", () => {
    // Its opcode is text; a binary one differs in that bit only.
    const vector = Uint8Array.of(0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
    expect(read([vector]).payload).toBe("Hello");
    expect(clientFrame(utf8("Hello"))).toEqual(vector);
  });

  it("makes one stream of frames, fragments and control frames, however it is cut", () => {
    const stream = concat([
      clientFrame(utf8("one")),
      clientFrame(utf8("tw"), { fin: false }),
      clientFrame(utf8("are you there"), { opcode: Opcode.Ping }),
      clientFrame(new Uint8Array(0), { opcode: Opcode.Continuation, fin: false }),
      clientFrame(utf8("o"), { opcode: Opcode.Continuation }),
      clientFrame(utf8("unasked"), { opcode: Opcode.Pong }),
      clientFrame(utf8("x".repeat(300))),
      clientFrame(utf8("y"), { lengthBits: 64 }),
      clientFrame(Uint8Array.of(3, 232), { opcode: Opcode.Close }),
      clientFrame(utf8("after the end")),
    ]);
    const expected = {
      payload: `onetwo${"x".repeat(300)}y`,
      pings: ["are you there"],
      closed: true,
    };
    expect(read([stream])).toEqual(expected);
    for (let at = 1; at < stream.length; at++) {
      expect(read([stream.subarray(0, at), stream.subarray(at)]), `cut at ${at}`).toEqual(expected);
    }
  });

  it.each<[string, Uint8Array, CloseCode]>([
    ["text", clientFrame(utf8("a"), { opcode: Opcode.Text }), CloseCode.UnsupportedData],
    ["no mask", clientFrame(utf8("a"), { masked: false }), CloseCode.ProtocolError],
    ["reserved bits", clientFrame(utf8("a"), { rsv: 0x40 }), CloseCode.ProtocolError],
    ["opcode 3", clientFrame(utf8("a"), { opcode: 3 }), CloseCode.ProtocolError],
    ["opcode 11", clientFrame(utf8("a"), { opcode: 11 }), CloseCode.ProtocolError],
    ["a continuation of nothing", clientFrame(utf8("a"), { opcode: 0 }), CloseCode.ProtocolError],
    [
      "a message in a message",
      concat([clientFrame(utf8("a"), { fin: false }), clientFrame(utf8("b"))]),
      CloseCode.ProtocolError,
    ],
    [
      "a ping in pieces",
      clientFrame(utf8("a"), { opcode: 9, fin: false }),
      CloseCode.ProtocolError,
    ],
    ["a long ping", clientFrame(new Uint8Array(126), { opcode: 9 }), CloseCode.ProtocolError],
    [
      "a length of 2^63",
      clientFrame(utf8("a"), { length: 2 ** 63, lengthBits: 64 }),
      CloseCode.ProtocolError,
    ],
  ])("refuses %s", (_name, bytes, code) => {
    expect(faultOf(bytes)).toBe(code);
  });

  it("says no mask at the second byte, though the header is not whole", () => {
    expect(faultOf(Uint8Array.of(0x82, 0x05))).toBe(CloseCode.ProtocolError);
  });
});

describe("frameHeader()", () => {
  it("takes the shortest form of each length", () => {
    const sizes = [0, 125, 126, 65_535, 65_536, 2 ** 32].map((
      length,
    ) => [...frameHeader(Opcode.Binary, length)]);
    expect(sizes).toEqual([
      [0x82, 0],
      [0x82, 125],
      [0x82, 126, 0, 126],
      [0x82, 126, 255, 255],
      [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0],
      [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0],
    ]);
  });
});

describe("closeFrame()", () => {
  it("carries its code", () => {
    expect([...closeFrame(CloseCode.Normal)]).toEqual([0x88, 2, 3, 232]);
  });
});
