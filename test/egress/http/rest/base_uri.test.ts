import { describe, expect, it } from "vitest";
import { baseUriOf } from "../../../../src/egress/http/rest/base_uri.ts";

const at = (headers: Record<string, string> = {}, name = "one") =>
  baseUriOf(new Request("http://node:8080/consumers/g?x=1", { headers }), "g", name);

describe("baseUriOf()", () => {
  it("is where the request came to", () => {
    expect(at()).toBe("http://node:8080/consumers/g/instances/one");
    expect(at({}, "a/b c")).toBe("http://node:8080/consumers/g/instances/a%2Fb%20c");
  });

  it.each([
    [{ forwarded: "host=edge.example:443;proto=https" }, "https://edge.example:443"],
    [{ forwarded: 'for=1.2.3.4; host="edge"; proto=http, host=b;proto=http' }, "http://edge"],
    [{ "x-forwarded-host": "edge", "x-forwarded-proto": "https" }, "https://edge"],
    [{ forwarded: "host=[::1]:80;proto=http" }, "http://[::1]:80"],
  ])("is where a gateway in front was asked: %j", (headers, origin) => {
    expect(at(headers as unknown as Record<string, string>))
      .toBe(`${origin}/consumers/g/instances/one`);
  });

  it("takes the gateway's path", () => {
    expect(at({ "x-forwarded-path": "/bridge/consumers/g/" }))
      .toBe("http://node:8080/bridge/consumers/g/instances/one");
  });

  it.each([
    { forwarded: "host=edge;proto=mqtt" },
    { forwarded: "host=edge" },
    { forwarded: 'host="a b";proto=http' },
    { "x-forwarded-host": "user@edge", "x-forwarded-proto": "http" },
    { "x-forwarded-path": "no-slash" },
  ])("passes over what is no origin: %j", (headers) => {
    expect(at(headers as unknown as Record<string, string>))
      .toBe("http://node:8080/consumers/g/instances/one");
  });
});
