import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { HttpCall } from "../../src/base/net.ts";
import { Api, jsonBody, segment } from "../../src/cli/api.ts";

const answering = (status: number, body: string, calls: HttpCall[] = []) =>
  new Api({
    url: "http://node.example",
    token: "a-token",
    client: (call) => {
      calls.push(call);
      return Promise.resolve({ status, headers: new Headers(), body: utf8(body) });
    },
  });

describe("Api", () => {
  it("asks with the credential, and parses the answer", async () => {
    const calls: HttpCall[] = [];
    expect(await answering(200, '{"a":1}', calls).get("/v1/topics")).toEqual({ a: 1 });
    expect(calls[0]).toMatchObject({
      url: "http://node.example/v1/topics",
      headers: { authorization: "Bearer a-token", accept: "application/json" },
    });
  });

  it("throws the node's own sentence, with its code", async () => {
    const problem = { code: "unknown_topic", detail: 'Cannot find topic "x"', status: 404 };
    await expect(answering(404, JSON.stringify(problem)).get("/")).rejects.toMatchObject({
      code: "unknown_topic",
      message: 'Cannot find topic "x"',
    });
  });

  it("says what it can when the answer is no node's", async () => {
    await expect(answering(502, "<html>").get("/")).rejects.toThrow("HTTP 502");
    await expect(answering(200, "<html>").get("/")).rejects.toThrow("is that a logboom node?");
  });

  it("posts a body with its type", async () => {
    const calls: HttpCall[] = [];
    const body = jsonBody([1]);
    await answering(200, "{}", calls).post({ path: "/x", type: "application/json", body });
    expect(calls[0]).toMatchObject({ method: "POST", headers: { "content-type": /json/ }, body });
  });
});

it("segment() keeps a name one segment", () => {
  expect(segment("a/b?c")).toBe("a%2Fb%3Fc");
});
