import { expect, it } from "vitest";
import { SILENT_METRICS } from "../src/base/metrics.ts";
import { registerProcessMetrics } from "../src/process_metrics.ts";

it("tells when the process began and what it holds", () => {
  const gauges = new Map<string, () => number>();
  registerProcessMetrics({
    ...SILENT_METRICS,
    gauge: (name, _help, read) => gauges.set(name, read),
  });
  const startedS = gauges.get("process_start_time_seconds")!();
  expect(Math.abs(Date.now() / 1_000 - startedS)).toBeLessThan(3_600);
  expect(gauges.get("process_resident_memory_bytes")!()).toBeGreaterThan(1_000_000);
});
