/**
 * Real MQTT clients that subscribe: what one publishes, the other gets, whatever the version and
 * the quality of service. A client that is not installed is skipped by name; `.ci/run` installs it.
 */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, type RunningTool, runTool, startTool } from "../support/tools.ts";

const VERSIONS = ["mqttv311", "mqttv5"] as const;

let node: NodeProcess;
let topics = 0;
const tools: RunningTool[] = [];
const clients: MqttClient[] = [];

beforeAll(async () => {
  node = await startNodeProcess({ lifetime: "file" });
});

afterEach(async () => {
  for (const tool of tools.splice(0)) tool.kill();
  for (const client of clients.splice(0)) await client.endAsync(true);
});

/** A topic of the test alone. */
const topic = () => `t${++topics}/x`;

async function publish(...args: string[]): Promise<void> {
  const { code, stderr } = await runTool("mosquitto_pub", [...address(node), ...args]);
  expect(code, stderr).toBe(0);
}

const address = ({ mqttHost, mqttPort }: NodeProcess) => ["-h", mqttHost, "-p", `${mqttPort}`];

/** A mosquitto_sub whose subscriptions have been granted. */
async function subscribe(...args: string[]): Promise<RunningTool> {
  // Into a pipe it would say nothing before it has said a lot.
  const tool = startTool("stdbuf", ["-oL", "mosquitto_sub", ...address(node), "-d", ...args]);
  tools.push(tool);
  await tool.line(/received SUBACK/);
  return tool;
}

/** The lines that begin with this mark, without it. */
function marked(output: string, mark = "got "): string[] {
  return output.split("\n").filter((line) => line.startsWith(mark)).map((line) =>
    line.slice(mark.length)
  );
}

