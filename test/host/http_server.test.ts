import { describe, expect, it, onTestFinished } from "vitest";
import { type HttpServerOptions, serveHttp } from "../../src/host/http_server.ts";

function serve(handle: HttpServerOptions["handle"], onBug: (error: unknown) => void = () => {}) {
  const server = serveHttp({ hostname: "127.0.0.1", port: 0, handle, onBug, onTrouble() {} });
  onTestFinished(() => server.abort());
  return { server, url: `http://127.0.0.1:${server.address.port}` };
}

describe("serveHttp()", () => {
  it("gives requests and where they came from to the handler", async () => {
    const { url } = serve((request, remote) => new Response(`${request.method} ${remote}`));
    expect(await (await fetch(url, { method: "PUT" })).text()).toMatch(/^PUT 127\.0\.0\.1:\d+$/);
  });

  it("answers 500 and reports the bug when a handler throws", async () => {
    const bugs: unknown[] = [];
    const { url } = serve(() => {
      throw new TypeError("a bug");
    }, (error) => bugs.push(error));
    const response = await fetch(url);
    await response.body?.cancel();
    expect(response.status).toBe(500);
    expect(bugs).toEqual([expect.objectContaining({ message: "a bug" })]);
  });

  it("lets the requests under way finish when it closes", async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { server, url } = serve(async () => {
      entered.resolve();
      await leave.promise;
      return new Response("done");
    });
    const answer = fetch(url).then((response) => response.text());
    await entered.promise;
    const closed = server.close();
    leave.resolve();
    expect(await answer).toBe("done");
    await closed;
    await expect(fetch(url)).rejects.toThrow();
  });
});
