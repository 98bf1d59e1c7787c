import { describe, expect, it } from "vitest";
import { list, object, ref, SCHEMAS, text } from "../../../src/egress/http/openapi_schemas.ts";
import { validate } from "../../support/json_schema.ts";

describe("object()", () => {
  it("requires every member that is not optional", () => {
    expect(object({ a: text, b: text }, ["b"]).required).toEqual(["a"]);
    expect(object({ a: text }, ["a"])).not.toHaveProperty("required");
  });
});

describe("list() and ref()", () => {
  it("say what stands in them", () => {
    expect(list(ref("Gap"))).toEqual({
      type: "array",
      items: { $ref: "#/components/schemas/Gap" },
    });
  });
});

describe("SCHEMAS", () => {
  it("refuse documents that are not theirs", () => {
    const landing = { topic: "t", partition: 0, base_offset: 0, last_offset: 0, records: 1 };
    expect(validate(SCHEMAS, "Landing", landing)).toEqual([]);
    expect(validate(SCHEMAS, "Landing", { ...landing, more: 1 })).toHaveLength(1);
    expect(validate(SCHEMAS, "Landing", { ...landing, partition: "0" })).toHaveLength(1);
    expect(validate(SCHEMAS, "Landing", { topic: "t" })).toHaveLength(4);
  });
});
