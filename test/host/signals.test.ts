import process from "node:process";
import { expect, it } from "vitest";
import { onReloadSignal, onStopSignal } from "../../src/host/signals.ts";

it("tells of SIGTERM and SIGINT until it is told to stop", async () => {
  const got: string[] = [];
  const dispose = onStopSignal((signal) => got.push(signal));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.kill(process.pid, signal);
    await expect.poll(() => got).toContain(signal);
  }
  dispose();
  expect(got).toHaveLength(2);
});

it("tells of each SIGHUP", async () => {
  let told = 0;
  onReloadSignal(() => told++);
  for (const times of [1, 2]) {
    process.kill(process.pid, "SIGHUP");
    await expect.poll(() => told).toBe(times);
  }
});
