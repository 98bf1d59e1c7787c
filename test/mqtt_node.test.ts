/** MQTT of a node in this very process; test/conformance has it with real clients. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { loadConfig } from "../src/config.ts";
import { type Node, startNode } from "../src/node.ts";

async function start(flags: readonly string[], yaml = ""): Promise<Node> {
  const dataDir = mkdtempSync(join(tmpdir(), "logboom-node-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const config = loadConfig({
    args: ["--config", "x", "--data-dir", dataDir, "--http-port", "0", ...flags],
    env: {},
    readFile: () => yaml,
    hostName: () => "test",
  });
  const onBug = (error: unknown) => {
    throw error;
  };
  const node = await startNode({ config, logger: SILENT_LOGGER, onBug });
  onTestFinished(() => node.stop());
  return node;
}

const metrics = async (node: Node) =>
  await (await fetch(`http://127.0.0.1:${node.http!.port}/metrics`)).text();

describe("startMqtt()", () => {
  it("opens no door where no port is wanted, and calls brokers all the same", async () => {
    const yaml = 'sources: [{ mqtt: "mqtt://127.0.0.1:1", topics: [a], name: nobody }]';
    const node = await start(["--mqtt-port", "off"], yaml);
    expect(node.mqtt).toBeNull();
    const answer = await fetch(`http://127.0.0.1:${node.http!.port}/mqtt`);
    await answer.body?.cancel();
    expect(answer.status).toBe(404);
    expect(await metrics(node)).toContain('logboom_mqtt_source_connected{source="nobody"} 0');
  });

  it("opens one, and names no source where there is none", async () => {
    const node = await start(["--mqtt-port", "0"]);
    expect(node.mqtt!.port).toBeGreaterThan(0);
    expect(await metrics(node)).not.toContain("logboom_mqtt_source");
  });

  it("says what is wrong with a source's certificate", async () => {
    const path = join(tmpdir(), `logboom-no-ca-${crypto.randomUUID()}.pem`);
    const yaml = `sources: [{ mqtt: "mqtts://b", topics: [a], ca: "${path}" }]`;
    await expect(start(["--mqtt-port", "off"], yaml)).rejects.toThrow(`Cannot read ${path}`);
  });
});
