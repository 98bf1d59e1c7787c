import { expect, it } from "vitest";
import { PrometheusMetrics } from "../../../../src/egress/http/metrics.ts";
import { DeliveryCounters } from "../../../../src/ingress/mqtt/delivery/delivery_counters.ts";

it("every count has a name of its own", async () => {
  const metrics = new PrometheusMetrics();
  const counters = new DeliveryCounters(metrics);
  Object.values(counters).forEach((counter, nth) => counter.value += nth + 1);
  const text = await metrics.text();
  const shown = [...text.matchAll(/^logboom_mqtt_\w+ (\d+)$/gm)].map(([, value]) => Number(value));
  expect(shown.sort()).toEqual(Object.keys(counters).map((_, nth) => nth + 1));
});
