import { describe, expect, it } from "vitest";
import { createIngressApp } from "../../../src/ingress/http/app.ts";
import { openHttpWorld } from "../../support/http_world.ts";

describe("createIngressApp()", () => {
  it("asks for the scope to produce", async () => {
    const { post, asked } = await openHttpWorld();
    await post("/v1/topics/t/records", "text/plain", "x");
    expect(asked).toEqual(["produce"]);
  });

  it("appends nothing where the credential is refused", async () => {
    const { store, world, admission, metrics } = await openHttpWorld();
    const app = createIngressApp({
      ...{ store, admission, metrics, clock: world.clock, timers: world.clock },
      ...{ logger: world.logger, inflate: () => new Uint8Array() },
      authorize: () => () => Promise.resolve(new Response(null, { status: 403 })),
    });
    const response = await app.request("/v1/topics/t/records", { method: "POST", body: "x" });
    expect(response.status).toBe(403);
    expect(store.topics()).toEqual([]);
  });

  it("answers what it has no route for with a problem", async () => {
    const { request } = await openHttpWorld();
    const response = await request("POST", "/v1/topics/t");
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });
});
