import { describe, expect, it } from "vitest";
import type { Fetch } from "../../src/client/environment.ts";
import { Transport } from "../../src/client/transport.ts";
import { handEnvironment, problem } from "../support/client_world.ts";

function transportTo(fetch: Fetch, more: { url?: string; token?: string } = {}) {
  const environment = handEnvironment(fetch);
  return {
    environment,
    transport: new Transport({
      url: more.url ?? "http://node.test",
      token: more.token,
      environment,
    }),
  };
}

describe("Transport", () => {
  it("asks under its base URL, with its token", async () => {
    const asked: [string, RequestInit][] = [];
    const { transport } = transportTo((...call) => {
      asked.push(call);
      return Promise.resolve(new Response("{}"));
    }, { url: "https://node.test:8443/logs/?x=1#y", token: "secret" });
    await transport.ask({ path: "/v1/topics", accept: "application/cbor" });
    expect(asked[0]![0]).toBe("https://node.test:8443/logs/v1/topics");
    expect(asked[0]![1].headers).toEqual({
      accept: "application/cbor",
      authorization: "Bearer secret",
    });
  });

  it.each(["", "node:8080", "ftp://node", "/v1"])("takes no URL %j", (url) => {
    expect(() => transportTo(() => Promise.reject(), { url })).toThrow(/Cannot use url/);
  });

  it("throws what the node refused with, and how long to wait", async () => {
    const answer = problem(503, "overloaded", { retriable: true });
    answer.headers.set("retry-after", "7");
    const { transport } = transportTo(() => Promise.resolve(answer));
    await expect(transport.ask({ path: "/" })).rejects.toMatchObject({
      ...{ code: "overloaded", status: 503, retriable: true },
      detail: { retry_after_s: 7 },
    });
  });

  it("throws that nothing is there, and that it may be later", async () => {
    const { transport } = transportTo(() => Promise.reject(new TypeError("refused")));
    await expect(transport.ask({ path: "/" })).rejects.toMatchObject({
      code: "unreachable",
      retriable: true,
      message: "Cannot reach http://node.test: refused",
    });
  });

  it("waits no longer than the request and what the node may wait", async () => {
    const { transport, environment } = transportTo((_, { signal }) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)))
    );
    const asked = transport.ask({ path: "/", waitMs: 5_000 });
    const failed = expect(asked).rejects.toMatchObject({ code: "timed_out", retriable: true });
    await environment.pass(34_999);
    await environment.pass(1);
    await failed;
    expect(environment.delays).toEqual([35_000]);
  });

  it("throws the caller's reason, whatever the platform throws", async () => {
    const stop = new AbortController();
    const { transport } = transportTo(() => {
      stop.abort("enough");
      return Promise.reject(new TypeError("interrupted"));
    });
    await expect(transport.ask({ path: "/", signal: stop.signal })).rejects.toBe("enough");
  });

  it("json() takes no other answer", async () => {
    const { transport } = transportTo(() => Promise.resolve(new Response("<html>")));
    await expect(transport.json({ path: "/" })).rejects.toMatchObject({ code: "invalid_answer" });
    const empty = transportTo(() => Promise.resolve(new Response(null, { status: 204 })));
    expect(await empty.transport.json({ path: "/" })).toBeUndefined();
  });

  it("open() gives a body, and time stands still until the caller lets it run", async () => {
    const { transport, environment } = transportTo(() => Promise.resolve(new Response("hello")));
    const { body, deadline } = await transport.open({ path: "/" });
    await environment.pass(1_000_000);
    expect(deadline.signal.aborted).toBe(false);
    expect(await new Response(body).text()).toBe("hello");
    deadline.end();
  });
});
