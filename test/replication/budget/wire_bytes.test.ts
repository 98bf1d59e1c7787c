/** Sizes on the wire; test/host/http_client.test.ts holds them to what a socket really receives. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  answerBytes,
  frameBytes,
  framesBytes,
  requestHeadBytes,
} from "../../../src/replication/budget/wire_bytes.ts";

describe("requestHeadBytes()", () => {
  it("counts what the client adds", () => {
    const head = "POST /v1/x HTTP/1.1\r\na: b\r\naccept-language: *\r\nhost: h:1\r\n";
    const common = { url: "http://h:1/v1/x", headers: { a: "b" }, bodyBytes: 8 };
    expect(requestHeadBytes({ ...common, paced: false }))
      .toBe(`${head}content-length: 8\r\n\r\n`.length);
    expect(requestHeadBytes({ ...common, paced: true }))
      .toBe(`${head}transfer-encoding: chunked\r\n\r\n`.length);
  });
});

describe("framesBytes()", () => {
  it("counts the frame of each piece and the last", () => {
    expect(frameBytes(10)).toBe("a\r\n\r\n".length);
    expect(frameBytes(0x1000)).toBe("1000\r\n\r\n".length);
    expect(framesBytes(0, 512)).toBe("0\r\n\r\n".length);
    expect(framesBytes(1_025, 512)).toBe(2 * frameBytes(512) + frameBytes(1) + 5);
  });
});

describe("answerBytes()", () => {
  it("counts head and body", () => {
    const answer = {
      status: 200,
      headers: new Headers({ "content-length": "2" }),
      body: utf8("ok"),
    };
    expect(answerBytes(answer)).toBe("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".length);
  });
});
