import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../../src/egress/http/openapi.ts";
import { REST_PATHS } from "../../../src/egress/http/openapi_rest.ts";
import { openHttpWorld } from "../../support/http_world.ts";
import { openRestWorld } from "../../support/rest_world.ts";
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

  it("describes topics as they are described", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const check = async (name: string, path: string) =>
      expect(validate(schemas, name, (await world.call("GET", path)).body), path).toEqual([]);
    await check("RestTopic", "/topics/t");
    await check("RestPartition", "/topics/t/partitions/0");
    await check("RestRange", "/topics/t/partitions/0/offsets");
  });
});
