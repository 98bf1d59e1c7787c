import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import { deflate, inflate } from "../../../src/host/inflate.ts";
import {
  type ProduceHead,
  readProduceBody,
  readProduceHead,
} from "../../../src/ingress/http/produce_request.ts";
import { MediaType } from "../../../src/protocol/http/media_type.ts";
import { testCore } from "../../support/core.ts";

const options = { core: testCore(), inflate, bodyBytesMax: 1_000 };

function head(query = "", headers: Record<string, string> = {}): ProduceHead {
  const request = new Request(`http://h/v1/topics/t/records${query}`, {
    method: "POST",
    headers: { "content-type": MediaType.ndjson, ...headers },
  });
  return readProduceHead(request, "t");
}

function codeOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    if (error instanceof OperatingError) return error.code;
    throw error;
  }
  return "taken";
}

describe("readProduceHead()", () => {
  it("reads parameters and headers", () => {
    expect(head()).toEqual({
      ...{ topic: "t", type: MediaType.ndjson, encoding: "identity" },
      ...{ partition: undefined, key: null, producer: null },
    });
    const identity = { "logboom-producer-id": "p", "logboom-sequence": "3" };
    expect(head("?partition=3&key=%C3%A9", { "content-encoding": "GZIP", ...identity }))
      .toMatchObject({
        ...{ encoding: "gzip", partition: 3, key: utf8("é") },
        producer: { producerId: "p", sequence: 3 },
      });
  });

  it("refuses what cannot be meant", () => {
    expect(codeOf(() => head("?partition=2000"))).toBe("invalid_argument");
    expect(codeOf(() => head("?keys=x"))).toBe("invalid_argument");
    expect(codeOf(() => head("", { "content-encoding": "br" }))).toBe("unsupported_media_type");
    const request = new Request("http://h/", { headers: { "content-type": MediaType.json } });
    for (const topic of ["__x", "a b", "..", ""]) {
      expect(codeOf(() => readProduceHead(request, topic)), topic).toBe("invalid_topic");
    }
  });
});

describe("readProduceBody()", () => {
  it("leaves lines as they came, unless each must be known by itself", () => {
    const body = utf8("1\n22\n");
    expect(readProduceBody(head(), body, options))
      .toEqual({ kind: "lines", bytes: body, longestLine: 2 });
    const identity = { "logboom-producer-id": "p", "logboom-sequence": "3" };
    const once = readProduceBody(head("?key=k", identity), body, options);
    const record = { key: utf8("k"), headers: [], timestamp: null };
    expect(once).toEqual({
      kind: "records",
      records: [{ ...record, value: utf8("1") }, { ...record, value: utf8("22") }],
    });
  });

  it("gives the request's key to records that have none", () => {
    const forms = { ...head("?key=k"), type: MediaType.records };
    const body = readProduceBody(forms, utf8(`[{"key":"own"},{}]`), options);
    expect(body.kind === "records" && body.records.map(({ key }) => key))
      .toEqual([utf8("own"), utf8("k")]);
  });

  it("inflates up to the limit of a body", () => {
    const gzip = { ...head(), type: MediaType.octets, encoding: "gzip" } as const;
    const body = readProduceBody(gzip, deflate("gzip", new Uint8Array(1_000)), options);
    expect(body.kind === "records" && body.records[0]!.value!.length).toBe(1_000);
    const over = deflate("gzip", new Uint8Array(1_001));
    expect(codeOf(() => readProduceBody(gzip, over, options))).toBe("body_too_large");
    expect(codeOf(() => readProduceBody(gzip, utf8("no gzip"), options))).toBe("malformed_body");
    expect(codeOf(() => readProduceBody(gzip, new Uint8Array(), options))).toBe("malformed_body");
  });
});
