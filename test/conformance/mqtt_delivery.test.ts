/**
 * Subscribers against the real node, over real sockets: every QoS in both versions, a session that
 * outlives kill -9, many subscribers, one that reads nothing.
 */
import { connect as openSocket } from "node:net";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { connectPacket, packetOf } from "../support/mqtt_packets.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, runTool } from "../support/tools.ts";

const open: MqttClient[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.endAsync(true)));
});

interface Reader {
  readonly client: MqttClient;
  readonly got: string[];
}

async function reader(node: NodeProcess, options: IClientOptions = {}): Promise<Reader> {
  const got: string[] = [];
  const { mqttHost: host, mqttPort: port } = node;
  const client = await connectAsync({ host, port, reconnectPeriod: 0, ...options });
  client.on("error", () => {});
  client.on("message", (topic, payload) => void got.push(`${topic} ${payload}`));
  open.push(client);
  return { client, got };
}

const count = (got: readonly string[], { timeout = 20_000 } = {}) =>
  expect.poll(() => got.length, { timeout });

describe("Subscribers over TCP", () => {
  it("get each message at each QoS, in order, in both versions", async () => {
    const node = await startNodeProcess();
    for (const protocolVersion of [4, 5] as const) {
      const { client, got } = await reader(node, { protocolVersion });
      for (const qos of [0, 1, 2] as const) await client.subscribeAsync(`v/+/${qos}`, { qos });
      const writer = (await reader(node, { protocolVersion })).client;
      const expected: string[] = [];
      for (let nth = 0; nth < 300; nth++) {
        const topic = `v/${protocolVersion}/${nth % 3}`;
        await writer.publishAsync(topic, `${nth}`, { qos: (nth % 3) as 0 | 1 | 2 });
        expected.push(`${topic} ${nth}`);
      }
      await count(got).toBe(300);
      // The client shows a message of QoS 2 with its PUBREL: order holds within each QoS.
      for (const qos of ["0", "1", "2"]) {
        const ofQos = (lines: readonly string[]) =>
          lines.filter((line) => line.includes(`/${qos} `));
        expect(ofQos(got)).toEqual(ofQos(expected));
      }
    }
  });

  it("get all of it, fifty of one publisher", async () => {
    const node = await startNodeProcess();
    const readers = await Promise.all(Array.from({ length: 50 }, () => reader(node)));
    await Promise.all(readers.map(({ client }) => client.subscribeAsync("a/#", { qos: 1 })));
    const writer = (await reader(node)).client;
    const expected = Array.from({ length: 100 }, (_, nth) => `a/${nth} ${nth}`);
    await Promise.all(
      expected.map((_, nth) => writer.publishAsync(`a/${nth}`, `${nth}`, { qos: 1 })),
    );
    for (const { got } of readers) {
      await count(got).toBe(100);
      expect(got).toEqual(expected);
    }
  });

  it("go on where they were, after kill -9 of the node, with nothing lost", async () => {
    let node = await startNodeProcess();
    const lasting: IClientOptions = {
      ...{ clientId: "lasting", clean: false, protocolVersion: 5 },
      properties: { sessionExpiryInterval: 3_600 },
    };
    const before = await reader(node, lasting);
    await before.client.subscribeAsync("a/#", { qos: 2 });
    const publish = async (from: number, to: number) => {
      const writer = (await reader(node)).client;
      for (let nth = from; nth < to; nth++) {
        await writer.publishAsync("a/b", `${nth}`, { qos: nth % 2 === 0 ? 1 : 2 });
      }
    };
    await publish(0, 20);
    await count(before.got).toBe(20);
    await node.kill();
    node = await startNodeProcess({ dataDir: node.dataDir });
    await publish(20, 40);
    const after = await reader(node, lasting);
    await expect.poll(() => new Set([...before.got, ...after.got]).size, { timeout: 20_000 })
      .toBe(40);
    const numbers = after.got.map((line) => Number(line.split(" ")[1]));
    const odd = numbers.filter((number) => number % 2 === 1);
    expect(odd.filter((number) => number < 20), "QoS 2 is had once").toEqual([]);
    const fresh = numbers.filter((number) => number >= 20);
    for (const parity of [0, 1]) {
      expect(fresh.filter((number) => number % 2 === parity))
        .toEqual(Array.from({ length: 10 }, (_, nth) => 20 + 2 * nth + parity));
    }
  });

  it("that read nothing hold up nobody, and cost little", async () => {
    const node = await startNodeProcess();
    const socket = openSocket(node.mqttPort, node.mqttHost);
    socket.pause();
    socket.write(connectPacket({ clientId: "deaf" }));
    const subscriptions = [{ topic: "#", qos: 0 as const }];
    socket.write(packetOf({ cmd: "subscribe", messageId: 1, subscriptions }));
    const { client, got } = await reader(node);
    await client.subscribeAsync("a", { qos: 1 });
    const writer = (await reader(node)).client;
    const payload = "x".repeat(100_000);
    for (let nth = 0; nth < 300; nth++) await writer.publishAsync("a", payload, { qos: 1 });
    await count(got).toBe(300);
    socket.destroy();
  });
});

describe.skipIf(!hasTool("mosquitto_sub"))("mosquitto_sub", () => {
  it("gets what mosquitto_pub publishes, in both versions and every QoS", async () => {
    const node = await startNodeProcess();
    const where = ["-h", node.mqttHost, "-p", `${node.mqttPort}`];
    for (const version of ["mqttv311", "mqttv5"]) {
      for (const qos of ["0", "1", "2"]) {
        const told = ["-V", version, "-q", qos, "-t", `t/${version}/+`];
        const subscriber = runTool("mosquitto_sub", [...where, ...told, "-C", "2", "-W", "20"]);
        // Published again until it is there: nothing tells that the subscription is.
        let done = false;
        const ended = subscriber.finally(() => done = true);
        while (!done) {
          const message = ["-V", version, "-q", qos, "-t", `t/${version}/${qos}`, "-m", "hello"];
          expect((await runTool("mosquitto_pub", [...where, ...message])).code).toBe(0);
        }
        const { code, stdout, stderr } = await ended;
        expect(new TextDecoder().decode(stdout), `${version} ${qos} ${stderr}`)
          .toBe("hello\nhello\n");
        expect(code).toBe(0);
      }
    }
  });
});
