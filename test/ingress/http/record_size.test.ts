import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  checkRecord,
  checkRecordSize,
  plainRecordBytes,
  recordBytes,
  recordBytesMax,
} from "../../../src/ingress/http/record_size.ts";
import { TOPIC_DEFAULTS } from "../../../src/store/settings.ts";
import { testCore } from "../../support/core.ts";
import { diceOf } from "../../support/dice.ts";

const plain = { key: null, value: null, headers: [], timestamp: null };

describe("recordBytes()", () => {
  it("is never below what the record takes in a batch", () => {
    const seed = 7;
    const [core, dice] = [testCore(), diceOf(seed)];
    const bytes = (max: number) => new Uint8Array(Math.floor(dice() * max));
    for (let round = 0; round < 500; round++) {
      const record = {
        ...{ timestamp: Math.floor(dice() * 2 ** 45), key: bytes(300), value: bytes(20_000) },
        headers: Array.from(
          { length: Math.floor(dice() * 20) },
          () => ["né".repeat(Math.floor(dice() * 50)), bytes(200)] as const,
        ),
      };
      core.append(0, { ...record, timestamp: 0, value: null, key: null, headers: [] });
      const before = core.openBytes(0);
      expect(core.append(0, record)).toBe("ok");
      expect(core.openBytes(0) - before, `seed ${seed}`).toBeLessThanOrEqual(recordBytes(record));
      core.discard(0);
    }
  });

  it("counts nothing twice", () => {
    expect(recordBytes({ ...plain, key: utf8("ab"), value: utf8("cde") }))
      .toBe(plainRecordBytes(3, 2));
  });
});

describe("recordBytesMax()", () => {
  it("lets in only what the core can hold", () => {
    const [core, bytesMax] = [testCore(), recordBytesMax(TOPIC_DEFAULTS)];
    const value = new Uint8Array(bytesMax - plainRecordBytes(0, 0));
    expect(recordBytes({ ...plain, value })).toBe(bytesMax);
    expect(core.append(0, { timestamp: 2 ** 52, value })).toBe("ok");
  });

  it("follows the topic's own limit", () => {
    expect(recordBytesMax({ ...TOPIC_DEFAULTS, maxMessageBytes: 1_000 })).toBe(1_000 - 61);
  });
});

describe("checkRecord()", () => {
  it("names the record that is too large, or has too many headers", () => {
    expect(() => checkRecord({ ...plain, value: new Uint8Array(100) }, 100, 3)).toThrow(/record 3/);
    const headers = Array.from({ length: 1_001 }, () => ["h", null] as const);
    expect(() => checkRecord({ ...plain, headers }, 1e6, 4)).toThrow(/record 4 has over 1000/);
    checkRecord(plain, 100, 0);
  });
});

describe("checkRecordSize()", () => {
  it("lets the limit itself pass", () => {
    checkRecordSize(100, 100, 0);
    expect(() => checkRecordSize(101, 100, "longest")).toThrow(/101 bytes, 100 at most/);
  });
});
