/** Every way in to the MQTT door with real clients: bare, WebSocket, TLS, and WebSocket in TLS. */
import { copyFileSync, readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import process from "node:process";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Certificate, makeCertificate } from "../support/certificates.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, runTool } from "../support/tools.ts";

interface Doors {
  readonly node: NodeProcess;
  readonly certificate: Certificate;
  readonly mqtts: number;
  readonly https: number;
}

async function startWithTls(flags: readonly string[] = []): Promise<Doors> {
  const certificate = await makeCertificate();
  const node = await startNodeProcess({
    flags: [
      ...["--mqtts-port", "0", "--https-port", "0", "--mqtt-websocket", "true"],
      ...["--tls-cert", certificate.cert, "--tls-key", certificate.key],
      ...flags,
    ],
  });
  return {
    node,
    certificate,
    mqtts: Number(/mqtts \S+:(\d+)/.exec(node.readyLine)![1]),
    https: Number(/https https:\/\/[^,]+:(\d+)/.exec(node.readyLine)![1]),
  };
}

async function open(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = connect(url, { connectTimeout: 10_000, reconnectPeriod: 0, ...options });
  onTestFinished(() => client.endAsync(true));
  return await new Promise<MqttClient>((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.on("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
}

async function pull(node: NodeProcess): Promise<string[]> {
  const path =
    "/v1/topics/logs/partitions/0/records?offset=earliest&max_records=10000&max_bytes=16777216";
  const page = await (await fetch(node.http + path)).json() as { records: { value: string }[] };
  return page.records.map(({ value }) => value);
}

/** What each client publishes: a packet within a frame, many in one, and one that spans several. */
const MESSAGES = [
  "small",
  ...Array.from({ length: 300 }, (_, at) => `message ${at}`),
  "large ".repeat(50_000),
];

describe.skipIf(!hasTool("openssl"))("the MQTT door", () => {
  for (const protocolVersion of [4, 5] as const) {
    it(`is open to MQTT.js over ws, wss, mqtts and mqtt, version ${protocolVersion}`, async () => {
      const { node, certificate, mqtts, https } = await startWithTls();
      const ca = readFileSync(certificate.cert);
      const urls = [
        `ws://127.0.0.1:${new URL(node.http).port}/mqtt`,
        `wss://localhost:${https}/mqtt`,
        `mqtts://localhost:${mqtts}`,
        `mqtt://127.0.0.1:${node.mqttPort}`,
      ];
      const expected: string[] = [];
      for (const url of urls) {
        const client = await open(url, { protocolVersion, ca, rejectUnauthorized: true });
        for (const qos of [1, 2] as const) {
          await Promise.all(MESSAGES.map((text) => client.publishAsync("a/b", text, { qos })));
          expected.push(...MESSAGES);
        }
        await client.endAsync();
        expect(await pull(node), url).toEqual(expected);
      }
    });
  }

  it.skipIf(!hasTool("mosquitto_pub"))("is open to mosquitto_pub under TLS", async () => {
    const { node, certificate, mqtts } = await startWithTls();
    const { code, stderr } = await runTool("mosquitto_pub", [
      ...["-h", "localhost", "-p", `${mqtts}`, "--cafile", certificate.cert],
      ...["-q", "1", "-t", "a", "-m", "under TLS"],
    ]);
    expect(code, stderr).toBe(0);
    expect(await pull(node)).toEqual(["under TLS"]);
  });

  it("lets HTTP through beside WebSockets, with and without TLS", async () => {
    const { node, certificate, https } = await startWithTls();
    for (const base of [node.http, `https://localhost:${https}`]) {
      const { stdout, stderr } = await runTool("curl", [
        ...["-sS", "--cacert", certificate.cert, "-H", "content-type: text/plain"],
        ...["--data-binary", "@-", `${base}/v1/topics/logs/records`],
      ], "x".repeat(900_000));
      expect(new TextDecoder().decode(stdout), stderr).toMatch('"records":1');
      const answer = await runTool("curl", [
        ...["-sS", "--http1.1", "--cacert", certificate.cert, `${base}/mqtt`],
      ]);
      expect(new TextDecoder().decode(answer.stdout)).toMatch('"status":426');
    }
  });

  it("serves a renewed certificate after SIGHUP, and keeps the old one where it is bad", async () => {
    const { node, certificate, mqtts } = await startWithTls();
    const subject = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({ port: mqtts, rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on("error", reject);
      });
    expect(await subject()).toBe("localhost");
    const client = await open(`mqtts://localhost:${mqtts}`, { rejectUnauthorized: false });
    const renewed = await makeCertificate("renewed");
    copyFileSync(renewed.cert, certificate.cert);
    process.kill(node.pid, "SIGHUP");
    await expect.poll(() => node.output().stderr).toContain("certificate_not_read");
    expect(await subject()).toBe("localhost");
    copyFileSync(renewed.key, certificate.key);
    process.kill(node.pid, "SIGHUP");
    await expect.poll(() => node.output().stderr).toContain('"certificate_read"');
    expect(await subject()).toBe("renewed");
    // Who was there before is served as ever.
    await client.publishAsync("a", "still here", { qos: 1 });
  });

  it("says at /mqtt how WebSockets are let in where they are not", async () => {
    const node = await startNodeProcess();
    const answer = await fetch(`${node.http}/mqtt`);
    expect(answer.status).toBe(404);
    expect((await answer.json()).detail).toContain("set mqtt_websocket: true");
  });
});
