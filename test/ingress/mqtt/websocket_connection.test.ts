import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { WebSocketConnection } from "../../../src/ingress/mqtt/websocket_connection.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { HeldConnection } from "../../support/held_connection.ts";
import { clientFrame } from "../../support/websocket_frames.ts";

function open(rest: Uint8Array = new Uint8Array(0)) {
  const socket = new HeldConnection();
  const clock = new HandClock();
  return { socket, clock, connection: new WebSocketConnection({ socket, rest, timers: clock }) };
}

async function readText(connection: WebSocketConnection, size = 64): Promise<string | null> {
  const into = new Uint8Array(size);
  const read = await connection.read(into);
  return read === null ? null : new TextDecoder().decode(into.subarray(0, read));
}

/** What is to happen after the promises at hand. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("WebSocketConnection", () => {
  it("reads payloads as a stream, first what came with the handshake", async () => {
    const { socket, connection } = open(clientFrame(utf8("abc")));
    expect(await readText(connection)).toBe("abc");
    const [first, second] = [clientFrame(utf8("def"), { fin: false }), clientFrame(utf8("g"))];
    second[0] = 0x80;
    socket.push(concat([first, second]));
    expect(await readText(connection)).toBe("defg");
  });

  it("goes on reading where a read held no payload, and reads nothing ahead", async () => {
    const { socket, connection } = open();
    const read = readText(connection);
    const frame = clientFrame(utf8("abc"));
    socket.push(frame.subarray(0, 6));
    await turn();
    socket.push(frame.subarray(6));
    expect(await read).toBe("abc");
    expect(socket.isRead).toBe(false);
  });

  it("writes each piece as one frame, large ones uncopied", async () => {
    const { socket, connection } = open();
    await connection.write(utf8("ab"));
    expect([...socket.writes[0]!]).toEqual([0x82, 2, 97, 98]);
    await connection.write(new Uint8Array(70_000));
    expect(socket.writes.slice(1).map(({ length }) => length)).toEqual([10, 70_000]);
  });

  it("answers a ping, and of many that come during a write the last", async () => {
    const { socket, connection } = open();
    const read = readText(connection);
    socket.push(clientFrame(utf8("1"), { opcode: 9 }));
    await turn();
    expect([...socket.written]).toEqual([0x8a, 1, 49]);
    socket.holdWrites();
    const write = connection.write(utf8("x"));
    socket.push(concat(["2", "3"].map((text) => clientFrame(utf8(text), { opcode: 9 }))));
    await turn();
    socket.releaseWrites();
    await write;
    expect([...socket.written.subarray(3)]).toEqual([0x82, 1, 120, 0x8a, 1, 51]);
    socket.push(clientFrame(utf8("y")));
    expect(await read).toBe("y");
  });

  it("does not write a packet into a pong", async () => {
    const { socket, connection } = open();
    void readText(connection);
    socket.holdWrites();
    socket.push(clientFrame(utf8("1"), { opcode: 9 }));
    await turn();
    const write = connection.write(utf8("x"));
    await turn();
    expect(socket.writes).toHaveLength(1);
    socket.releaseWrites();
    await write;
    expect(socket.writes).toHaveLength(2);
  });

  it("ends where the client closes", async () => {
    const { socket, connection } = open();
    const read = readText(connection);
    socket.push(clientFrame(Uint8Array.of(3, 232), { opcode: 8 }));
    expect(await read).toBeNull();
    expect(await readText(connection)).toBeNull();
  });

  it("refuses a text frame and says why it closes [MQTT-6.0.0-1]", async () => {
    const { socket, connection } = open();
    const read = readText(connection);
    socket.push(clientFrame(utf8("hello"), { opcode: 1 }));
    await expect(read).rejects.toThrow("a text frame");
    connection.close();
    await turn();
    expect([...socket.written]).toEqual([0x88, 2, 1003 >>> 8, 1003 & 0xff]);
    expect(socket.closed).toBe(true);
  });

  it("cuts off a client that does not take what was written before", () => {
    const { socket, connection } = open();
    socket.holdWrites();
    void connection.write(utf8("x"));
    connection.close();
    expect(socket.closed).toBe(true);
  });

  it("waits a second for its last frame to be taken, and closes once", async () => {
    const { socket, clock, connection } = open();
    socket.holdWrites();
    connection.close();
    connection.close();
    await turn();
    expect(socket.closed).toBe(false);
    await clock.advance(1_000);
    expect(socket.closed).toBe(true);
    expect(socket.writes).toHaveLength(1);
  });

  it("names its transport by the socket below", () => {
    const transportOf = (transport: "tcp" | "tls") => {
      const socket = Object.assign(new HeldConnection(), { transport });
      return new WebSocketConnection({ socket, rest: new Uint8Array(0), timers: new HandClock() })
        .transport;
    };
    expect([transportOf("tcp"), transportOf("tls")]).toEqual(["ws", "wss"]);
  });
});
