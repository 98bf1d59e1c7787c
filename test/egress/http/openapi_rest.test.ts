import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../../src/egress/http/openapi.ts";
import { REST_PATHS, restErrors } from "../../../src/egress/http/openapi_rest.ts";
import { openHttpWorld } from "../../support/http_world.ts";
import { validate } from "../../support/json_schema.ts";

const { schemas } = (openApiDocument() as {
  components: { schemas: Record<string, Record<string, unknown>> };
}).components;

describe("REST_PATHS", () => {
  it("describes what producing answers, well or badly", async () => {
    const { post } = await openHttpWorld();
    const produce = (body: string) => post("/topics/t", "application/vnd.kafka.json.v2+json", body);
    const records = { records: [{ key: null, value: 1, headers: [{ key: "h", value: null }] }] };
    expect(validate(schemas, "RestRecords", records)).toEqual([]);
    const taken = await produce(JSON.stringify(records));
    expect(validate(schemas, "RestOffsets", await taken.json())).toEqual([]);
    const refused = await produce("{}");
    expect(validate(schemas, "RestError", await refused.json())).toEqual([]);
    const described = REST_PATHS["/topics/{topic}"] as { post: { responses: object } };
    expect(Object.keys(described.post.responses)).toContain(String(refused.status));
  });
});

describe("restErrors()", () => {
  it("gives each status the one document", () => {
    expect(Object.keys(restErrors(404, 416))).toEqual(["404", "416"]);
  });
});
