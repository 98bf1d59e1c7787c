import { describe, expect, it } from "vitest";
import { consumerConfigOf } from "../../../../src/egress/http/rest/consumer_config.ts";

describe("consumerConfigOf()", () => {
  it("has the proxy's defaults", () => {
    for (const document of [undefined, null, {}]) {
      expect(consumerConfigOf(document)).toEqual({
        ...{ name: null, format: "binary", offsetReset: "latest", autoCommit: true },
        ...{ minBytes: 1, waitMs: 1_000, sessionMs: 300_000 },
      });
    }
  });

  it("takes what clients of the proxy send, and what clients of the bridge do", () => {
    expect(consumerConfigOf({
      name: "one",
      format: "JSON",
      "auto.offset.reset": "earliest",
      "auto.commit.enable": "false",
      "fetch.min.bytes": "512",
      "consumer.request.timeout.ms": 30_000,
    })).toMatchObject({
      ...{ name: "one", format: "json", offsetReset: "earliest", autoCommit: false },
      ...{ minBytes: 512, waitMs: 30_000 },
    });
    expect(consumerConfigOf({
      id: "two",
      name: "one",
      "enable.auto.commit": true,
      "isolation.level": "read_committed",
      "session.timeout.ms": 5_000,
      "fetch.min.bytes": -1,
    })).toMatchObject({ name: "two", autoCommit: true, sessionMs: 5_000, minBytes: 1 });
  });

  it.each([
    [[], "object"],
    [{ foo: 1 }, "foo"],
    [{ format: "avro" }, "format"],
    [{ format: 1 }, "format"],
    [{ name: "" }, "name"],
    [{ name: "a\nb" }, "name"],
    [{ name: "x".repeat(250) }, "name"],
    [{ "auto.offset.reset": "smallest" }, "auto.offset.reset"],
    [{ "auto.commit.enable": "yes" }, "auto.commit.enable"],
    [{ "auto.commit.enable": true, "enable.auto.commit": false }, "differ"],
    [{ "fetch.min.bytes": -2 }, "fetch.min.bytes"],
    [{ "fetch.min.bytes": 1e9 }, "fetch.min.bytes"],
    [{ "consumer.request.timeout.ms": "soon" }, "consumer.request.timeout.ms"],
    [{ "isolation.level": "serializable" }, "isolation.level"],
    [{ "session.timeout.ms": 10 }, "session.timeout.ms"],
  ])("refuses %j", (document, named) => {
    expect(() => consumerConfigOf(document)).toThrow(expect.objectContaining({
      message: expect.stringContaining(named),
      detail: { error_code: 42204 },
    }));
  });
});
