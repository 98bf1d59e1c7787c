import { describe, expect, it, onTestFinished } from "vitest";
import { cutSockets } from "../../src/host/socket_cut.ts";

const isLinux = Deno.build.os === "linux";

/** A client that asked, and reads nothing of an answer without end. */
async function stuckClient(hostname: string) {
  let pulls = 0;
  const gone = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(64 * 1024));
        },
        cancel: () => gone.resolve(),
      }, { highWaterMark: 0 }),
    ));
  const { port } = server.addr;
  const client = await Deno.connect({ hostname, port });
  onTestFinished(async () => {
    client.close();
    await server.shutdown();
  });
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  for (let before = -1; before !== pulls || pulls === 0;) {
    before = pulls;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { hostname: host, port: from } = client.localAddr;
  return { port, remote: `${host}:${from}`, from, gone: gone.promise };
}

describe.runIf(isLinux)("cutSockets()", () => {
  it.each(["127.0.0.1", "::1"])(
    "frees the server of a client at %s who reads nothing",
    async (at) => {
      const { port, remote, gone } = await stuckClient(at);
      expect(cutSockets(port, [remote])).toBe(1);
      await gone;
    },
  );

  it("finds a client of IPv4 at a door of IPv6", async () => {
    const listener = Deno.listen({ hostname: "::", port: 0 });
    const { port } = listener.addr;
    const [accepted, client] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    onTestFinished(() => [listener, accepted, client].forEach((each) => each.close()));
    expect(cutSockets(port, [`::ffff:127.0.0.1:${client.localAddr.port}`])).toBe(1);
    expect(await accepted.read(new Uint8Array(1))).toBeNull();
  });

  it("cuts nothing but what it is told to", async () => {
    const { port, remote, from, gone } = await stuckClient("127.0.0.1");
    expect(cutSockets(port, [])).toBe(0);
    expect(cutSockets(port, [`127.0.0.2:${from}`, `127.0.0.1:${from ^ 1}`, "nonsense"])).toBe(0);
    expect(cutSockets(port ^ 1, [remote])).toBe(0);
    expect(cutSockets(port, ["10.0.0.1:1", remote])).toBe(1);
    await gone;
  });
});
