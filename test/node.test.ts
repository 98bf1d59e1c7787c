/** The node in this very process; test/conformance has it as a process of its own. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { type Config, loadConfig } from "../src/config.ts";
import { type Node, startNode } from "../src/node.ts";

function configFor(dataDir: string): Config {
  return loadConfig({
    args: ["--data-dir", dataDir, "--mqtt-port", "0", "--http-port", "0"],
    env: {},
    readFile: () => "",
    hostName: () => "test",
  });
}

function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "logboom-node-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const start = (config: Config): Promise<Node> =>
  startNode({
    config,
    logger: SILENT_LOGGER,
    onBug(error) {
      throw error;
    },
  });

describe("startNode()", () => {
  it("keeps over a restart what it acknowledged", async () => {
    const dataDir = temporary();
    let node = await start(configFor(dataDir));
    const base = () => `http://127.0.0.1:${node.http!.port}/v1/topics/logs`;
    const posted = await fetch(`${base()}/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '[1.0, {"a": 2}]',
    });
    expect(await posted.json()).toMatchObject({ base_offset: 0, last_offset: 1, records: 2 });
    await node.stop();
    node = await start(configFor(dataDir));
    const page = await (await fetch(`${base()}/partitions/0/records?offset=earliest`)).json();
    expect(page.records.map(({ value }: { value: string }) => value)).toEqual(["1.0", '{"a": 2}']);
    await node.stop();
  });

  it("creates the topics of the configuration with their settings", async () => {
    const config = loadConfig({
      args: ["--config", "x", "--data-dir", temporary(), "--mqtt-port", "off", "--http-port", "0"],
      env: {},
      readFile: () => "topics: { audit: { partitions: 3, retention_ms: -1 } }",
      hostName: () => "test",
    });
    const node = await start(config);
    const topic = await (await fetch(`http://127.0.0.1:${node.http!.port}/v1/topics/audit`)).json();
    expect(topic.partitions).toHaveLength(3);
    expect(topic.settings).toMatchObject({ retention_ms: -1 });
    await node.stop();
  });

  it("lets go of everything when it cannot start", async () => {
    const dataDir = temporary();
    const first = await start(configFor(temporary()));
    const config = { ...configFor(dataDir), http_port: first.http!.port };
    await expect(start(config)).rejects.toThrow("another program listens there");
    const second = await start(configFor(dataDir));
    await Promise.all([first.stop(), second.stop()]);
  });

  it("refuses a data directory of a newer format with what to do", async () => {
    const dataDir = temporary();
    writeFileSync(join(dataDir, "format.json"), '{"format_version": 99}');
    await expect(start(configFor(dataDir))).rejects.toThrow(
      "it is in format 99 and this logboom knows formats up to 1. Run the newer logboom",
    );
    // Nothing was touched.
    expect(readdirSync(dataDir).sort()).toEqual(["format.json", "lock"]);
  });

  it("answers a long poll at once when it stops", async () => {
    const node = await start(configFor(temporary()));
    const base = `http://127.0.0.1:${node.http!.port}/v1/topics/logs`;
    await fetch(`${base}/records`, {
      method: "POST",
      body: "a",
      headers: { "content-type": "text/plain" },
    });
    const query = "offset=latest&max_wait_ms=50000&min_bytes=1";
    const poll = fetch(`${base}/partitions/0/records?${query}`).then((response) => response.status);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await node.stop();
    expect([200, 503]).toContain(await poll);
  });
});
