import { expect, it } from "vitest";
import { FILTER_QUERIES } from "../../../src/egress/http/openapi_filter.ts";
import { FILTER_PARAMETERS } from "../../../src/egress/record_filter.ts";

it("FILTER_QUERIES describe each parameter of a filter", () => {
  expect(FILTER_QUERIES.map((query) => query["name"]).sort())
    .toEqual([...FILTER_PARAMETERS].sort());
});
