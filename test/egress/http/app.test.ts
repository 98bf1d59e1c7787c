import { describe, expect, it } from "vitest";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
import { createEgressApp } from "../../../src/egress/http/app.ts";
import { openHttpWorld } from "../../support/http_world.ts";

describe("createEgressApp()", () => {
  it("asks for a scope in front of everything but health and the description", async () => {
    const { get, asked } = await openHttpWorld();
    for (const path of ["/healthz", "/readyz", "/openapi.json"]) {
      expect((await get(path)).status, path).toBe(200);
    }
    expect(asked).toEqual([]);
    for (const path of ["/v1/topics", "/v1/topics/t", "/v1/gateways", "/v1/losses", "/metrics"]) {
      await get(path);
    }
    await get("/v1/topics/t/records");
    await get("/v1/topics/t/partitions/0/records");
    expect(asked).toEqual([
      ...["consume", "consume", "consume", "consume", "admin", "consume", "consume"],
    ]);
  });

  it("exposes what the rooms count", async () => {
    const { get, post } = await openHttpWorld();
    await post("/v1/topics/t/records", "text/plain", "a\nb\nc");
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    expect(text).toContain("# TYPE logboom_http_records_total counter\n");
    expect(text).toContain("\nlogboom_http_records_total 3\n");
  });

  it("answers 404, 405 and OPTIONS as it should", async () => {
    const { get, request } = await openHttpWorld();
    expect((await get("/nowhere")).status).toBe(404);
    const refused = await request("DELETE", "/v1/topics");
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    expect((await request("OPTIONS", "/v1/topics")).status).toBe(204);
    const head = await request("HEAD", "/healthz");
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
  });

  it("answers a bug with 500, tells the roof, and says nothing of it to the client", async () => {
    const logged: string[] = [];
    const bugs: unknown[] = [];
    const app = createEgressApp({
      store: {
        topics: () => {
          throw new TypeError("secret");
        },
      } as never,
      logger: { error: (event: string) => logged.push(event) } as never,
      metrics: SILENT_METRICS,
      authorize: () => async (_: unknown, next: () => Promise<void>) => await next(),
      onBug: (error: unknown) => bugs.push(error),
    } as never);
    const response = await app.request("/v1/topics");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(logged).toEqual(["http_request_failed"]);
    expect(bugs).toHaveLength(1);
  });
});
