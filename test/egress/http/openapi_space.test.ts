/** What it describes is held to the routes and documents in openapi.test.ts. */
import { expect, it } from "vitest";
import { SPACE_PATHS, SPACE_SCHEMAS } from "../../../src/egress/http/openapi_space.ts";

it("describes the forecast, and what an operator wipes", () => {
  expect(Object.keys(SPACE_PATHS)).toEqual(["/v1/forecast"]);
  expect(Object.keys(SPACE_SCHEMAS)).toEqual(["Forecast", "ForetoldLoss", "Wiped"]);
});
