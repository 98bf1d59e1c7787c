import { describe, expect, it } from "vitest";
import {
  MQTT_PACKET_BYTES_MAX,
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
} from "../../../src/base/limits.ts";
import { ReadBudget } from "../../../src/ingress/mqtt/read_budget.ts";
import { ReadBuffer } from "../../../src/ingress/mqtt/read_buffer.ts";

const HOLDER = { roomMade() {}, evicted() {} };

function fixture(budget = new ReadBudget()) {
  return { budget, buffer: new ReadBuffer(budget, HOLDER) };
}

/** One read of up to `bytes` bytes, counting up from `from`. */
function read(buffer: ReadBuffer, bytes: number, from = 0): number {
  const into = buffer.free(0)!;
  const size = Math.min(bytes, into.length);
  for (let at = 0; at < size; at++) into[at] = (from + at) & 0xff;
  buffer.filled(size);
  return size;
}

describe("ReadBuffer", () => {
  it("starts small and stays small for small reads", () => {
    const { buffer, budget } = fixture();
    for (let turn = 0; turn < 100; turn++) {
      read(buffer, 200);
      buffer.consume(200);
    }
    expect(buffer.capacity).toBe(READ_BUFFER_BYTES_MIN);
    expect(budget.bytes).toBe(0);
  });

  it("grows while reads fill it, up to its limit, and shrinks when they no longer do", () => {
    const { buffer, budget } = fixture();
    for (let turn = 0; turn < 5; turn++) {
      read(buffer, Infinity);
      buffer.consume(buffer.size);
    }
    expect(buffer.capacity).toBe(READ_BUFFER_BYTES_MAX);
    for (let turn = 0; turn < 200; turn++) {
      read(buffer, 10);
      buffer.consume(10);
    }
    expect(buffer.capacity).toBe(READ_BUFFER_BYTES_MIN);
    expect(budget.bytes).toBe(0);
  });

  it("keeps an unfinished packet at its front, whatever is consumed before it", () => {
    const { buffer } = fixture();
    read(buffer, 100);
    buffer.consume(90);
    read(buffer, 50, 100);
    expect(buffer.unread()).toEqual(Uint8Array.from({ length: 60 }, (_, at) => 90 + at));
  });

  it("grows with the bytes of a large packet, and gives them back", () => {
    const { buffer, budget } = fixture();
    let total = 0;
    while (total < MQTT_PACKET_BYTES_MAX) {
      total += read(buffer, 100_000, total);
      expect(buffer.capacity).toBeLessThanOrEqual(Math.max(2 * total, READ_BUFFER_BYTES_MAX));
    }
    expect(buffer.size).toBe(MQTT_PACKET_BYTES_MAX);
    expect(buffer.unread().every((byte, at) => byte === (at & 0xff))).toBe(true);
    buffer.consume(MQTT_PACKET_BYTES_MAX);
    buffer.free(0);
    expect(buffer.capacity).toBe(READ_BUFFER_BYTES_MAX);
    buffer.close();
    expect(budget.bytes).toBe(0);
  });

  it("waits when an unfinished packet finds no room to grow", () => {
    const { buffer } = fixture(new ReadBudget(READ_BUFFER_BYTES_MIN));
    read(buffer, READ_BUFFER_BYTES_MIN);
    expect(buffer.free(0)?.length).toBe(READ_BUFFER_BYTES_MIN);
    buffer.filled(READ_BUFFER_BYTES_MIN);
    expect(buffer.free(0)).toBeNull();
  });
});
