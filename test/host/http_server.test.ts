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

  it.each([
    ["waits for what never comes", () => new Promise<Response>(() => {})],
    ["reads nothing of an answer without end", () => new Response(endless())],
  ])("cuts off, after it was closed, who %s", async (_name, handle) => {
    const entered = Promise.withResolvers<void>();
    const { server } = serve(() => {
      entered.resolve();
      return handle();
    });
    const client = await Deno.connect(server.address);
    onTestFinished(() => client.close());
    await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    await entered.promise;
    const closed = server.close();
    server.abort();
    await closed;
    const into = new Uint8Array(65_536);
    const read = async () => {
      while (await client.read(into) !== null);
    };
    await read().catch((error) => expect(error).toBeInstanceOf(Deno.errors.ConnectionReset));
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

const endless = () =>
  new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  }, { highWaterMark: 0 });
