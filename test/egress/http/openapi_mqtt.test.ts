/** The calls of the MQTT door are held to the routes and the parameters there are. */
import { expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
import { MQTT_PATHS } from "../../../src/egress/http/openapi_mqtt.ts";
import { NO_CLIENTS } from "../../../src/ingress/mqtt/client_report.ts";
import { createMqttApp } from "../../../src/ingress/mqtt/http/app.ts";

const app = createMqttApp({
  clients: NO_CLIENTS,
  sources: { reports: () => [] },
  authorize: () => async (_, next) => await next(),
  ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS },
});

it("describes every route of the MQTT door, and no other", () => {
  const routes = app.routes.map(({ method, path }) =>
    `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`
  );
  const described = Object.entries(MQTT_PATHS)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  expect(new Set(described)).toEqual(new Set(routes));
});

it("names the parameters of the list", async () => {
  const problem = await app.request("http://node.example/v1/mqtt/clients?nonsense=1");
  const { detail } = await problem.json() as { detail: string };
  expect(detail).toMatch(/known: cursor, limit$/);
  const { get } = MQTT_PATHS["/v1/mqtt/clients"] as {
    get: { parameters: readonly { name: string }[] };
  };
  expect(get.parameters.map(({ name }) => name)).toEqual(["cursor", "limit"]);
});
