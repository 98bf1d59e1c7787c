import { describe, expect, it, onTestFinished } from "vitest";
import { concat, utf8 } from "../src/base/bytes.ts";
import { HTTP_FRONT_HEAD_BYTES_MAX, HTTP_FRONT_HEAD_MS } from "../src/base/door_limits.ts";
import type { Connection } from "../src/base/net.ts";
import { HttpFront } from "../src/http_front.ts";
import { HandClock } from "./support/hand_clock.ts";
import { HeldConnection } from "./support/held_connection.ts";
import { JoinedListener } from "../src/ingress/mqtt/joined_listener.ts";
import { clientFrame, handshakeHead } from "./support/websocket_frames.ts";

function open({ mqtt = true } = {}) {
  const listener = new JoinedListener([]);
  const clock = new HandClock();
  const carried: { readonly connection: Connection; readonly first: string }[] = [];
  const clients: Connection[] = [];
  const front = new HttpFront({
    ...{ listener, timers: clock },
    carry(connection, first) {
      carried.push({ connection, first: new TextDecoder().decode(first) });
      return Promise.resolve();
    },
    mqtt: mqtt ? (client) => void clients.push(client) : null,
  });
  const running = front.run();
  onTestFinished(async () => {
    front.close();
    await running;
  });
  const visit = (...pieces: (string | Uint8Array)[]) => {
    const connection = new HeldConnection();
    for (const piece of pieces) {
      connection.push(typeof piece === "string" ? utf8(piece) : piece);
    }
    listener.offer(connection);
    return connection;
  };
  return { front, clock, carried, clients, visit };
}

const text = (connection: HeldConnection) => new TextDecoder().decode(connection.written);

describe("HttpFront", () => {
  it("carries everything that is not for /mqtt, as soon as that is clear", async () => {
    const { carried, visit } = open();
    const starts = [
      "P",
      "GET /h",
      "GET /mqtts",
      "GET /mqtt/",
      "PRI * HTTP/2.0\r\n",
      "\x16\x03\x01",
    ];
    for (const start of starts) visit(start);
    await expect.poll(() => carried.length).toBe(starts.length);
    expect(carried.map(({ first }) => first).sort()).toEqual([...starts].sort());
  });

  it("waits while it may still become a request for /mqtt", async () => {
    const { carried, visit } = open();
    const connection = visit("GET", " /mq");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(carried).toEqual([]);
    connection.push(utf8("x"));
    await expect.poll(() => carried.length).toBe(1);
    expect(carried[0]!.first).toBe("GET /mqx");
  });

  it("opens a WebSocket, and hands over what came behind the handshake", async () => {
    const { clients, visit } = open();
    const head = utf8(handshakeHead());
    for (const cut of [1, 4, 9, 10, 40, head.length - 1, head.length]) {
      const rest = concat([head.subarray(cut), clientFrame(utf8("abc"))]);
      const connection = visit(head.subarray(0, cut), rest);
      await expect.poll(() => text(connection), { message: `cut at ${cut}` }).toMatch(
        /^HTTP\/1.1 101 /,
      );
      const client = clients.pop()!;
      const into = new Uint8Array(16);
      expect(await client.read(into)).toBe(3);
      expect(new TextDecoder().decode(into.subarray(0, 3))).toBe("abc");
    }
  });

  it("refuses a handshake in HTTP's words and closes", async () => {
    const { clients, visit } = open();
    const connection = visit(handshakeHead({ "Sec-WebSocket-Protocol": "chat" }));
    await connection.untilClosed();
    expect(text(connection)).toMatch(/^HTTP\/1.1 400 /);
    expect(clients).toEqual([]);
  });

  it("carries requests for /mqtt as well where there is no MQTT", async () => {
    const { carried, visit } = open({ mqtt: false });
    visit(handshakeHead());
    await expect.poll(() => carried.length).toBe(1);
  });

  it("closes a head that does not end, and a connection that says nothing", async () => {
    const { clock, visit } = open();
    const endless = visit("GET /mqtt?", "x".repeat(HTTP_FRONT_HEAD_BYTES_MAX));
    await endless.untilClosed();
    const silent = visit();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(HTTP_FRONT_HEAD_MS);
    expect(silent.closed).toBe(true);
  });

  it("closes whoever is only arriving when it closes", async () => {
    const { front, visit } = open();
    const connection = visit("GET /m");
    await new Promise((resolve) => setTimeout(resolve, 5));
    front.close();
    expect(connection.closed).toBe(true);
  });
});
