/**
 * A client in another language: paho-mqtt for Python. `.ci/run` installs it in an environment of
 * its own and names that in LOGBOOM_TEST_PYTHON; where it is missing the test is skipped by name.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { startNodeProcess } from "../support/process.ts";
import { outputOf } from "../support/tools.ts";

const PYTHON = process.env["LOGBOOM_TEST_PYTHON"] ?? "python3";
const hasPaho = spawnSync(PYTHON, ["-c", "import paho.mqtt.client as m; m.CallbackAPIVersion"])
  .status === 0;

const numbers = Array.from({ length: 20 }, (_, nth) => `${nth}`);

describe.skipIf(!hasPaho)("paho-mqtt for Python", () => {
  it("publishes, subscribes, comes back, retains and leaves a will, with both versions", async () => {
    const node = await startNodeProcess();
    const script = join(import.meta.dirname!, "paho_client.py");
    const output = await outputOf(PYTHON, [script, node.mqttHost, `${node.mqttPort}`]);
    const seen = output.trim().split("\n").map((line) => JSON.parse(line));
    const common = {
      granted: [[0], [1], [2]],
      live: [0, 1, 2].flatMap((qos) => numbers.map((number) => [qos, number])),
      present: true,
      missed: [1, 2].flatMap((qos) =>
        numbers.filter((number) => 1 + Number(number) % 2 === qos).map((number) => [qos, number])
      ),
      retained: ["kept", true],
      will: "gone",
    };
    const pairs = [["b", "1"], ["a", "2"], ["b", "1"]];
    expect(seen).toEqual([
      { version: "3.1.1", ...common },
      { version: "5", ...common, properties: ["answer", [0, 255], "text/plain", pairs] },
    ]);
  });
});
