/** Bodies between nodes: their size, their time, their budget. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { BodyReader } from "../../../src/replication/http/body_reader.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { turns } from "../../support/replication_world.ts";

const requestOf = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Request("http://node/", { method: "POST", body, headers });

/** A body that comes in the chunks it is told to. */
function slowly(): { request: Request; send(text: string): void; end(): void } {
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (one) => void (controller = one),
  });
  return {
    request: new Request("http://node/", { method: "POST", body }),
    send: (text) => controller.enqueue(utf8(text)),
    end: () => controller.close(),
  };
}

describe("BodyReader.read()", () => {
  it("reads a body whose length was announced, and one whose length was not", async () => {
    const reader = new BodyReader({ timers: new HandClock() });
    const announced = await reader.read(requestOf("abc", { "content-length": "3" }), 10);
    expect(announced.bytes).toEqual(utf8("abc"));
    const body = slowly();
    const reading = reader.read(body.request, 20_000);
    for (let chunk = 0; chunk < 10; chunk++) body.send("x".repeat(1_000));
    body.end();
    const unannounced = await reading;
    expect(unannounced.bytes).toHaveLength(10_000);
    expect(reader.heldBytes).toBe(10_003);
    announced.release();
    unannounced.release();
    expect(reader.heldBytes).toBe(0);
  });

  it("uses the memory of a large body again once it is released, and not before", async () => {
    const reader = new BodyReader({ timers: new HandClock() });
    const bodyOf = (fill: number) => {
      const bytes = new Uint8Array(100_000).fill(fill);
      return reader.read(requestOf(bytes, { "content-length": "100000" }), 1 << 20);
    };
    const [first, second] = [await bodyOf(1), await bodyOf(2)];
    expect([first.bytes[0], second.bytes[99_999]]).toEqual([1, 2]);
    first.release();
    const third = await bodyOf(3);
    expect(third.bytes.buffer).toBe(first.bytes.buffer);
    expect(second.bytes).toEqual(new Uint8Array(100_000).fill(2));
    expect(third.bytes).toEqual(new Uint8Array(100_000).fill(3));
  });

  it("refuses what is too large, announced or found out", async () => {
    const reader = new BodyReader({ timers: new HandClock() });
    await expect(reader.read(requestOf("abcd", { "content-length": "4" }), 3))
      .rejects.toMatchObject({ code: "body_too_large" });
    const body = slowly();
    const reading = reader.read(body.request, 3);
    body.send("abcd");
    await expect(reading).rejects.toMatchObject({ code: "body_too_large" });
    expect(reader.heldBytes).toBe(0);
  });

  it("refuses what exceeds the budget, and only as long as it does", async () => {
    const reader = new BodyReader({ timers: new HandClock(), budgetBytes: 5 });
    const first = await reader.read(requestOf("abc"), 10);
    await expect(reader.read(requestOf("abc"), 10)).rejects.toMatchObject({ code: "overloaded" });
    first.release();
    expect((await reader.read(requestOf("abc"), 10)).bytes).toEqual(utf8("abc"));
  });

  it("gives up on a body that does not come", async () => {
    const clock = new HandClock();
    const reader = new BodyReader({ timers: clock, timeoutMs: 1_000 });
    const body = slowly();
    const reading = reader.read(body.request, 10);
    reading.catch(() => {});
    body.send("a");
    await turns();
    clock.advance(1_000);
    await expect(reading).rejects.toMatchObject({ code: "request_timeout" });
    expect(reader.heldBytes).toBe(0);
  });

  it("waits for a body that comes slowly, for as long as it comes", async () => {
    const clock = new HandClock();
    const reader = new BodyReader({ timers: clock, timeoutMs: 1_000 });
    const body = slowly();
    const reading = reader.read(body.request, 100);
    for (let piece = 0; piece < 50; piece++) {
      body.send("a");
      await turns();
      clock.advance(900);
    }
    body.end();
    expect((await reading).bytes).toHaveLength(50);
    expect(clock.timersWaiting).toBe(0);
  });
});
