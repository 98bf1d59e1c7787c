/** LZ4 frames and blocks: other programs' bytes, round trips, and what is refused. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, utf8, viewOf } from "../../src/base/bytes.ts";
import { instantiate } from "../../src/core/exports.ts";
import { Status } from "../../src/core/status.ts";
import { coreBytes, testCore } from "../support/core.ts";
import { seededRandom } from "../support/mutations.ts";

const core = testCore();
const { exports, map } = instantiate(coreBytes());
const memory = new Uint8Array(exports.memory.buffer);

/** What the frames below hold. */
const READINGS = utf8(
  Array.from({ length: 12 }, (_, nth) => `{"n":${nth % 7},"t":21.5}\n`).join(""),
);
const BLOCK = "37000000f1027b226e223a302c2274223a32312e357d0a11001c3111001c3211001c3311001c34" +
  "11001c3511001c3611000f77003850312e357d0a";

/** Written by the lz4 tool, version 1.9.4: options -1 -BI, and these. */
const FRAMES = {
  "--no-frame-crc": `04224d18604082${BLOCK}00000000`,
  "content checksum": `04224d186440a7${BLOCK}000000005c3adfb4`,
  "-BX, content checksum": `04224d187440bd${BLOCK}37c6a74f000000005c3adfb4`,
};

/** A frame with a header of our making around the block above, its checksum right. */
function frameOf(flg: number, bd: number, contentSize?: bigint): Uint8Array {
  const descriptor = new Uint8Array(contentSize === undefined ? 2 : 10);
  descriptor.set([flg, bd]);
  if (contentSize !== undefined) viewOf(descriptor).setBigUint64(2, contentSize, true);
  memory.set(descriptor, map.IN);
  const checksum = (exports.xxh32(map.IN, descriptor.length) >>> 8) & 255;
  return concat([
    fromHex("04224d18"),
    descriptor,
    Uint8Array.of(checksum),
    fromHex(`${BLOCK}00000000`),
  ]);
}

describe("decompressFrame()", () => {
  it.each(Object.entries(FRAMES))("reads what the lz4 tool wrote with %s", (_, hex) => {
    expect(core.lz4Decompress(fromHex(hex))).toEqual(READINGS);
  });

  it("refuses these frames with any bit flipped that a checksum covers, or cut anywhere", () => {
    const frame = fromHex(FRAMES["-BX, content checksum"]);
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = frame.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(core.lz4Decompress(damaged), `bit ${bit}`).toBe(Status.BAD_COMPRESSION);
    }
    for (let size = 0; size < frame.length; size++) {
      expect(core.lz4Decompress(frame.subarray(0, size))).toBe(Status.BAD_COMPRESSION);
    }
    expect(core.lz4Decompress(concat([frame, Uint8Array.of(0)]))).toBe(Status.BAD_COMPRESSION);
  });

  it("reads every block size and the content size, and checks it", () => {
    for (const bd of [0x40, 0x50, 0x60, 0x70]) {
      expect(core.lz4Decompress(frameOf(0x60, bd))).toEqual(READINGS);
      expect(core.lz4Decompress(frameOf(0x68, bd, 204n))).toEqual(READINGS);
      expect(core.lz4Decompress(frameOf(0x68, bd, 205n))).toBe(Status.BAD_COMPRESSION);
    }
  });

  it("refuses linked blocks, dictionaries, reserved bits and other versions", () => {
    for (const flg of [0x40, 0x61, 0x62, 0x20, 0xa0, 0xe0]) {
      expect(core.lz4Decompress(frameOf(flg, 0x40)), `FLG ${flg}`).toBe(Status.BAD_COMPRESSION);
    }
    for (const bd of [0x00, 0x30, 0xc0, 0x41, 0x48]) {
      expect(core.lz4Decompress(frameOf(0x60, bd)), `BD ${bd}`).toBe(Status.BAD_COMPRESSION);
    }
  });

  it("keeps to the room it is given", () => {
    const frame = fromHex(FRAMES["--no-frame-crc"]);
    expect(core.lz4Decompress(frame, READINGS.length)).toEqual(READINGS);
    for (let room = 0; room < READINGS.length; room++) {
      expect(core.lz4Decompress(frame, room), `room ${room}`).toBe(Status.TOO_LARGE);
    }
    const bomb = core.lz4Compress(new Uint8Array(1_000_000));
    expect(bomb.length).toBeLessThan(5_000);
    expect(core.lz4Decompress(bomb, 999_999)).toBe(Status.TOO_LARGE);
  });
});

describe("compressFrame()", () => {
  it("writes the header that Java reads, and an empty frame for nothing", () => {
    expect(core.lz4Compress(new Uint8Array(0))).toEqual(fromHex("04224d1860408200000000"));
    expect(core.lz4Compress(READINGS).subarray(0, 7)).toEqual(fromHex("04224d18604082"));
  });

  it("survives every size and every period", () => {
    for (let size = 0; size < 300; size++) {
      for (const period of [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 64, 1000]) {
        const bytes = Uint8Array.from({ length: size }, (_, at) => (at % period) * 41);
        expect(core.lz4Decompress(core.lz4Compress(bytes)), `${size} by ${period}`).toEqual(bytes);
      }
    }
  });

  it("survives long runs, noise, and both in turn, over block edges", () => {
    const { below, seed } = seededRandom();
    for (let round = 0; round < 50; round++) {
      const bytes = new Uint8Array(below(200_000));
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + below(round % 2 ? 70_000 : 300);
        const kind = below(3);
        const byte = below(256);
        for (; at < end && at < bytes.length; at++) {
          bytes[at] = kind === 0 ? byte : kind === 1 ? below(256) : bytes[Math.max(0, at - 77)]!;
        }
      }
      const frame = core.lz4Compress(bytes);
      expect(frame.length, `seed ${seed}`).toBeLessThanOrEqual(bytes.length + 15 + 4 * 4);
      expect(core.lz4Decompress(frame), `seed ${seed}, round ${round}`).toEqual(bytes);
    }
  });

  it("stores what does not compress, and gives up where there is no room", () => {
    const { below, seed } = seededRandom();
    const noise = Uint8Array.from({ length: 100_000 }, () => below(256));
    const frame = core.lz4Compress(noise);
    expect(frame.length, `seed ${seed}`).toBe(noise.length + 7 + 4 + 2 * 4);
    expect(viewOf(frame).getUint32(7, true)).toBe(0x80010000);
    memory.set(noise, map.IN);
    for (const room of [0, 10, 11, 1000, frame.length - 1]) {
      expect(exports.compressFrame(map.IN, noise.length, map.OUT, room)).toBe(0);
    }
    expect(exports.compressFrame(map.IN, noise.length, map.OUT, frame.length)).toBe(frame.length);
  });
});

describe("xxh32()", () => {
  it("gives the published values", () => {
    const cases: [string, number][] = [
      ["", 0x02cc5d05],
      ["a", 0x550d7456],
      ["abc", 0x32d153ff],
      ["Nobody inspects the spammish repetition", 0xe2293b2f],
    ];
    for (const [text, hash] of cases) {
      memory.set(utf8(text), map.IN);
      expect(exports.xxh32(map.IN, text.length) >>> 0, text).toBe(hash);
    }
  });
});