describe.skipIf(!hasTool("mosquitto_sub"))("mosquitto_pub and mosquitto_sub", () => {
  for (const version of VERSIONS) {
    it(`deliver with ${version}, every QoS`, async () => {
      const name = topic();
      const expected = [];
      const args = [
        "-V",
        version,
        "-q",
        "2",
        "-t",
        `${name}/+`,
        "-C",
        "6",
        "-F",
        "got %t %q %r %p",
      ];
      const subscriber = await subscribe(...args);
      for (const from of VERSIONS) {
        for (const qos of ["0", "1", "2"]) {
          await publish("-V", from, "-q", qos, "-t", `${name}/${qos}`, "-m", from);
          expected.push(`${name}/${qos} ${qos} 0 ${from}`);
        }
      }
      expect(marked(await subscriber.ended).toSorted()).toEqual(expected.toSorted());
    });

    it(`deliver with ${version} what was retained, until it is taken back`, async () => {
      const name = topic();
      await publish("-V", version, "-q", "1", "-r", "-t", name, "-m", "kept");
      const args = ["-V", version, "-q", "1", "-t", name, "-C", "1", "-F", "got %r %p"];
      expect(marked(await (await subscribe(...args)).ended)).toEqual(["1 kept"]);
      await publish("-V", version, "-q", "1", "-r", "-t", name, "-n");
      const late = await subscribe(...args);
      await publish("-V", version, "-q", "1", "-t", name, "-m", "live");
      expect(marked(await late.ended)).toEqual(["0 live"]);
    });

    it(`deliver with ${version} the will of a client that was killed`, async () => {
      const name = topic();
      const watcher = await subscribe("-V", version, "-t", name, "-C", "1", "-F", "got %p");
      const will = ["--will-topic", name, "--will-payload", "gone", "--will-qos", "1"];
      (await subscribe("-V", version, "-t", `${name}/none`, ...will)).kill();
      expect(marked(await watcher.ended)).toEqual(["gone"]);
    });

    it(`share a subscription with ${version}`, async () => {
      const name = topic();
      const shared = ["-V", version, "-q", "1", "-t", `$share/g/${name}`, "-F", "got %p"];
      const members = [await subscribe(...shared), await subscribe(...shared)];
      const lines = Array.from({ length: 40 }, (_, nth) => `${nth}`);
      const args = [...address(node), "-q", "1", "-t", name, "-l"];
      expect((await runTool("mosquitto_pub", args, `${lines.join("\n")}\n`)).code).toBe(0);
      const got = () => members.map((member) => marked(member.output()));
      await expect.poll(() => got().flat().length, { timeout: 20_000 }).toBe(40);
      expect(got().flat().toSorted((a, b) => Number(a) - Number(b))).toEqual(lines);
      expect(got().every((one) => one.length > 0)).toBe(true);
    });

    it(`deliver with ${version} what came while the subscriber was away`, async () => {
      const name = topic();
      const session = ["-V", version, "-c", "-i", `away-${name}`, "-q", "2", "-t", name];
      if (version === "mqttv5") session.push("-x", "3600");
      const first = startTool("mosquitto_sub", [...address(node), ...session, "-E"]);
      await first.ended;
      const lines = Array.from({ length: 200 }, (_, nth) => `got ${nth}`);
      const args = [...address(node), "-q", "2", "-t", name, "-l"];
      expect((await runTool("mosquitto_pub", args, `${lines.join("\n")}\n`)).code).toBe(0);
      const back = startTool("mosquitto_sub", [...address(node), ...session, "-C", "200"]);
      tools.push(back);
      expect(marked(await back.ended)).toEqual(lines.map((line) => line.slice(4)));
    });
  }

  for (const version of VERSIONS) {
    it.skipIf(!hasTool("mosquitto_rr"))(
      `ask and answer with mosquitto_rr, ${version}`,
      async () => {
        const name = topic();
        const responder = await open({ protocolVersion: 5 });
        responder.on("message", (_, payload, { properties }) => {
          const answer = properties?.responseTopic ?? `${name}/answer`;
          const { correlationData } = properties ?? {};
          responder.publish(answer, `you said ${payload}`, {
            qos: 1,
            ...(correlationData === undefined ? {} : { properties: { correlationData } }),
          });
        });
        await responder.subscribeAsync(`${name}/ask`, { qos: 1 });
        const args = ["-V", version, "-q", "1", "-t", `${name}/ask`, "-e", `${name}/answer`];
        const { stdout } = await runTool("mosquitto_rr", [
          ...address(node),
          ...args,
          ...["-m", "hello", "-W", "20"],
        ]);
        expect(new TextDecoder().decode(stdout)).toBe("you said hello\n");
      },
    );
  }
});

async function open(options: IClientOptions): Promise<MqttClient> {
  const { mqttHost, mqttPort } = node;
  const client = connect(`mqtt://${mqttHost}:${mqttPort}`, { connectTimeout: 10_000, ...options });
  clients.push(client);
  client.on("error", () => {});
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return client;
}

/** What comes to a client, as text. */
function collect(client: MqttClient): string[] {
  const got: string[] = [];
  client.on("message", (name, payload, { qos }) => got.push(`${name} ${qos} ${payload}`));
  return got;
}

