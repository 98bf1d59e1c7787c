/**
 * What one greedy client costs others: the acknowledgement times of modest clients beside it and
 * without it. The ratio is reported (LOGBOOM_FAIRNESS_REPORT names a file); a test asserts only
 * that nobody starves.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { expect, it } from "vitest";
import { bytes, publish } from "../support/mqtt_bytes.ts";
import { HostileWorld } from "../support/mqtt_hostile.ts";
import type { RawMqttClient } from "../support/mqtt_raw_client.ts";

const MODEST = 5;
const MEASURE_MS = 2_000;

/** Acknowledgement times in milliseconds, of a publish at a time of each. */
async function measure(clients: readonly RawMqttClient[]): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + MEASURE_MS;
  await Promise.all(clients.map(async (client) => {
    while (performance.now() < end) {
      const from = performance.now();
      await client.publish("modest", "x".repeat(200), { qos: 1, id: 1 });
      times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }));
  return times.sort((one, other) => one - other);
}

const at = (times: readonly number[], share: number) => times[Math.floor(times.length * share)]!;

it("a greedy client costs others no more than a share of the door", async () => {
  const world = await HostileWorld.start();
  const modest = await Promise.all(Array.from({ length: MODEST }, () => world.connect(4)));
  const alone = await measure(modest);
  const greedy = await world.connect(4);
  const one = publish({ version: 4, topic: "greedy", qos: 0, payload: "x".repeat(200) });
  const block = bytes(...Array.from({ length: 500 }, () => one));
  let flooding = true;
  const flood = (async () => {
    while (flooding) {
      greedy.send(block);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const beside = await measure(modest);
  flooding = false;
  await flood;
  greedy.drop();
  const report = {
    alone_ms: { p50: at(alone, 0.5), p99: at(alone, 0.99) },
    beside_ms: { p50: at(beside, 0.5), p99: at(beside, 0.99) },
    ratio_p50: at(beside, 0.5) / at(alone, 0.5),
  };
  const path = process.env["LOGBOOM_FAIRNESS_REPORT"];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(report)}\n`);
  expect(beside.length, JSON.stringify(report)).toBeGreaterThan(MODEST * 3);
  expect(at(beside, 0.5), JSON.stringify(report)).toBeLessThan(5_000);
  for (const client of modest) client.drop();
  await world.serves();
});
