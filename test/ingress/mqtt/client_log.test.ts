import { expect, it } from "vitest";
import { MQTT_LOG_LINES_PER_SWEEP } from "../../../src/base/limits.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { ClientLog } from "../../../src/ingress/mqtt/client_log.ts";

it("ClientLog writes so many lines a second, and says how many it did not", () => {
  const lines: string[] = [];
  const write = (event: string, fields: object = {}) =>
    void lines.push(`${event} ${JSON.stringify(fields)}`);
  const log = new ClientLog({ ...SILENT_LOGGER, info: write, warn: write });
  for (let nth = 0; nth < MQTT_LOG_LINES_PER_SWEEP + 7; nth++) log.info("fault", { nth });
  expect(lines).toHaveLength(MQTT_LOG_LINES_PER_SWEEP);
  log.sweep();
  expect(lines.at(-1)).toBe('mqtt_log_suppressed {"lines":7}');
  log.warn("fault", {});
  log.sweep();
  expect(lines.at(-1)).toBe("fault {}");
});
