/** Hello: what is written is what is read, and what a stranger sends is refused by field. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  decodeHelloAnswer,
  decodeHelloRequest,
  encodeHelloAnswer,
  encodeHelloRequest,
} from "../../../src/protocol/replication/hello.ts";

const request = { versions: { min: 1, max: 2 }, nodeId: "00000000000000aa", nodeName: "ferry-7" };
const answer = {
  protocol: 1,
  session: "0123456789abcdef0123456789abcdef",
  nodeId: "00000000000000bb",
  nodeName: "centre",
  bodyBytesMax: 4096,
};

describe("hello", () => {
  it("survives the wire", () => {
    expect(decodeHelloRequest(encodeHelloRequest(request))).toEqual(request);
    expect(decodeHelloAnswer(encodeHelloAnswer(answer))).toEqual(answer);
    const newer = { ...request, run: "00000000000000cc" };
    expect(decodeHelloRequest(encodeHelloRequest(newer))).toEqual(newer);
    const routed = { ...answer, route: [answer.nodeId, "00000000000000cc"] };
    expect(decodeHelloAnswer(encodeHelloAnswer(routed))).toEqual(routed);
  });

  it("refuses a route that is no list of a few node ids", () => {
    const routed = (route: readonly string[]) => () =>
      decodeHelloAnswer(encodeHelloAnswer({ ...answer, route }));
    expect(routed(["nonsense"])).toThrow("route[0]");
    expect(routed(Array.from({ length: 17 }, () => answer.nodeId))).toThrow("at most 16");
  });

  it("ignores what a newer peer adds", () => {
    const more = JSON.parse(new TextDecoder().decode(encodeHelloRequest(request)));
    expect(decodeHelloRequest(utf8(JSON.stringify({ ...more, zstd: true })))).toEqual(request);
  });

  it.each(["protocol_min", "protocol_max", "node_id", "node_name"])("needs %s", (name) => {
    const less = JSON.parse(new TextDecoder().decode(encodeHelloRequest(request)));
    delete less[name];
    expect(() => decodeHelloRequest(utf8(JSON.stringify(less)))).toThrow(`"${name}"`);
  });

  it("refuses a range of versions that is upside down", () => {
    const body = encodeHelloRequest({ ...request, versions: { min: 2, max: 1 } });
    expect(() => decodeHelloRequest(body)).toThrow('"protocol_max"');
  });
});
