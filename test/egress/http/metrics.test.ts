import { describe, expect, it } from "vitest";
import { PrometheusMetrics } from "../../../src/egress/http/metrics.ts";

describe("PrometheusMetrics", () => {
  it("writes counters with HELP and TYPE, and their values as of the scrape", async () => {
    const metrics = new PrometheusMetrics();
    const counter = metrics.counter("logboom_records_total", "Records taken.", { door: "http" });
    metrics.counter("logboom_records_total", "Records taken.", { door: "mqtt" }).value = 2;
    counter.value += 5;
    const text = await metrics.text();
    expect(text).toContain("# HELP logboom_records_total Records taken.\n");
    expect(text).toContain("# TYPE logboom_records_total counter\n");
    expect(text).toContain('logboom_records_total{door="http"} 5\n');
    expect(text).toContain('logboom_records_total{door="mqtt"} 2\n');
    counter.value += 1;
    expect(await metrics.text()).toContain('logboom_records_total{door="http"} 6\n');
  });

  it("gives the same counter for the same name and labels", () => {
    const metrics = new PrometheusMetrics();
    const counter = metrics.counter("logboom_x_total", "X.");
    expect(metrics.counter("logboom_x_total", "X.")).toBe(counter);
  });

  it("reads gauges at each scrape, the last reader of a series only", async () => {
    const metrics = new PrometheusMetrics();
    metrics.gauge("logboom_open_bytes", "Bytes open.", () => 1);
    metrics.gauge("logboom_open_bytes", "Bytes open.", () => 2);
    const text = await metrics.text();
    expect(text).toContain("# TYPE logboom_open_bytes gauge\n");
    expect(text).toContain("\nlogboom_open_bytes 2\n");
  });

  it("counts observations into buckets", async () => {
    const metrics = new PrometheusMetrics();
    const histogram = metrics.histogram("logboom_sync_seconds", "Sync.", [0.001, 0.01]);
    histogram.observe(0.005);
    metrics.histogram("logboom_sync_seconds", "Sync.", [0.001, 0.01]).observe(1);
    const text = await metrics.text();
    expect(text).toContain('logboom_sync_seconds_bucket{le="0.001"} 0\n');
    expect(text).toContain('logboom_sync_seconds_bucket{le="0.01"} 1\n');
    expect(text).toContain("logboom_sync_seconds_count 2\n");
  });

  it("is what Prometheus expects to be told it is", () => {
    expect(new PrometheusMetrics().contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it("takes a foreign or inconsistent name for the bug it is", () => {
    const metrics = new PrometheusMetrics();
    expect(() => metrics.gauge("other_bytes", "", () => 0)).toThrow(/begins with logboom_/);
    expect(() => metrics.counter("logboom_records", "")).toThrow(/_total/);
    metrics.gauge("logboom_y_bytes", "Y.", () => 0, { a: "1" });
    expect(() => metrics.gauge("logboom_y_bytes", "Y.", () => 0, { b: "1" })).toThrow(/same label/);
  });
});
