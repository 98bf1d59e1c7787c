/** What Prometheus wants to know of any process, under its customary names. @module */
import { memoryUsage } from "node:process";
import type { Metrics } from "./base/metrics.ts";

export function registerProcessMetrics(metrics: Metrics): void {
  const startedS = performance.timeOrigin / 1_000;
  metrics.gauge(
    "process_start_time_seconds",
    "Start time of the process since the Unix epoch in seconds.",
    () => startedS,
  );
  metrics.gauge(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    () => memoryUsage.rss(),
  );
}
