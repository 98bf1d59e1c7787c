/**
 * `bench soak`: a gateway whose uplink is down, while 1,000 connections publish for a minute. What
 * counts is that memory stays bounded, and does not grow with the backlog.
 *
 * @module
 */
import { logBytes } from "./backlog.ts";
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { measure, type Measurement } from "./measurement.ts";
import type { Options } from "./options.ts";
import { freePort } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { withWorkDirectory } from "./work_directory.ts";

const PARTS = 6;

interface Part {
  readonly measurement: Measurement | undefined;
  readonly backlog_bytes: number;
}

export async function run(options: Options): Promise<void> {
  const seconds = options.number("seconds", options.flag("quick") ? 12 : 60);
  const connections = options.number("connections", 1_000);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const flags = ["--upstream", `http://127.0.0.1:${freePort()}`];
      const node = await startNode({ dataDirectory: `${work}/node`, flags });
      const parts: Part[] = [];
      try {
        for (let part = 0; part < PARTS; part++) {
          const measurement = await measure(generators, node.process, {
            generator: "mqtt_load",
            options: { port: node.mqttPort, connections, window: 1, seconds: seconds / PARTS },
          });
          parts.push({ measurement, backlog_bytes: await logBytes(node) });
        }
      } finally {
        await node.process.stop();
      }
      const rows: Cell[][] = parts.map(({ measurement, backlog_bytes }, part) => [
        `${Math.round((part + 1) * seconds / PARTS)} s`,
        measurement?.rate,
        measurement?.p50_ms,
        measurement?.max_ms,
        (measurement?.rss_bytes ?? NaN) / 1e6,
        backlog_bytes / 1e6,
      ]);
      const heads = ["after", "msg/s", "p50 ms", "max ms", "RSS MB", "backlog MB"];
      printTable(`soak: ${connections} × 1, uplink down`, heads, rows);
      const goals = goalsOf(parts);
      printGoals(goals);
      await writeReport({
        bench: "soak",
        units: { rate: "messages per second", rss_bytes: "bytes", backlog_bytes: "bytes of log" },
        options: { seconds, connections },
        results: { parts, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

function goalsOf(parts: readonly Part[]): Goal[] {
  const rss = parts.map(({ measurement }) => (measurement?.rss_bytes ?? NaN) / 1e6);
  return [
    {
      id: "G4",
      what: "1,000 × 1, uplink down: most RSS",
      measured: Math.max(...rss),
      bound: 130,
      direction: "at most",
      unit: "MB",
    },
    {
      id: "–",
      what: "RSS of the last sixth over the second's",
      measured: (rss.at(-1) ?? NaN) - (rss[1] ?? NaN),
      bound: 10,
      direction: "at most",
      unit: "MB",
    },
  ];
}
