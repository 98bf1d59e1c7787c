import { expect, it } from "vitest";
import { restContent, restErrors } from "../../../src/egress/http/openapi_rest_parts.ts";

it("restErrors() gives each status the one document", () => {
  const errors = restErrors(404, 416) as Record<string, { content: object }>;
  expect(Object.keys(errors)).toEqual(["404", "416"]);
  expect(errors["404"]!.content).toEqual(restContent({ $ref: "#/components/schemas/RestError" }));
});
