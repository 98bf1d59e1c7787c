import { expect, it } from "vitest";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
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