describe("MQTT.js", () => {
  for (const protocolVersion of [4, 5] as const) {
    it(`delivers with version ${protocolVersion}, every QoS, in order`, async () => {
      const name = topic();
      const [publisher, subscriber] = [
        await open({ protocolVersion }),
        await open({
          protocolVersion,
        }),
      ];
      const got = collect(subscriber);
      await subscriber.subscribeAsync(`${name}/#`, { qos: 2 });
      for (const qos of [0, 1, 2] as const) {
        const payloads = Array.from({ length: 300 }, (_, nth) => `${nth}`);
        await Promise.all(
          payloads.map((payload) => publisher.publishAsync(`${name}/${qos}`, payload, { qos })),
        );
        const expected = payloads.map((payload) => `${name}/${qos} ${qos} ${payload}`);
        await expect.poll(() => got.length, { timeout: 20_000 }).toBe(expected.length);
        expect(got.splice(0)).toEqual(expected);
      }
    });

    it(`gets with version ${protocolVersion} what came while it was away`, async () => {
      const name = topic();
      const session: IClientOptions = {
        protocolVersion,
        clean: false,
        clientId: `js-${name}`,
        ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3_600 } } : {}),
      };
      const first = await open(session);
      await first.subscribeAsync(name, { qos: 2 });
      await first.endAsync();
      const publisher = await open({ protocolVersion });
      for (let nth = 0; nth < 50; nth++) {
        await publisher.publishAsync(name, `${nth}`, { qos: nth % 2 === 0 ? 1 : 2 });
      }
      const got: string[] = [];
      const back = connect(`mqtt://${node.mqttHost}:${node.mqttPort}`, session);
      clients.push(back);
      back.on("message", (_, payload) => got.push(`${payload}`));
      await expect.poll(() => got.length, { timeout: 20_000 }).toBe(50);
      // The client shows a message of QoS 2 when it is released: later than one of QoS 1.
      const sent = Array.from({ length: 50 }, (_, nth) => `${nth}`);
      for (const rest of [0, 1]) {
        const ofQos = (all: readonly string[]) => all.filter((one) => Number(one) % 2 === rest);
        expect(ofQos(got)).toEqual(ofQos(sent));
      }
    });
  }

  it("uses topic aliases both ways, subscription identifiers and properties of version 5", async () => {
    const name = topic();
    const client = await open({
      protocolVersion: 5,
      autoAssignTopicAlias: true,
      properties: { topicAliasMaximum: 3, receiveMaximum: 2 },
    });
    const got: [string, unknown, unknown][] = [];
    client.on("message", (name, _, { properties }) => {
      got.push([name, properties?.subscriptionIdentifier, properties?.userProperties?.["n"]]);
    });
    const properties = { subscriptionIdentifier: 77 };
    await client.subscribeAsync(`${name}/+`, { qos: 1, properties });
    for (let nth = 0; nth < 30; nth++) {
      await client.publishAsync(`${name}/${nth % 6}`, "x", {
        qos: 1,
        properties: { userProperties: { n: `${nth}` } },
      });
    }
    await expect.poll(() => got.length, { timeout: 20_000 }).toBe(30);
    expect(got).toEqual(
      Array.from({ length: 30 }, (_, nth) => [`${name}/${nth % 6}`, 77, `${nth}`]),
    );
  });

  it("carries a payload of any bytes to a subscriber", async () => {
    const name = topic();
    const client = await open({ protocolVersion: 5 });
    const payload = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 31) & 0xff));
    const got = new Promise<Buffer>((resolve) =>
      client.once("message", (_, payload) => resolve(payload))
    );
    await client.subscribeAsync(name, { qos: 1 });
    await client.publishAsync(name, payload, { qos: 1 });
    expect((await got).equals(payload)).toBe(true);
  });

  it("goes on after kill -9 with its session, nothing lost and QoS 2 not twice", async () => {
    const own = await startNodeProcess();
    const flags = ["--mqtt-port", `${own.mqttPort}`];
    const at = { host: own.mqttHost, port: own.mqttPort, reconnectPeriod: 100, clean: false };
    const properties = { sessionExpiryInterval: 3_600 };
    const options = { ...at, protocolVersion: 5, properties } as const;
    const subscriber = connect({ ...options, clientId: "sub" });
    const publisher = connect({ ...options, clientId: "pub" });
    clients.push(subscriber, publisher);
    for (const client of [subscriber, publisher]) client.on("error", () => {});
    const got: string[] = [];
    subscriber.on("message", (_, payload) => got.push(`${payload}`));
    await subscriber.subscribeAsync("k/#", { qos: 2 });
    const sent = Array.from({ length: 60 }, (_, nth) => `${nth}`);
    const acknowledged = sent.map((payload) => publisher.publishAsync("k/a", payload, { qos: 2 }));
    await acknowledged[20];
    await own.kill();
    await startNodeProcess({ dataDir: own.dataDir, flags });
    await Promise.all(acknowledged);
    await expect.poll(() => new Set(got).size, { timeout: 30_000 }).toBe(60);
    expect(got.toSorted((a, b) => Number(a) - Number(b))).toEqual(sent);
  });
});
