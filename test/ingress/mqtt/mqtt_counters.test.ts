import { expect, it } from "vitest";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
import { ReasonCode } from "../../../src/protocol/mqtt/reason_code.ts";
import { MqttCounters } from "../../../src/ingress/mqtt/mqtt_counters.ts";

it("MqttCounters names every counter as Prometheus wants it, each once", () => {
  const names: string[] = [];
  new MqttCounters({
    ...SILENT_METRICS,
    counter: (name, help) => {
      names.push(name);
      expect(help, name).toMatch(/^[A-Z].*\.$/);
      return { value: 0 };
    },
  });
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^logboom_mqtt_[a-z0-9_]+_total$/);
});

it("MqttCounters counts refusals by reason, and clients by what they came in", () => {
  const counted = new Map<string, { value: number }>();
  const counters = new MqttCounters({
    ...SILENT_METRICS,
    counter(name, _help, labels = {}) {
      const key = [name, ...Object.values(labels)].join(" ");
      const counter = counted.get(key) ?? { value: 0 };
      counted.set(key, counter);
      return counter;
    },
  });
  counters.refusal(ReasonCode.QuotaExceeded);
  counters.refusal(ReasonCode.QuotaExceeded, 2);
  counters.refusal("connect_timeout");
  counters.letIn("wss");
  const value = (key: string) => counted.get(`logboom_mqtt_${key}`)?.value;
  expect(value("refusals_total quota_exceeded")).toBe(3);
  expect(value("refusals_total connect_timeout")).toBe(1);
  expect([value("listener_connects_total wss"), value("connects_total")]).toEqual([1, 1]);
});
