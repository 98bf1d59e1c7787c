import { describe, expect, it } from "vitest";
import {
  checkPlainType,
  embeddedFormatOf,
  plainTypeFor,
  recordsTypeFor,
  restAnswer,
} from "../../../src/protocol/http/rest_media_type.ts";

const PLAIN = "application/vnd.kafka.v2+json";

describe("embeddedFormatOf()", () => {
  it.each([
    ["application/vnd.kafka.json.v2+json", "json"],
    ["application/vnd.kafka.binary.v2+json; charset=utf-8", "binary"],
    ["Application/Vnd.Kafka.Text.V2+json", "text"],
    [PLAIN, "binary"],
  ])("of %s is %s", (type, format) => expect(embeddedFormatOf(type)).toBe(format));

  it.each([
    null,
    "application/json",
    "application/vnd.kafka.avro.v2+json",
    "application/vnd.kafka.json.v1+json",
    "application/vnd.kafka.json.v2+json; charset=latin1",
  ])("refuses %s", (type) => expect(() => embeddedFormatOf(type)).toThrow(/Cannot take a body/));
});

describe("plainTypeFor()", () => {
  it.each([
    [null, PLAIN],
    ["*/*", PLAIN],
    ["application/vnd.kafka.v2+json, application/json;q=0.5", PLAIN],
    ["application/json", "application/json"],
    ["application/vnd.kafka+json", "application/vnd.kafka+json"],
  ])("for %s is %s", (accept, type) => expect(plainTypeFor(accept)).toBe(type));

  it("refuses what is none of them", () => {
    expect(() => plainTypeFor("text/html")).toThrow(/Cannot answer in/);
  });
});

describe("recordsTypeFor()", () => {
  it.each(
    [
      [null, "binary", "application/vnd.kafka.binary.v2+json"],
      [PLAIN, "json", "application/vnd.kafka.json.v2+json"],
      ["application/vnd.kafka.json.v2+json", "json", "application/vnd.kafka.json.v2+json"],
      ["application/json", "text", "application/json"],
    ] as const,
  )("for %s and %s is %s", (accept, format, type) => {
    expect(recordsTypeFor(accept, format)).toBe(type);
  });

  it("refuses another format than the instance's, by its number", () => {
    expect(() => recordsTypeFor("application/vnd.kafka.json.v2+json", "binary"))
      .toThrow(expect.objectContaining({ detail: { error_code: 40601 } }));
  });
});

describe("checkPlainType()", () => {
  it("takes all of the family, and a body that does not say", () => {
    for (const type of [null, PLAIN, "application/json", "application/vnd.kafka.json.v2+json"]) {
      expect(() => checkPlainType(type)).not.toThrow();
    }
    expect(() => checkPlainType("application/x-www-form-urlencoded")).toThrow(/curl/);
  });
});

describe("restAnswer()", () => {
  it("answers as the reader wants it", async () => {
    const request = new Request("http://n/topics", { headers: { accept: "application/json" } });
    const response = restAnswer(request, ["t"]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual(["t"]);
  });
});
