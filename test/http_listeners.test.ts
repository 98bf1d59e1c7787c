import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import type { Connection } from "../src/base/net.ts";
import { HOST_TIMERS } from "../src/host/timers.ts";
import { HttpListeners, type HttpListenersOptions } from "../src/http_listeners.ts";
import { makeCertificate } from "./support/certificates.ts";
import { handshakeHead } from "./support/websocket_frames.ts";

function open(
  config: Partial<HttpListenersOptions["config"]>,
  mqtt: HttpListenersOptions["mqtt"] = null,
  handle: HttpListenersOptions["handle"] = (request, remote) =>
    new Response(`${new URL(request.url).pathname} ${remote}`),
): HttpListeners {
  const listeners = new HttpListeners({
    config: {
      ...{ host: "127.0.0.1", http_port: 0, https_port: null, tls_cert: null, tls_key: null },
      ...config,
    },
    ...{ timers: HOST_TIMERS, logger: SILENT_LOGGER, mqtt, handle },
    onBug(error) {
      throw error;
    },
  });
  onTestFinished(() => listeners.close());
  return listeners;
}

/** What a request is answered with, and the port it came from. */
async function ask(port: number): Promise<{ readonly text: string; readonly from: number }> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  await client.write(
    new TextEncoder().encode("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
  );
  const text = await new Response(client.readable).text();
  return { text, from: client.localAddr.port };
}

describe("HttpListeners", () => {
  it.each([["a front before it", () => {}], ["none", null]])(
    "says where a request came from, with %s",
    async (_name, mqtt) => {
      const { http } = open({}, mqtt);
      const { text, from } = await ask(http!.port);
      expect(text).toContain(`/x 127.0.0.1:${from}`);
    },
  );

  it.each([["a front before it", () => {}], ["none", null]])(
    "cuts off a client that takes nothing, with %s",
    async (_name, mqtt) => {
      const gone = Promise.withResolvers<void>();
      const endless = () =>
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
          cancel: () => gone.resolve(),
        }, { highWaterMark: 0 });
      let remote = "";
      const listeners = open({}, mqtt, (_request, from) => {
        remote = from;
        return new Response(endless());
      });
      const client = await Deno.connect({ hostname: "127.0.0.1", port: listeners.http!.port });
      onTestFinished(() => client.close());
      await client.write(new TextEncoder().encode("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"));
      await expect.poll(() => remote).toBe(`127.0.0.1:${client.localAddr.port}`);
      listeners.cut([remote]);
      await gone.promise;
    },
  );

  it("hands WebSockets to MQTT", async () => {
    const clients: Connection[] = [];
    const { http } = open({}, (client) => void clients.push(client));
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: http!.port });
    onTestFinished(() => socket.close());
    await socket.write(new TextEncoder().encode(handshakeHead()));
    await expect.poll(() => clients.map(({ transport }) => transport)).toEqual(["ws"]);
    clients[0]!.close();
  });

  it("lets go of its ports when one cannot be had", async () => {
    const { cert: tls_cert } = await makeCertificate();
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const http_port = taken.addr.port;
    taken.close();
    const config = { http_port, https_port: 0, tls_cert, tls_key: "/nowhere" };
    expect(() => open(config, () => {})).toThrow("Cannot read tls_key /nowhere");
    expect(open({ http_port }, () => {}).http!.port).toBe(http_port);
  });

  it("listens nowhere where nothing is wanted", () => {
    expect(open({ http_port: null })).toMatchObject({ http: null, https: null });
  });
});
