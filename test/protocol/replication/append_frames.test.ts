/**
 * Frames of an append request: golden bytes worked out by hand from the table, there and back, and
 * every cut and every flipped bit of a whole request. Exhaustive over positions, so no seed.
 */
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import {
  AppendWriter,
  decodeAppend,
  NO_FACTS,
  type Skip,
} from "../../../src/protocol/replication/append_frames.ts";
import { testCore } from "../../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const crcOf = (hex: string) => crc32c(fromHex(hex)).toString(16).padStart(8, "0");

const skip: Skip = {
  logId: "7fffffffffffffff",
  from: 5,
  to: 9,
  reason: "evicted",
  facts: { bytes: 400, minTimestamp: 0, maxTimestamp: 1_700_000_000_000 },
};

const elsewhere: Skip = {
  ...skip,
  reason: "elsewhere",
  facts: NO_FACTS,
  holders: ["00000000000000aa", "fffffffffffffffe"],
};

function sample(): Uint8Array<ArrayBuffer> {
  const writer = new AppendWriter(crc32c);
  writer.lane("logs/0", "strict", 12);
  writer.skip(skip);
  writer.batches([utf8("first"), utf8("second")]);
  writer.lane("logs/1", "strict", 0);
  writer.skip({ ...skip, reason: "void", facts: NO_FACTS });
  writer.skip(elsewhere);
  writer.lane("logs/2", "live", 0);
  writer.open({ logId: "00000000000000ff", offset: 77 });
  writer.end({ logId: "00000000000000fe", offset: 78 });
  return writer.finish();
}

describe("AppendWriter", () => {
  it("lays frames out as the table says", () => {
    const writer = new AppendWriter(crc32c);
    writer.lane("a/0", "strict", 258);
    writer.batches([utf8("xy"), utf8("z")]);
    writer.skip(skip);
    const lane = ["01000000" + "0000000b", "0000000000000102" + "612f30"] as const;
    const skipped = [
      "03010000" + "00000030",
      "7fffffffffffffff" + "0000000000000005" + "0000000000000009" + "0000000000000190" +
      "0000000000000000" + "0000018bcfe56800",
    ] as const;
    const batches = "02000000" + "00000003";
    const summed = ([header, payload]: readonly [string, string]) =>
      header + crcOf(header + payload) + payload;
    const whole = summed(lane) + batches + crcOf(batches) + "78797a" + summed(skipped);
    expect(toHex(writer.finish())).toBe(whole);
    expect(writer.sizeBytes).toBe(writer.finish().length);
  });
});

describe("decodeAppend()", () => {
  it("reads what was written", () => {
    expect(decodeAppend(sample(), crc32c)).toEqual([
      {
        lane: "logs/0",
        mode: "strict",
        frames: [{ kind: "skip", skip }, { kind: "batches", bytes: utf8("firstsecond") }],
      },
      {
        lane: "logs/1",
        mode: "strict",
        frames: [
          { kind: "skip", skip: { ...skip, reason: "void", facts: NO_FACTS } },
          { kind: "skip", skip: elsewhere },
        ],
      },
      {
        lane: "logs/2",
        mode: "live",
        frames: [
          { kind: "open", opening: { logId: "00000000000000ff", offset: 77 } },
          { kind: "end", end: { logId: "00000000000000fe", offset: 78 } },
        ],
      },
    ]);
    expect(decodeAppend(new Uint8Array(0), crc32c)).toEqual([]);
  });

  it("refuses or reads every cut, and never throws anything but malformed_body", () => {
    const whole = sample();
    const ends = new Set([0, 26, 86, 109, 135, 195, 271, 297, 325, whole.length]);
    for (let size = 0; size <= whole.length; size++) {
      expect(outcome(whole.slice(0, size)), `cut at ${size}`)
        .toBe(ends.has(size) ? "read" : "malformed_body");
    }
  });

  it("refuses every flipped bit outside the batches, which have a checksum of their own", () => {
    const whole = sample();
    const inBatches = (position: number) => position >= 98 && position < 109;
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(flipped), `bit ${bit}`)
        .toBe(inBatches(bit >> 3) ? "read" : "malformed_body");
    }
  });

  it("refuses frames before a lane, and lanes without end", () => {
    const orphan = new AppendWriter(crc32c);
    orphan.batches([utf8("x")]);
    expect(() => decodeAppend(orphan.finish(), crc32c)).toThrow("no lane before it");

    const many = new AppendWriter(crc32c);
    for (let count = 0; count < 257; count++) many.lane("a/0", "strict", 0);
    expect(() => decodeAppend(many.finish(), crc32c)).toThrow("many lanes");
  });

  it("refuses holders of what is lost, and more of them than a sender remembers", () => {
    for (const wrong of [{ reason: "evicted" as const }, { holders: Array(9).fill("a") }]) {
      const writer = new AppendWriter(crc32c);
      writer.lane("logs/0", "strict", 0);
      writer.skip({ ...elsewhere, ...wrong });
      expect(() => decodeAppend(writer.finish(), crc32c)).toThrow(/skip of \d+ bytes/);
    }
  });

  it("refuses more skips than it would answer", () => {
    const writer = new AppendWriter(crc32c);
    writer.lane("a/0", "strict", 0);
    for (let count = 0; count < 1_025; count++) writer.skip(skip);
    expect(() => decodeAppend(writer.finish(), crc32c)).toThrow("many skips");
  });
});

function outcome(body: Uint8Array): string {
  try {
    decodeAppend(body, crc32c);
    return "read";
  } catch (error) {
    return isOperatingError(error) ? error.code : String(error);
  }
}
