/**
 * Real MQTT clients against the real node: what they publish is what curl would pull, whatever the
 * version and the quality of service. A client that is not installed is skipped by name.
 */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, runTool } from "../support/tools.ts";

interface PulledRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: unknown;
}

async function pull(node: NodeProcess, topic = "logs"): Promise<PulledRecord[]> {
  const path = `/v1/topics/${topic}/partitions/0/records?offset=earliest&max_records=10000`;
  const response = await fetch(node.http + path);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return ((await response.json()) as { records: PulledRecord[] }).records;
}

const values = async (node: NodeProcess, topic?: string) =>
  (await pull(node, topic)).map(({ value }) => value);

/** Headers as text, however the interface nests them. */
const headersOf = (record: PulledRecord | undefined) => JSON.stringify(record?.headers);

const hasMosquitto = hasTool("mosquitto_pub");

describe.skipIf(!hasMosquitto)("mosquitto_pub", () => {
  const publish = (node: NodeProcess, ...args: string[]) =>
    runTool("mosquitto_pub", ["-h", node.mqttHost, "-p", `${node.mqttPort}`, ...args]);

  it("publishes with MQTT 3.1.1 and 5, QoS 0, 1 and 2", async () => {
    const node = await startNodeProcess();
    const expected: string[] = [];
    for (const version of ["mqttv311", "mqttv5"]) {
      for (const qos of ["0", "1", "2"]) {
        const message = `${version} ${qos}`;
        const args = ["-V", version, "-q", qos, "-t", `t/${version}`, "-m", message];
        const { code, stderr } = await publish(node, ...args);
        expect(code, stderr).toBe(0);
        expected.push(message);
        // QoS 0 is not answered: wait for it, so that the order is known.
        await expect.poll(() => values(node), { timeout: 10_000 }).toEqual(expected);
      }
    }
    const records = await pull(node);
    expect(records.map(({ key }) => key)).toEqual(
      expected.map((text) => `t/${text.split(" ")[0]}`),
    );
    for (const [at, record] of records.entries()) {
      expect(headersOf(record)).toContain("mqtt.client_id");
      expect(headersOf(record)).toContain(`"${at % 3}"`);
    }
  });

  it("publishes retained, with properties, and many lines on one connection", async () => {
    const node = await startNodeProcess();
    const properties = [
      ...["-D", "publish", "user-property", "site", "north"],
      ...["-D", "publish", "content-type", "text/plain"],
      ...["-D", "publish", "message-expiry-interval", "60"],
    ];
    const first = ["-V", "mqttv5", "-q", "1", "-r", "-t", "a", "-m", "x", ...properties];
    expect((await publish(node, ...first)).code).toBe(0);
    const headers = headersOf((await pull(node))[0]);
    for (const said of ["mqtt.user.site", "north", "text/plain", "mqtt.expiry_s", "mqtt.retain"]) {
      expect(headers).toContain(said);
    }
    const lines = Array.from({ length: 500 }, (_, at) => `line ${at}`);
    const args = ["-h", node.mqttHost, "-p", `${node.mqttPort}`, "-q", "2", "-t", "b", "-l"];
    const { code } = await runTool("mosquitto_pub", args, lines.join("\n") + "\n");
    expect(code).toBe(0);
    expect(await values(node)).toEqual(["x", ...lines]);
  });

  it("is told what is refused", async () => {
    const node = await startNodeProcess();
    const refused = await publish(node, "-V", "mqttv5", "-q", "1", "-t", "$SYS/x", "-m", "x");
    expect(refused.stderr).toMatch(/not permitted|invalid|topic name/i);
    const version = await publish(node, "-V", "mqttv31", "-q", "1", "-t", "a", "-m", "x");
    expect(version.code).not.toBe(0);
    expect(version.stderr).toMatch(/protocol version/i);
  });
});

describe("MQTT.js", () => {
  const clients: MqttClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.endAsync(true);
  });

  async function open(node: NodeProcess, options: IClientOptions): Promise<MqttClient> {
    const client = connect(`mqtt://${node.mqttHost}:${node.mqttPort}`, {
      connectTimeout: 10_000,
      ...options,
    });
    clients.push(client);
    client.on("error", () => {});
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    return client;
  }

  for (const protocolVersion of [4, 5] as const) {
    it(`publishes with version ${protocolVersion}, every QoS, in order`, async () => {
      const node = await startNodeProcess();
      const client = await open(node, { protocolVersion });
      const expected: string[] = [];
      for (const qos of [0, 1, 2] as const) {
        const messages = Array.from({ length: 200 }, (_, at) => `${qos}-${at}`);
        await Promise.all(messages.map((text) => client.publishAsync("a/b", text, { qos })));
        expected.push(...messages);
      }
      await expect.poll(() => values(node), { timeout: 10_000 }).toEqual(expected);
    });
  }

  it("uses topic aliases and properties of version 5", async () => {
    const node = await startNodeProcess();
    const client = await open(node, { protocolVersion: 5, autoAssignTopicAlias: true });
    for (let nth = 0; nth < 50; nth++) {
      await client.publishAsync(`t/${nth % 20}`, `${nth}`, {
        qos: 1,
        properties: { userProperties: { n: [`${nth}`, "twice"] }, correlationData: Buffer.of(1) },
      });
    }
    const records = await pull(node);
    expect(records.map(({ key }) => key))
      .toEqual(Array.from({ length: 50 }, (_, nth) => `t/${nth % 20}`));
    expect(headersOf(records[7])).toContain("mqtt.user.n");
  });

  it("carries a payload of any bytes, up to a record's limit", async () => {
    const node = await startNodeProcess();
    const client = await open(node, { protocolVersion: 5 });
    const payload = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 31) & 0xff));
    await client.publishAsync("big", payload, { qos: 1 });
    const url = `${node.http}/v1/topics/logs/partitions/0/records?offset=earliest`;
    const page = (await (await fetch(url)).json()) as { records: { value_base64: string }[] };
    expect(Buffer.from(page.records[0]!.value_base64, "base64").equals(payload)).toBe(true);
  });

  it("sends again after kill -9 what was not acknowledged, and finds its session", async () => {
    const node = await startNodeProcess();
    const options = { protocolVersion: 4, clean: false, clientId: "dev-1", reconnectPeriod: 100 };
    const flags = ["--mqtt-port", `${node.mqttPort}`];
    const client = await open(node, options as IClientOptions);
    await client.publishAsync("a", "before", { qos: 2 });
    await node.kill();
    const later = [
      client.publishAsync("a", "while down", { qos: 2 }),
      client.publishAsync("a", "and this", { qos: 1 }),
    ];
    const present = new Promise<boolean>((resolve) =>
      client.once("connect", ({ sessionPresent }) => resolve(sessionPresent))
    );
    const again = await startNodeProcess({ dataDir: node.dataDir, flags });
    expect(await present).toBe(true);
    await Promise.all(later);
    expect(await values(again)).toEqual(["before", "while down", "and this"]);
  });

  it("is told by version 5 that the node stops, after its last acknowledgement", async () => {
    const node = await startNodeProcess();
    const client = await open(node, { protocolVersion: 5, reconnectPeriod: 0 });
    const reason = new Promise<number | undefined>((resolve) =>
      client.once("disconnect", ({ reasonCode }) => resolve(reasonCode))
    );
    await client.publishAsync("a", "x", { qos: 1 });
    const exit = await node.stop();
    expect(await reason).toBe(0x8b);
    expect(exit.code).toBe(0);
  });
});
