/** What a request gets that no route takes, or that fails. */
import { Hono } from "hono";
import { expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { SILENT_LOGGER as logger } from "../../../src/base/log.ts";
import { endApp } from "../../../src/replication/http/app_ends.ts";

it("answers in problems, and tells of bugs alone", async () => {
  const bugs: unknown[] = [];
  const app = new Hono();
  app.get("/full", () => {
    throw new OperatingError("storage_full", "Cannot append: full");
  });
  app.get("/bug", () => {
    throw new TypeError("oops");
  });
  endApp(app, { logger, onBug: (error) => bugs.push(error) });
  expect((await app.request("/nowhere")).status).toBe(404);
  expect(await (await app.request("/full")).json()).toMatchObject({ code: "storage_full" });
  expect(bugs).toEqual([]);
  expect((await app.request("/bug")).status).toBe(500);
  expect(bugs).toHaveLength(1);
});
