import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../../src/base/log.ts";
import { SILENT_METRICS } from "../../../../src/base/metrics.ts";
import { createMqttApp } from "../../../../src/ingress/mqtt/http/app.ts";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";
import { openApiDocument } from "../../../../src/egress/http/openapi.ts";
import { validate } from "../../../support/json_schema.ts";

async function open() {
  const fixture = await MqttFixture.start();
  const scopes: string[] = [];
  const app = createMqttApp({
    clients: fixture.ingress.clients,
    sources: { reports: () => [] },
    authorize: (scope) => async (_, next) => {
      scopes.push(scope);
      await next();
    },
    ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS },
  });
  const ask = async (path: string, method = "GET") => {
    const response = await app.request(`http://node.example${path}`, { method });
    return { status: response.status, body: await response.json() };
  };
  return { fixture, scopes, ask };
}

const { components: { schemas } } = openApiDocument() as {
  components: { schemas: Parameters<typeof validate>[0] };
};

describe("createMqttApp()", () => {
  it("lists, shows and disconnects, as the description says", async () => {
    const { fixture, scopes, ask } = await open();
    const connection = await fixture.connect({ clientId: "a/b c" });
    await fixture.connect({ clientId: "z" });
    const list = await ask("/v1/mqtt/clients?limit=1");
    expect(list).toMatchObject({
      status: 200,
      body: { total: 2, clients: [{ client_id: "a/b c" }] },
    });
    expect(validate(schemas, "MqttClients", list.body)).toEqual([]);
    const one = await ask("/v1/mqtt/clients/a%2Fb%20c");
    expect(one).toMatchObject({ status: 200, body: { client_id: "a/b c", version: "3.1.1" } });
    expect((await ask("/v1/mqtt/clients/a%2Fb%20c", "DELETE")).status).toBe(200);
    await connection.untilClosed();
    expect(await ask("/v1/mqtt/clients/a%2Fb%20c")).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    expect(scopes).toEqual(["consume", "consume", "admin", "consume"]);
    expect((await ask("/v1/mqtt/sources")).body).toEqual({ sources: [] });
    expect((await ask("/v1/mqtt/sources?x=1")).status).toBe(400);
  });
});
