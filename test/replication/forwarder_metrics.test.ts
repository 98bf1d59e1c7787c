import { describe, expect, it } from "vitest";
import { PrometheusMetrics } from "../../src/egress/http/metrics.ts";
import { ForwarderMetrics } from "../../src/replication/forwarder_metrics.ts";
import type { ForwarderStatus } from "../../src/replication/forwarder_options.ts";

describe("ForwarderMetrics", () => {
  it("tells bytes by class, the delay of live records, and what the status holds", async () => {
    const metrics = new PrometheusMetrics();
    const status = {
      ...{ state: "connected", lagRecords: 7, lanesWaiting: 0, lanesSplit: 1 },
      ...{ backlogBytes: 90, bytesPerSecond: 10, catchUpSeconds: null },
    };
    const measured = new ForwarderMetrics(metrics, () => status as ForwarderStatus);
    measured.sent({ kind: "live", priority: 5 }, 100);
    measured.sent({ kind: "live", priority: 5 }, 20);
    measured.sent({ kind: "backlog", priority: 5 }, 1_000);
    measured.liveDelay(300);
    const lines = await metrics.text();
    expect(lines).toContain('logboom_replication_class_bytes_total{class="live-5"} 120');
    expect(lines).toContain('logboom_replication_class_bytes_total{class="backlog-5"} 1000');
    expect(lines).toContain('logboom_replication_live_delay_seconds_bucket{le="0.5"} 1');
    expect(lines).toContain("logboom_replication_lag_records 7");
    expect(lines).toContain("logboom_replication_connected 1");
    expect(lines).toContain("logboom_replication_backlog_bytes 90");
    expect(lines).toContain("logboom_replication_catch_up_seconds -1");
  });
});
