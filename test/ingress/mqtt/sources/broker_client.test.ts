/** MQTT.js against a broker that the test plays byte by byte. */
import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type BrokerEvents,
  openBroker,
} from "../../../../src/ingress/mqtt/sources/broker_client.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

/** Accepts one client after another, and answers CONNECT and SUBSCRIBE. */
async function play() {
  const sockets: Socket[] = [];
  /** What the client wrote, as hex, but for CONNECT and SUBSCRIBE. */
  const written: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      for (let at = 0; at < data.length;) {
        const type = data[at]! >>> 4;
        const end = at + 2 + data[at + 1]!;
        const packet = data.subarray(at, end);
        if (type === 1) socket.write(Uint8Array.of(0x20, 2, 0, 0));
        else if (type === 8) socket.write(Uint8Array.of(0x90, 3, packet[2]!, packet[3]!, 2));
        else written.push([...packet].map((byte) => byte.toString(16)).join(" "));
        at = end;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { readonly port: number };
  const told: string[] = [];
  const stored: (() => void)[] = [];
  const events: BrokerEvents = {
    ready: () => told.push("ready"),
    closed: () => told.push("closed"),
    trouble: (message) => told.push(message),
    message(packet, done) {
      told.push(String(packet.payload));
      stored.push(done);
      return Promise.resolve();
    },
  };
  const broker = await openBroker({
    ...{ name: "b", url: `mqtt://127.0.0.1:${port}`, topics: ["a"], qos: 2, clientId: "gw" },
    ...{ username: null, password: null, version: 4, ca: null },
  }, events);
  onTestFinished(() => broker.end());
  broker.connect();
  await expect.poll(() => told).toEqual(["ready"]);
  told.length = 0;
  return {
    broker,
    told,
    stored,
    written,
    send: (bytes: Uint8Array) => sockets.at(-1)!.write(bytes),
  };
}

const publish = (payload: string, qos: 1 | 2, messageId: number) =>
  publishPacket({ topic: "a", payload, qos, messageId });

/** For what must not come. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

describe("openBroker()", () => {
  it("hands over many messages before it acknowledges the first, and in order", async () => {
    const { told, stored, written, send, broker } = await play();
    for (const id of [1, 2, 3]) send(publish(`m${id}`, 1, id));
    await expect.poll(() => told).toEqual(["m1", "m2", "m3"]);
    expect(broker.unacknowledged).toBe(3);
    stored[2]!();
    stored[1]!();
    await pause();
    expect(written).toEqual([]);
    stored[0]!();
    await expect.poll(() => written).toEqual(["40 2 0 1", "40 2 0 2", "40 2 0 3"]);
  });

  it("has a QoS 2 message stored before PUBREC, and releases at once", async () => {
    const { told, stored, written, send } = await play();
    send(publish("m", 2, 5));
    await expect.poll(() => told).toEqual(["m"]);
    await pause();
    expect(written).toEqual([]);
    stored[0]!();
    await expect.poll(() => written).toEqual(["50 2 0 5"]);
    send(packetOf({ cmd: "pubrel", messageId: 5 }));
    await expect.poll(() => written).toEqual(["50 2 0 5", "70 2 0 5"]);
    // Not handed over a second time.
    expect(told).toEqual(["m"]);
  });

  it("answers a PUBREL it knows nothing of: the message is stored already", async () => {
    const { written, send } = await play();
    send(packetOf({ cmd: "pubrel", messageId: 9 }));
    await expect.poll(() => written).toEqual(["70 2 0 9"]);
  });

  it("sends no acknowledgement into another connection", async () => {
    const { broker, told, stored, written, send } = await play();
    send(publish("m", 1, 1));
    await expect.poll(() => told).toEqual(["m"]);
    broker.drop();
    await expect.poll(() => told).toContain("closed");
    broker.connect();
    await expect.poll(() => told).toContain("ready");
    stored[0]!();
    await pause();
    expect(written).toEqual([]);
    send(publish("m", 1, 1));
    await expect.poll(() => stored.length).toBe(2);
    stored[1]!();
    await expect.poll(() => written).toEqual(["40 2 0 1"]);
  });
});
