/**
 * Clients that are hostile by what they do over time: too slow, half gone, not reading, too many,
 * too often, or with more than there is room for. A bystander and a new client are served after
 * each, and at the end the memory is back. `LOGBOOM_HOSTILE_IDLE` sets how many idle connections
 * there are (10,000 by night).
 */
import { connect as connectSocket, type Socket } from "node:net";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bytes, connect, publish, subscribe, text, varint } from "../support/mqtt_bytes.ts";
import { HostileWorld, metric } from "../support/mqtt_hostile.ts";
import { clientFrame, handshakeHead } from "../support/websocket_frames.ts";

const IDLE = Number(process.env["LOGBOOM_HOSTILE_IDLE"] ?? 500);
const MIB = 1024 * 1024;

let world: HostileWorld;

beforeAll(async () => {
  world = await HostileWorld.start([
    ...[
      "--mqtt-websocket",
      "true",
      "--connect-timeout-ms",
      "1000",
      "--connections-max",
      `${IDLE + 1_000}`,
    ],
  ]);
});

afterAll(async () => {
  // The heap does not shrink to what it was before thousands: a second time it does not grow.
  await world.isBack(IDLE * 16 * 1024);
});

/** A bare socket to the MQTT port, or the one of HTTP. */
async function socketTo(port = world.node.mqttPort): Promise<Socket> {
  const socket = connectSocket({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

/** Resolves when the server has closed; what it said before, as hex. */
function endOf(socket: Socket): Promise<string> {
  let said = "";
  socket.on("data", (data) => said += data.toString("hex"));
  return new Promise((resolve) => {
    socket.once("end", () => resolve(said));
    socket.once("close", () => resolve(said));
  });
}

async function letIn(clientId: string, keepAlive = 0): Promise<Socket> {
  const socket = await socketTo();
  socket.write(connect({ version: 4, clientId, keepAlive }));
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

/** A byte at a time for as long as the server listens. */
async function drip(socket: Socket, content: Uint8Array, everyMs: number): Promise<void> {
  for (const byte of content) {
    if (socket.destroyed || socket.readableEnded) return;
    socket.write(bytes(byte));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const resident = () => metric(world.node, "process_resident_memory_bytes");

describe("a client that is too slow", () => {
  it("is closed when its CONNECT does not come [3.1, CONNECT in a reasonable time]", async () => {
    expect(await endOf(await socketTo())).toBe("");
    await world.serves();
  });

  it("is closed when its CONNECT drips in [3.1]", async () => {
    const socket = await socketTo();
    const ended = endOf(socket);
    void drip(socket, connect({ version: 4, clientId: "slow".repeat(20) }), 100);
    expect(await ended).toBe("");
    await world.serves();
  });

  it("may take its time over a PUBLISH, at no cost for others", async () => {
    const socket = await letIn("slow-publish");
    const packet = publish({ version: 4, topic: "a", qos: 1, id: 3, payload: "x".repeat(60) });
    const puback = new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(data.toString("hex")))
    );
    await drip(socket, packet, 20);
    expect(await puback).toBe("40020003");
    await world.serves();
  });

  it("is closed after one and a half times its keep alive [MQTT-3.1.2-22]", async () => {
    const socket = await letIn("silent", 1);
    expect(await endOf(socket)).toBe("");
    await world.serves();
  });

  it("is closed where its WebSocket says nothing, or its handshake does not end", async () => {
    const port = Number(new URL(world.node.http).port);
    const opened = await socketTo(port);
    opened.write(handshakeHead());
    expect(await endOf(opened)).toMatch(/88020(3e8)$|^485454502f312e3120313031/);
    await world.serves();
  });
});

describe("a client that is half there", () => {
  it("is closed when it sends its last byte inside a packet", async () => {
    const socket = await letIn("cut-off");
    const ended = endOf(socket);
    socket.end(bytes(0x32, 100, text("a")));
    expect(await ended).toBe("");
    await world.serves();
  });

  it("is answered what it sent before it closed its side", async () => {
    const socket = await letIn("half-closed");
    const ended = endOf(socket);
    socket.end(publish({ version: 4, topic: "a", qos: 1, id: 8, payload: "last" }));
    expect(await ended).toBe("40020008");
    await world.serves();
  });

  it("is let go when it is reset in the middle of anything", async () => {
    for (let at = 0; at < 50; at++) {
      const socket = await letIn(`reset-${at}`);
      socket.write(publish({ version: 4, topic: "a", qos: 1, payload: "x".repeat(2_000) }));
      socket.resetAndDestroy();
    }
    await world.serves();
  });
});

describe("a client that does not read", () => {
  it("costs no more than its buffers as a publisher", async () => {
    const before = await resident();
    const socket = await letIn("deaf-publisher");
    socket.pause();
    const packet = publish({ version: 4, topic: "a", qos: 1, payload: "x" });
    const many = bytes(...Array.from({ length: 2_000 }, () => packet));
    for (let at = 0; at < 200 && socket.writableLength < 4 * MIB; at++) {
      socket.write(many);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await resident() - before).toBeLessThan(64 * MIB);
    await world.serves();
  });

  it("costs no more than its window as a subscriber", async () => {
    const before = await resident();
    const deaf = await letIn("deaf-subscriber");
    deaf.write(subscribe({ version: 4, filters: [{ filter: "loud", qos: 1 }] }));
    await new Promise((resolve) => deaf.once("data", resolve));
    deaf.pause();
    const loud = await world.connect(4);
    for (let at = 0; at < 60; at++) {
      await loud.publish("loud", "x".repeat(256 * 1024), { qos: 1 });
    }
    await loud.leave();
    expect(await resident() - before).toBeLessThan(96 * MIB);
    await world.serves();
  });
});

describe("a client that wants too much", () => {
  it("gets no memory for what it claims, however many claim it", async () => {
    const before = await resident();
    const sockets = [];
    for (let at = 0; at < 100; at++) {
      const socket = await letIn(`claims-${at}`);
      socket.write(bytes(0x32, varint(1_100_000), text("a")));
      sockets.push(socket);
    }
    await world.serves();
    expect(await resident() - before).toBeLessThan(16 * MIB);
    for (const socket of sockets) socket.destroy();
  });

  it("is held back while all of them fill the room for large packets", async () => {
    const before = await resident();
    const part = bytes(0x32, varint(1_100_000), text("a"), new Uint8Array(1_000_000));
    const sockets = [];
    for (let at = 0; at < 60; at++) {
      const socket = await letIn(`fills-${at}`);
      socket.write(part);
      sockets.push(socket);
    }
    await world.serves();
    expect(await resident() - before).toBeLessThan(96 * MIB);
    for (const socket of sockets) socket.destroy();
  });

  it("sends fragments of a WebSocket without end, and they cost nothing", async () => {
    const port = Number(new URL(world.node.http).port);
    const before = await resident();
    const socket = await socketTo(port);
    socket.write(handshakeHead());
    await new Promise((resolve) => socket.once("data", resolve));
    socket.write(clientFrame(connect({ version: 4, clientId: "fragments" }), { fin: false }));
    await new Promise((resolve) => socket.once("data", resolve));
    const piece = clientFrame(
      publish({ version: 4, topic: "a", payload: new Uint8Array(64 * 1024) }),
      { opcode: 0, fin: false },
    );
    for (let at = 0; at < 500; at++) {
      if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
    }
    expect(await resident() - before).toBeLessThan(64 * MIB);
    await world.serves();
  });
});

describe("clients that are too many, or come too often", () => {
  it(`are ${IDLE} and idle, and cost little`, async () => {
    const before = await resident();
    const sockets: Socket[] = [];
    for (let at = 0; at < IDLE; at++) sockets.push(await letIn(`idle-${at}`));
    const grown = await resident() - before;
    // Measured about 12 KB each; the first few hundred also warm up what is there once.
    expect(grown).toBeLessThan(24 * MIB + IDLE * 24 * 1024);
    await world.serves();
    for (const socket of sockets) socket.destroy();
  });

  it("come and go as fast as they can", async () => {
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 50 }, (_, at) => letIn(`storm-${round}-${at}`)),
      );
      for (const socket of sockets) socket.destroy();
    }
    await world.serves();
  });

  it("fight for one identifier until they are told that it is too often [0x9F]", async () => {
    const codes = new Set<string>();
    for (let at = 0; at < 200; at++) {
      const client = await world.open(5);
      client.send(connect({ version: 5, clientId: "twin" }));
      codes.add(String((await client.take("connack")).code));
      client.drop();
    }
    expect([...codes].sort()).toEqual(["0", "159"]);
    await world.serves();
    expect(await metric(world.node, "logboom_mqtt_refusals_total")).toBeGreaterThan(50);
  });
});
