/**
 * A gateway that subscribes to a broker already there, with a real mosquitto: what the broker
 * acknowledged to a publisher is at the gateway, whoever was killed in between.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasMosquitto, Mosquitto } from "../support/mosquitto.ts";
import { type NodeProcess, startNodeProcess, temporaryDirectory } from "../support/process.ts";

interface Pulled {
  readonly key: string;
  readonly value: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

async function pull(node: NodeProcess): Promise<Pulled[]> {
  const records: Pulled[] = [];
  for (let offset = 0;;) {
    const path = `/v1/topics/logs/partitions/0/records?offset=${offset}&max_records=10000`;
    const response = await fetch(node.http + path);
    if (!response.ok) {
      await response.body?.cancel();
      return records;
    }
    const page = await response.json() as { records: Pulled[]; next_offset: number };
    records.push(...page.records);
    if (page.next_offset === offset) return records;
    offset = page.next_offset;
  }
}

const values = async (node: NodeProcess) => (await pull(node)).map(({ value }) => value);

function configFile(yaml: string): string {
  const path = join(temporaryDirectory(), "gateway.yaml");
  writeFileSync(path, yaml);
  return path;
}

function gateway(yaml: string, dataDir?: string): Promise<NodeProcess> {
  const flags = ["--config", configFile(yaml), "--node-name", "gw"];
  return startNodeProcess({ flags, ...(dataDir !== undefined && { dataDir }) });
}

async function publisher(broker: Mosquitto, protocolVersion: 4 | 5 = 5): Promise<MqttClient> {
  const client = connect(broker.url, {
    ...{ protocolVersion, reconnectPeriod: 100 },
    // With a clean session a broker that restarts forgets QoS 2 messages it has not been told to
    // release, and acknowledges the release all the same.
    ...{ clean: false, clientId: "publisher", properties: { sessionExpiryInterval: 3_600 } },
  });
  onTestFinished(() => client.endAsync(true));
  client.on("error", () => {});
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return client;
}

async function connected(node: NodeProcess): Promise<void> {
  const metric = async () =>
    (await (await fetch(`${node.http}/metrics`)).text())
      .split("\n").find((line) => line.startsWith("logboom_mqtt_source_connected{"));
  await expect.poll(metric, { timeout: 20_000 }).toMatch(/ 1$/);
}

describe.skipIf(!hasMosquitto)("a source", () => {
  for (const version of ["3.1.1", "5"] as const) {
    it(`takes what a broker has, version ${version}, every QoS`, async () => {
      const broker = await Mosquitto.start();
      const node = await gateway(
        `sources: [{ mqtt: "${broker.url}", topics: ["plant/#"], qos: 2, version: "${version}" }]`,
      );
      await connected(node);
      const client = await publisher(broker);
      const expected: string[] = [];
      for (const qos of [0, 1, 2] as const) {
        const messages = Array.from({ length: 300 }, (_, at) => `${qos}-${at}`);
        await Promise.all(messages.map((text) => client.publishAsync("plant/a", text, { qos })));
        expected.push(...messages);
        await expect.poll(() => values(node), { timeout: 20_000 }).toEqual(expected);
      }
      await client.publishAsync("other/a", "not asked for", { qos: 1 });
      await client.publishAsync("plant/b", "with properties", {
        qos: 1,
        properties: { contentType: "text/plain", userProperties: { site: "north" } },
      });
      await expect.poll(() => values(node)).toContain("with properties");
      const last = (await pull(node)).at(-1)!;
      expect(last.key).toBe("plant/b");
      const headers = Object.fromEntries(last.headers.map(({ key, value }) => [key, value]));
      expect(headers["mqtt.client_id"]).toMatch(/^logboom-gw-127\.0\.0\.1:/);
      if (version === "5") {
        expect(headers).toMatchObject({ "content-type": "text/plain", "mqtt.user.site": "north" });
      }
      expect(await values(node)).not.toContain("not asked for");
    });
  }

  for (const qos of [1, 2] as const) {
    it(`loses nothing of QoS ${qos} when the gateway is killed and the broker restarts`, async () => {
      const broker = await Mosquitto.start();
      const yaml = `sources: [{ mqtt: "${broker.url}", topics: ["#"], qos: ${qos} }]`;
      let node = await gateway(yaml);
      await connected(node);
      const client = await publisher(broker);
      const acknowledged: string[] = [];
      let publishing = true;
      const load = (async () => {
        for (let at = 0; publishing; at++) {
          const message = `message ${at}`;
          // Eight at a time, so that some are always on their way.
          const sent = client.publishAsync("a/b", message, { qos }).then(() => {
            acknowledged.push(message);
          }, () => {});
          if (at % 8 === 7) await sent;
        }
      })();
      const enough = (count: number) =>
        expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(count);
      await enough(300);
      for (let round = 0; round < 3; round++) {
        await node.kill();
        await enough(acknowledged.length + 200);
        node = await gateway(yaml, node.dataDir);
        await enough(acknowledged.length + 200);
      }
      await broker.stop();
      await broker.start();
      await connected(node);
      await enough(acknowledged.length + 200);
      publishing = false;
      await load;
      await client.publishAsync("a/b", "the end", { qos: 1 });
      await expect.poll(() => values(node), { timeout: 30_000 }).toContain("the end");
      const missing = async () => {
        const taken = new Set(await values(node));
        return acknowledged.filter((message) => !taken.has(message));
      };
      await expect.poll(missing, { timeout: 30_000 }).toEqual([]);
    });
  }

  it("waits for a broker that is not there, and serves meanwhile", async () => {
    const broker = await Mosquitto.start();
    await broker.stop();
    const node = await gateway(`sources: [{ mqtt: "${broker.url}", topics: [a] }]`);
    expect((await fetch(`${node.http}/readyz`)).status).toBe(200);
    await broker.start();
    await connected(node);
    const client = await publisher(broker);
    await client.publishAsync("a", "late", { qos: 1 });
    await expect.poll(() => values(node)).toEqual(["late"]);
    expect((await node.stop()).code).toBe(0);
  });

  it("says why a broker does not let it in", async () => {
    const passwords = join(temporaryDirectory(), "passwords");
    writeFileSync(passwords, "");
    const broker = await Mosquitto.start(["allow_anonymous false", `password_file ${passwords}`]);
    const node = await gateway(
      `sources: [{ mqtt: "${broker.url}", topics: [a], username: u, password: wrong-one }]`,
    );
    await expect.poll(() => node.output().stderr, { timeout: 20_000 }).toMatch(
      /mqtt_source_failed.*[Nn]ot authorized/,
    );
    expect(node.output().stderr).not.toContain("wrong-one");
  });
});
