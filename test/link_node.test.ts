/** The link of a node, as the configuration and its operators have it; the node is whole. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { type Config, loadConfig } from "../src/config.ts";
import { configuredBudget } from "../src/link_node.ts";
import { startNode } from "../src/node.ts";
import { encodeBudget } from "../src/replication/budget/budget_settings.ts";

function configOf(yaml: string, ...args: readonly string[]): Config {
  return loadConfig({
    args: ["--config", "g.yaml", ...args],
    env: {},
    readFile: () => yaml,
    hostName: () => "test",
  });
}

describe("configuredBudget()", () => {
  it("is none where nothing is configured", () => {
    expect(encodeBudget(configuredBudget(configOf("")))).toEqual({
      bytes_per_second: null,
      bytes_per_day: null,
      bytes_per_month: null,
      time_zone: "UTC",
      windows: [],
    });
  });

  it("carries what is", () => {
    const yaml = `
link_bytes_per_second: 64KiB
link_bytes_per_month: 5GiB
link_time_zone: Europe/Berlin
link_windows:
  - { from: 22:00, to: 06:00, days: [mon, tue] }
  - { from: "12:00", to: "13:00" }
`;
    expect(encodeBudget(configuredBudget(configOf(yaml)))).toMatchObject({
      bytes_per_second: 65_536,
      bytes_per_month: 5 * 2 ** 30,
      time_zone: "Europe/Berlin",
      windows: [{ days: ["mon", "tue"], from: "22:00", to: "06:00" }, { from: "12:00" }],
    });
  });

  it.each([
    ["link_bytes_per_second: 10", "link_bytes_per_second"],
    ["link_time_zone: Mars", "link_time_zone"],
    ["link_windows: [{ from: 25:00, to: 06:00 }]", "link_windows"],
    ["link_windows: [{ from: 05:00 }]", "link_windows"],
    ["link_windows: [{ from: 05:00, to: 06:00, days: [] }]", "link_windows"],
    ["link_windows: [{ from: 05:00, to: 06:00, day: mon }]", "link_windows"],
    [`link_windows: [${"{ from: 05:00, to: 06:00 },".repeat(65)}]`, "link_windows"],
  ])("refuses %s", (yaml, name) => {
    expect(() => configOf(yaml)).toThrow(name);
  });
});

describe("startLink()", () => {
  it("gives the node a budget that outlives it", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "logboom-link-"));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const config = configOf(
      "",
      ...["--data-dir", dataDir, "--mqtt-port", "off", "--http-port", "0"],
      ...["--upstream", "http://127.0.0.1:9", "--link-bytes-per-second", "5000"],
    );
    const start = () =>
      startNode({
        config,
        logger: SILENT_LOGGER,
        onBug(error) {
          throw error;
        },
      });
    let node = await start();
    const ask = async (method: string, body?: string) => {
      const response = await fetch(`http://127.0.0.1:${node.http!.port}/v1/link/budget`, {
        method,
        ...(body !== undefined && { body, headers: { "content-type": "application/json" } }),
      });
      return await response.json();
    };
    expect(await ask("GET")).toMatchObject({ bytes_per_second: 5_000, changed: [] });
    await ask("PUT", '{"bytes_per_day": 1000000}');
    await node.stop();
    node = await start();
    expect(await ask("GET")).toMatchObject({ bytes_per_second: 5_000, bytes_per_day: 1_000_000 });
    expect(await ask("DELETE")).toMatchObject({ bytes_per_day: null });
    await node.stop();
  });
});
