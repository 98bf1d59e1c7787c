import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../../src/base/log.ts";
import { SILENT_METRICS } from "../../../../src/base/metrics.ts";
import { createRestApp } from "../../../../src/egress/http/rest/app.ts";
import { openRestWorld } from "../../../support/rest_world.ts";

describe("createRestApp()", () => {
  it("asks for the scope consume on every route, and refuses in the proxy's words", async () => {
    const never = {} as never;
    const app = createRestApp({
      ...{ store: never, groups: never, random: never, inflate: never, clock: never },
      ...{ timers: never, logger: SILENT_LOGGER, metrics: SILENT_METRICS },
      authorize: (scope) => () => {
        throw new OperatingError("unauthorized", `Cannot tell who wants to ${scope}`);
      },
    });
    for (const { method, path } of app.routes) {
      const url = `http://n${path.replaceAll(/:\w+/g, "0")}`;
      const response = await app.fetch(new Request(url, { method }));
      expect(response.status, path).toBe(401);
      expect(await response.json()).toEqual({
        error_code: 40101,
        message: "Cannot tell who wants to consume",
      });
    }
  });

  it("describes topics, and refuses parameters they do not have", async () => {
    const world = await openRestWorld({ partitions: 2 });
    await world.produce("t", [1], 1);
    const body = async (path: string) => (await world.call("GET", path)).body;
    expect(await body("/topics")).toEqual(["t"]);
    expect((await body("/topics/t")).partitions).toHaveLength(2);
    expect(await body("/topics/t/partitions")).toHaveLength(2);
    expect((await body("/topics/t/partitions/1")).partition).toBe(1);
    expect(await body("/topics/t/partitions/1/offsets"))
      .toEqual({ beginning_offset: 0, end_offset: 1 });
    expect((await body("/topics/none")).error_code).toBe(40401);
    expect((await body("/topics?x=1")).error_code).toBe(400);
  });
});
