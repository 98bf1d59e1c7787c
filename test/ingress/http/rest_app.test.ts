import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { createIngressApp } from "../../../src/ingress/http/app.ts";
import type { Scope } from "../../../src/ingress/http/options.ts";
import { openHttpWorld } from "../../support/http_world.ts";

describe("createRestProduceApp()", () => {
  it("lets nobody produce without the scope, and says so in the proxy's words", async () => {
    const { store, admission, metrics, world } = await openHttpWorld();
    const { clock } = world;
    const app = createIngressApp({
      ...{ store, admission, metrics, clock, timers: clock },
      inflate: () => new Uint8Array(0),
      logger: SILENT_LOGGER,
      authorize: (scope: Scope) => () => {
        throw new OperatingError("forbidden", `Cannot let you: it lacks the scope ${scope}`);
      },
    });
    const post = (path: string) =>
      app.fetch(new Request(`http://n${path}`, { method: "POST", body: "{}" }));
    for (const path of ["/topics/t", "/topics/t/partitions/0"]) {
      const response = await post(path);
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({
        error_code: 40301,
        message: "Cannot let you: it lacks the scope produce",
      });
    }
    // The other interface keeps its own.
    const response = await post("/v1/topics/t/records");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  it("answers a path or method it has not in its own words, too", async () => {
    const { request } = await openHttpWorld();
    const nowhere = await request("POST", "/topics/t/partitions/0/offsets");
    expect([nowhere.status, (await nowhere.json()).error_code]).toEqual([404, 404]);
    const wrong = await request("POST", "/topics");
    expect((await wrong.json()).error_code).toBe(404);
  });
});
