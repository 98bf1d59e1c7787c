import { describe, expect, it } from "vitest";
import { RequestBuffers } from "../../src/replication/request_buffers.ts";

describe("RequestBuffers", () => {
  it("uses the memory of a body again, once it was given back", () => {
    const buffers = new RequestBuffers();
    const [first, second] = [buffers.take(), buffers.take()];
    expect(first.buffer).not.toBe(second.buffer);
    buffers.give(first.subarray(0, 5_000));
    expect(buffers.take().buffer).toBe(first.buffer);
  });

  it("lends windows to read into, each to one at a time", () => {
    const buffers = new RequestBuffers();
    const [first, second] = [buffers.takeWindow(), buffers.takeWindow()];
    expect(first.length).toBeGreaterThan(1 << 20);
    expect(first.buffer).not.toBe(second.buffer);
    buffers.giveWindow(first);
    expect(buffers.takeWindow().buffer).toBe(first.buffer);
  });
});
