/** CRC-32C: published vectors, then both builds against the plainest implementation there is. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Core } from "../../src/core/core.ts";
import { coreBytes, type Flavour } from "../support/core.ts";
import { seededRandom } from "../support/mutations.ts";

/** RFC 3720, appendix B.4, and the customary check value. */
const VECTORS: [string, Uint8Array, number][] = [
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["32 rising", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ["32 falling", Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
  ["123456789", utf8("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
];

function bitwise(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe.each<Flavour>(["core", "core.relaxed"])("crc32c() of %s", (flavour) => {
  const core = Core.create(coreBytes(flavour));

  it.each(VECTORS)("gives the published value for %s", (_, bytes, crc) => {
    expect(core.crc32c(bytes)).toBe(crc);
  });

  it("agrees with the bitwise one at every size and from any seed", () => {
    const { below, seed } = seededRandom();
    const bytes = Uint8Array.from({ length: 1024 }, () => below(256));
    for (let size = 0; size <= bytes.length; size++) {
      const part = bytes.subarray(bytes.length - size);
      const from = below(2 ** 32);
      expect(core.crc32c(part, from), `seed ${seed}, size ${size}`).toBe(bitwise(part, from));
    }
  });

  it("agrees with the bitwise one on long inputs, whatever is left at their ends", () => {
    const { below, seed } = seededRandom();
    const bytes = Uint8Array.from({ length: 100_000 }, () => below(256));
    const edges = [12_287, 12_288, 12_289, 19_839, 19_840, 19_841, 36_223, 36_224, 65_536];
    const sizes = [...edges, ...Array.from({ length: 150 }, () => 12_000 + below(40_000))];
    for (const size of sizes) {
      const at = below(bytes.length - size);
      const part = bytes.subarray(at, at + size);
      const from = below(2 ** 32);
      expect(core.crc32c(part, from), `seed ${seed}, size ${size}`).toBe(bitwise(part, from));
    }
  });

  it("goes on from what came before, over more than the core holds at once", () => {
    const bytes = new Uint8Array(3_000_000).map((_, at) => at * 31);
    const whole = core.crc32c(bytes);
    expect(core.crc32c(bytes.subarray(777), core.crc32c(bytes.subarray(0, 777)))).toBe(whole);
    expect(whole).toBe(bitwise(bytes));
  });
});
