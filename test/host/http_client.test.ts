import { describe, expect, it, onTestFinished } from "vitest";
import { openHttpClient } from "../../src/host/http_client.ts";
import { listenTcp } from "../../src/host/tcp_listener.ts";
import { serveHttp } from "../../src/host/http_server.ts";

function pair(handle: (request: Request) => Response | Promise<Response>) {
  const server = serveHttp({ hostname: "127.0.0.1", port: 0, handle, onBug() {}, onTrouble() {} });
  const client = openHttpClient();
  onTestFinished(() => {
    client.close();
    server.abort();
  });
  return { ...client, url: `http://127.0.0.1:${server.address.port}` };
}

describe("openHttpClient()", () => {
  it("sends a body and reads the whole answer", async () => {
    const { request, url } = pair(async (got) =>
      new Response(await got.bytes(), { status: 201, headers: { "x-method": got.method } })
    );
    const body = Uint8Array.of(0, 255, 13, 10);
    const answer = await request({ method: "POST", url, headers: {}, body, timeoutMs: 5_000 });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-method")).toBe("POST");
    expect(answer.body).toEqual(body);
  });

  it("follows no redirect, since a credential would go along", async () => {
    const { request, url } = pair(() => Response.redirect("http://127.0.0.1:1/elsewhere", 307));
    const answer = await request({ method: "GET", url, headers: {}, timeoutMs: 5_000 });
    expect(answer.status).toBe(307);
  });

  it("says upstream_unreachable and where when nobody answers", async () => {
    const { request } = pair(() => new Response());
    const listener = listenTcp("127.0.0.1", 0);
    listener.close();
    const url = `http://127.0.0.1:${listener.address.port}/secret/path`;
    await expect(request({ method: "GET", url, headers: {}, timeoutMs: 5_000 })).rejects
      .toMatchObject({
        code: "upstream_unreachable",
        retriable: true,
        message: expect.stringMatching(
          /^Cannot reach http:\/\/127\.0\.0\.1:\d+: .*Connection refused/,
        ),
      });
  });

  it("gives up after the time it was given", async () => {
    const never = new Promise<Response>(() => {});
    const { request, url } = pair(() => never);
    await expect(request({ method: "GET", url, headers: {}, timeoutMs: 50 })).rejects
      .toMatchObject({ code: "upstream_unreachable", message: /no answer in 50 ms/ });
  });

  it("reads an answer up to a limit", async () => {
    const { request, url } = pair(() => new Response(new Uint8Array(17 * 1024 * 1024)));
    await expect(request({ method: "GET", url, headers: {}, timeoutMs: 20_000 })).rejects
      .toMatchObject({ code: "upstream_unreachable", message: /over 16777216 bytes/ });
  });

  it("stops when its caller does", async () => {
    const never = new Promise<Response>(() => {});
    const { request, url } = pair(() => never);
    const abort = new AbortController();
    const answer = request({
      method: "GET",
      url,
      headers: {},
      timeoutMs: 20_000,
      signal: abort.signal,
    });
    abort.abort();
    await expect(answer).rejects.toMatchObject({ code: "upstream_unreachable" });
  });
});
