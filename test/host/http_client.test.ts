import { describe, expect, it, onTestFinished } from "vitest";
import type { HttpCall } from "../../src/base/net.ts";
import { openHttpClient } from "../../src/host/http_client.ts";
import { listenTcp } from "../../src/host/tcp_listener.ts";
import { serveHttp } from "../../src/host/http_server.ts";
import {
  framesBytes,
  PLAIN_HEADERS,
  requestHeadBytes,
} from "../../src/replication/budget/wire_bytes.ts";

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

  it("hands a paced body over piece by piece, and its own time does not count", async () => {
    const { request, url } = pair(async (got) => new Response(await got.bytes()));
    const body = Uint8Array.from({ length: 1_000 }, (_, at) => at);
    const left: number[] = [];
    const pace = async (leftBytes: number) => {
      left.push(leftBytes);
      await new Promise((resolve) => setTimeout(resolve, 60));
      return Math.min(leftBytes, 400);
    };
    const answer = await request({ method: "POST", url, headers: {}, body, pace, timeoutMs: 150 });
    expect(answer.body).toEqual(body);
    expect(left).toEqual([1_000, 600, 200]);
  });

  it("waits for no piece that nobody wants any more", async () => {
    const { request, url } = pair(() => new Response(null, { status: 413 }));
    const body = new Uint8Array(1_000);
    let pieces = 0;
    const pace = () =>
      new Promise<number>((resolve) => setTimeout(() => resolve(pieces++ + 1), 20));
    const answer = await request({
      method: "POST",
      url,
      headers: {},
      body,
      pace,
      timeoutMs: 5_000,
    });
    expect(answer.status).toBe(413);
    const then = pieces;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pieces - then).toBeLessThanOrEqual(1);
  });

  it("says whether anything was sent", async () => {
    const { request } = pair(() => new Response());
    const call = { method: "GET", headers: {}, timeoutMs: 5_000 } as const;
    const listener = listenTcp("127.0.0.1", 0);
    const url = `http://127.0.0.1:${listener.address.port}`;
    const cut = listener.accept().then((connection) => connection.close());
    await expect(request({ ...call, url })).rejects.toMatchObject({ detail: { sent: true } });
    await cut;
    listener.close();
    await expect(request({ ...call, url })).rejects.toMatchObject({ detail: { sent: false } });
  });
});

describe("bytes on the wire", () => {
  /** Sends one request to a socket that counts, and answers when it saw the end of it. */
  async function receivedBytes(call: Omit<HttpCall, "url" | "method" | "timeoutMs">, end: string) {
    const { request } = pair(() => new Response());
    const listener = listenTcp("127.0.0.1", 0);
    const url = `http://127.0.0.1:${listener.address.port}/v1/x?y=1`;
    const answered = request({ ...call, url, method: "POST", timeoutMs: 5_000 });
    const connection = await listener.accept();
    const buffer = new Uint8Array(64 * 1024);
    let text = "";
    while (!text.endsWith(end)) {
      const count = await connection.read(buffer);
      text += new TextDecoder("latin1").decode(buffer.subarray(0, count ?? 0));
    }
    await connection.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
    await answered;
    connection.close();
    listener.close();
    return { url, bytes: text.length };
  }

  const headers = { ...PLAIN_HEADERS, "content-type": "a/b", authorization: "Bearer x" };
  const body = new TextEncoder().encode("x".repeat(2_000) + "END");

  it("are what was counted, of a whole body", async () => {
    const { url, bytes } = await receivedBytes({ headers, body }, "END");
    const head = requestHeadBytes({ url, headers, bodyBytes: body.length, paced: false });
    expect(bytes).toBe(head + body.length);
  });

  it("are what was counted, of a body in pieces", async () => {
    // Pieces that are there at the same time may become one: then it is a little less.
    const pace = async (leftBytes: number) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return Math.min(leftBytes, 600);
    };
    const { url, bytes } = await receivedBytes({ headers, body, pace }, "\r\n0\r\n\r\n");
    const head = requestHeadBytes({ url, headers, bodyBytes: body.length, paced: true });
    expect(bytes).toBe(head + body.length + framesBytes(body.length, 600));
  });
});
