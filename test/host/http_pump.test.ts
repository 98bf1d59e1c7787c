import { describe, expect, it, onTestFinished } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { pumpHttp } from "../../src/host/http_pump.ts";
import { HeldConnection } from "../support/held_connection.ts";

async function open(first: string) {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  const outer = new HeldConnection();
  let innerPort = 0;
  const pumped = pumpHttp({
    ...{ outer, port: server.addr.port, first: utf8(first) },
    opened: (port) => innerPort = port,
  });
  const inner = await server.accept();
  await expect.poll(() => innerPort).toBe(inner.remoteAddr.port);
  const read = async () => {
    const into = new Uint8Array(64);
    const size = await inner.read(into);
    return size === null ? null : new TextDecoder().decode(into.subarray(0, size));
  };
  return { outer, inner, pumped, read };
}

describe("pumpHttp()", () => {
  it("carries what was read, then all that comes, both ways, until the server ends", async () => {
    const { outer, inner, pumped, read } = await open("GET /");
    expect(await read()).toBe("GET /");
    outer.push(utf8("more"));
    expect(await read()).toBe("more");
    await inner.write(utf8("answer"));
    await outer.untilWritten(6);
    inner.close();
    await pumped;
    expect(new TextDecoder().decode(outer.written)).toBe("answer");
    expect(outer.closed).toBe(true);
  });

  it("tells the server that the client ended, and still carries the answer", async () => {
    const { outer, inner, pumped, read } = await open("GET /");
    expect(await read()).toBe("GET /");
    outer.push(null);
    expect(await read()).toBeNull();
    await inner.write(utf8("late"));
    inner.close();
    await pumped;
    expect(new TextDecoder().decode(outer.written)).toBe("late");
  });

  it("takes no more from the server than the client reads", async () => {
    const { outer, inner, pumped, read } = await open("GET /");
    await read();
    outer.holdWrites();
    const answer = new Uint8Array(64 * 1024 * 1024);
    let taken = false;
    const written = inner.write(answer).then(() => taken = true, () => {});
    await outer.untilWritten(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(outer.writes).toHaveLength(1);
    outer.close();
    inner.close();
    outer.releaseWrites();
    await Promise.all([pumped, written]);
    expect(typeof taken).toBe("boolean");
  });

  it("closes the client where there is no server", async () => {
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = server.addr;
    server.close();
    const outer = new HeldConnection();
    await pumpHttp({ outer, port, first: utf8("GET /"), opened() {} });
    expect(outer.closed).toBe(true);
  });
});
