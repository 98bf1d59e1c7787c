/** The description is held to what is there: routes, parameters, problem codes, documents. */
import { describe, expect, it } from "vitest";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
import { createEgressApp } from "../../../src/egress/http/app.ts";
import { createGroupsApp } from "../../../src/egress/http/groups_app.ts";
import { createRestApp } from "../../../src/egress/http/rest/app.ts";
import { createTopicAdminApp } from "../../../src/egress/http/topic_admin.ts";
import { openApiDocument } from "../../../src/egress/http/openapi.ts";
import { createExportApp } from "../../../src/replication/http/export.ts";
import { createReplicationApp } from "../../../src/replication/http/app.ts";
import { createLinkApp } from "../../../src/replication/http/link_app.ts";
import { NO_CLIENTS } from "../../../src/ingress/mqtt/client_report.ts";
import { createMqttApp } from "../../../src/ingress/mqtt/http/app.ts";
import { createIngressApp } from "../../../src/ingress/http/app.ts";
import { openHttpWorld } from "../../support/http_world.ts";
import { validate } from "../../support/json_schema.ts";

type Json = Record<string, unknown>;

const document = openApiDocument() as {
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Record<string, Json> };
};

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation }))
);

describe("openApiDocument()", () => {
  it("describes every route of the doors, and no other", () => {
    const never = {} as never;
    const authorize = () => async (_: unknown, next: () => Promise<void>) => await next();
    const options = {
      ...{ store: never, clock: never, timers: never, inflate: never, logger: never },
      ...{ admission: never, nodeName: "n", ready: () => ({ ready: true }), authorize },
      metrics: SILENT_METRICS as never,
    };
    const link = { link: null, control: null, priorities: never };
    const routes = [
      createIngressApp(options),
      createEgressApp(options),
      createGroupsApp({ ...options, groups: never, topics: never }),
      createRestApp({ ...options, groups: never, random: never }),
      createTopicAdminApp({ ...options, changes: never, readSettings: never }),
      createMqttApp({ ...options, clients: NO_CLIENTS, sources: never }),
      createLinkApp({ ...options, ...link }),
      createExportApp({ ...options, random: never }),
      createReplicationApp({ ...options, receiver: never, peerOf: () => null }),
    ]
      .flatMap((app) => app.routes)
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = operations.map(({ path, method }) => `${method} ${path}`);
    expect(new Set(described)).toEqual(new Set(routes));
  });

  it("points only at schemas that are there, and at all of them", () => {
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]!);
    expect(new Set(named)).toEqual(new Set(Object.keys(document.components.schemas)));
  });

  it("names each operation once, and gives each parameter of its path", () => {
    const ids = operations.map(({ operation }) => operation["operationId"]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const inPath = (operation["parameters"] as Json[] | undefined ?? [])
        .filter((parameter) => parameter["in"] === "path")
        .map((parameter) => `{${parameter["name"]}}`);
      expect(inPath, path).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  it("names exactly the query parameters that are taken", async () => {
    const { post, request } = await openHttpWorld();
    await post("/v1/topics/t/records", "text/plain", "x");
    for (const { path, method, operation } of operations) {
      // The link's door takes none, and MQTT's is held to its own.
      if (path.startsWith("/v1/mqtt/") || path.startsWith("/v1/groups")) continue;
      if (path.startsWith("/v1/link") || path.endsWith("/priority")) continue;
      if (path === "/v1/export" || path.startsWith("/v1/replication/")) continue;
      if (!path.startsWith("/v1/") || /topics(\/\{topic\})?$/.test(path)) continue;
      const real = path.replace("{topic}", "t").replace("{partition}", "0");
      const problem = method === "post"
        ? await request("POST", `${real}?nonsense=1`, { headers: { "content-type": "text/plain" } })
        : await request(method.toUpperCase(), `${real}?nonsense=1`);
      const { detail } = await problem.json();
      const known = detail.split("known: ")[1].split(", ").sort();
      const described = (operation["parameters"] as Json[] | undefined ?? [])
        .filter((parameter) => parameter["in"] === "query")
        .map((parameter) => String(parameter["name"]));
      expect(described.sort(), `${method} ${path}`).toEqual(known);
    }
  });

  it("describes the documents that are answered", async () => {
    const { get, post } = await openHttpWorld();
    const produced = await post(
      "/v1/topics/t/records",
      "application/vnd.logboom.records+json",
      JSON.stringify([{ key: "k", value_base64: "/w==", headers: { h: "v" } }, { value: null }]),
    );
    const check = (name: string, value: unknown) =>
      expect(validate(document.components.schemas, name, value), name).toEqual([]);
    check("Landing", await produced.json());
    const answers: [string, string][] = [
      ["Page", "/v1/topics/t/partitions/0/records?source=true"],
      ["MergedPage", "/v1/topics/t/records?source=true"],
      ["Topics", "/v1/topics"],
      ["Topic", "/v1/topics/t"],
      ["Gateways", "/v1/gateways"],
      ["Losses", "/v1/losses"],
      ["Forecast", "/v1/forecast?link_down_days=900"],
      ["Status", "/healthz"],
      ["Status", "/readyz"],
      ["Problem", "/v1/topics/none"],
      ["Problem", "/v1/topics/t/partitions/0/records?offset=9"],
    ];
    for (const [name, path] of answers) check(name, await (await get(path)).json());
  });
});
