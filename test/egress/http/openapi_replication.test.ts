/** What it describes is held to the routes in openapi.test.ts. */
import { expect, it } from "vitest";
import { REPLICATION_PATHS } from "../../../src/egress/http/openapi_replication.ts";

it("describes the calls between nodes", () => {
  expect(Object.keys(REPLICATION_PATHS).map((path) => path.replace("/v1/replication/", "")))
    .toEqual(["hello", "announce", "append", "fetch"]);
});
