import { describe, expect, it } from "vitest";
import {
  offsetsOf,
  partitionsOf,
  readDocument,
  RequestFields,
} from "../../../../src/egress/http/rest/request_fields.ts";
import { HOST_TIMERS } from "../../../../src/host/timers.ts";
import { DocumentBodies } from "../../../../src/protocol/http/document_body.ts";

const numbered = (error_code: number) => expect.objectContaining({ detail: { error_code } });

describe("RequestFields", () => {
  const fields = new RequestFields(
    { text: "t", one: "B", flag: "true", number: "7", list: [1], none: null },
    ["text", "one", "flag", "number", "list", "none"],
  );

  it("gives each member as what it is asked for", () => {
    expect(fields.text("text")).toBe("t");
    expect(fields.oneOf("one", ["a", "b"])).toBe("b");
    expect(fields.flag("flag")).toBe(true);
    expect(fields.integer("number", 0)).toBe(7);
    expect(fields.list("list", 1)).toEqual([1]);
    for (const name of ["none", "absent"]) {
      expect(fields.has(name)).toBe(false);
      expect(fields.text(name)).toBeUndefined();
      expect(fields.flag(name)).toBeUndefined();
      expect(fields.integer(name, 0)).toBeUndefined();
      expect(fields.list(name, 1)).toBeUndefined();
    }
  });

  it("refuses another kind, with its number", () => {
    expect(() => fields.text("list")).toThrow(numbered(422));
    expect(() => fields.oneOf("text", ["a"])).toThrow(numbered(422));
    expect(() => fields.flag("text")).toThrow(numbered(422));
    expect(() => fields.integer("number", 8)).toThrow(numbered(422));
    expect(() => fields.list("list", 0)).toThrow(numbered(422));
    expect(() => fields.list("text", 1)).toThrow(numbered(422));
    expect(() => new RequestFields({ a: 1, b: 2 }, ["a"], 42204)).toThrow(numbered(42204));
    expect(() => new RequestFields("text", [])).toThrow(numbered(422));
    expect(() => new RequestFields({ t: "\ud800" }, ["t"]).text("t")).toThrow(numbered(422));
  });
});

describe("readDocument()", () => {
  const bodies = new DocumentBodies({ timers: HOST_TIMERS });
  const sent = (body: BodyInit | null, headers: Record<string, string> = {}) =>
    readDocument(new Request("http://n", { method: "POST", body, headers }), bodies);

  it("reads JSON of any of the types, or none at all", async () => {
    expect(await sent('{"a":1}', { "content-type": "application/vnd.kafka.v2+json" }))
      .toEqual({ a: 1 });
    expect(await sent(null)).toBeUndefined();
  });

  it("refuses what is no JSON, or is said to be something else", async () => {
    const type = { "content-type": "application/json" };
    await expect(sent("{", type)).rejects.toMatchObject({ code: "malformed_body" });
    await expect(sent(new Uint8Array([0x22, 0xff, 0x22]), type))
      .rejects.toMatchObject({ code: "malformed_body" });
    await expect(sent("x", { "content-type": "text/plain" }))
      .rejects.toMatchObject({ code: "unsupported_media_type" });
  });
});

describe("partitionsOf() and offsetsOf()", () => {
  it("read lists of places", () => {
    expect(partitionsOf({ partitions: [{ topic: "t", partition: 1 }] }))
      .toEqual([{ topic: "t", partition: 1 }]);
    expect(offsetsOf({ offsets: [{ topic: "t", partition: "1", offset: 5, metadata: "m" }] }))
      .toEqual([{ topic: "t", partition: 1, offset: 5, metadata: "m" }]);
  });

  it.each([
    undefined,
    {},
    { partitions: [{ topic: "t" }] },
    { partitions: [{ partition: 1 }] },
    { partitions: [{ topic: "t", partition: -1 }] },
    { partitions: [7] },
    { partitions: "all" },
    { partitions: Array.from({ length: 2_001 }, () => ({ topic: "t", partition: 0 })) },
  ])("refuse %j", (document) => {
    expect(() => partitionsOf(document)).toThrow(numbered(422));
  });

  it.each([
    {},
    { offsets: [{ topic: "t", partition: 0 }] },
    { offsets: [{ topic: "t", partition: 0, offset: -1 }] },
    { offsets: [{ topic: "t", partition: 0, offset: 1.5 }] },
    { offsets: [{ topic: "t", partition: 0, offset: 1, epoch: 3 }] },
  ])("refuse %j as offsets", (document) => {
    expect(() => offsetsOf(document)).toThrow(numbered(422));
  });
});
