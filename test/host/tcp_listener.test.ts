import { describe, expect, it, onTestFinished } from "vitest";
import { listenTcp } from "../../src/host/tcp_listener.ts";

async function pair() {
  const listener = listenTcp("127.0.0.1", 0);
  onTestFinished(() => listener.close());
  const client = await Deno.connect(listener.address);
  return { listener, client, server: await listener.accept() };
}

describe("listenTcp()", () => {
  it("hands over connections that read and write", async () => {
    const { client, server } = await pair();
    expect(server.remote).toBe(`127.0.0.1:${client.localAddr.port}`);
    await client.write(Uint8Array.of(1, 2, 3));
    const into = new Uint8Array(8);
    expect(await server.read(into)).toBe(3);
    await server.write(Uint8Array.of(9));
    expect(await client.read(into)).toBe(1);
    client.close();
    expect(await server.read(into)).toBeNull();
    server.close();
    server.close();
  });

  it("writes all of a large block", async () => {
    const { client, server } = await pair();
    const block = new Uint8Array(8 * 1024 * 1024).fill(5);
    const read = (async () => {
      const into = new Uint8Array(64 * 1024);
      let size = 0;
      for (;;) {
        const count = await client.read(into);
        if (count === null) return size;
        size += count;
      }
    })();
    await server.write(block);
    server.close();
    expect(await read).toBe(block.length);
    client.close();
  });

  it("ends a pending read when the connection is closed", async () => {
    const { client, server } = await pair();
    const read = server.read(new Uint8Array(8)).catch(() => "rejected");
    server.close();
    expect([null, "rejected"]).toContain(await read);
    client.close();
  });

  it("rejects accept() once it is closed", async () => {
    const listener = listenTcp("127.0.0.1", 0);
    const accepted = listener.accept();
    listener.close();
    listener.close();
    await expect(accepted).rejects.toThrow();
  });

  it("says who has the port when it is taken", () => {
    const listener = listenTcp("127.0.0.1", 0);
    onTestFinished(() => listener.close());
    const { port } = listener.address;
    expect(() => listenTcp("127.0.0.1", port)).toThrow(
      `Cannot listen on 127.0.0.1:${port}: another program listens there; ` +
        "stop it or choose another port",
    );
  });
});
