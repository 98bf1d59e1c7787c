import { expect, it } from "vitest";
import { BufferPool } from "../../src/base/buffer_pool.ts";
import { PacketRun } from "../../src/core/packet_run.ts";

// Three packets of 4, 2 and 5 bytes; the second has no identifier. Records 100, 103 and 104.
const run = () =>
  new PacketRun(
    100,
    Uint8Array.of(1, 0, 0, 1, 2, 2, 3, 3, 0, 0, 3),
    Uint32Array.of(...[0, 1, 0], ...[4, 0, 3], ...[6, 8, 4]),
  );

it("PacketRun says where packets and their records are", () => {
  const one = run();
  expect([one.count, one.largest]).toEqual([3, 5]);
  expect([0, 1, 2].map((nth) => one.offset(nth))).toEqual([100, 103, 104]);
  expect([0, 1, 2, 3].map((nth) => one.position(nth))).toEqual([0, 4, 6, 11]);
  expect([0, 1, 2].map((nth) => one.hasPacketId(nth))).toEqual([true, false, true]);
  expect([0, 100, 101, 103, 104, 105].map((at) => one.indexOf(at))).toEqual([0, 0, 1, 1, 2, 3]);
});

it("PacketRun.copy() leaves the packets of others as they are", () => {
  const one = run();
  const copy = one.copy(1, 3, new Uint8Array(20));
  one.setPacketId(copy, { first: 1, nth: 2, packetId: 0x1234 });
  expect([...copy]).toEqual([2, 2, 3, 3, 0x12, 0x34, 3]);
  expect([...one.copy(2, 3, new Uint8Array(5))]).toEqual([3, 3, 0, 0, 3]);
});

it("PacketRun.release() gives its memory to the next", () => {
  const buffers = new BufferPool({ keptMax: 1, bytesMin: 0 });
  const one = run();
  one.release(buffers);
  one.release(buffers);
  expect(buffers.take(11)).toHaveLength(11);
  expect(buffers.take(1), "once").toHaveLength(1);
  expect(() => one.copy(0, 1, new Uint8Array(4))).toThrow("released");
});
