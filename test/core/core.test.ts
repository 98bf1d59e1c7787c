/** The core's face: whole batches in, whole batches out. */
import { describe, expect, it } from "vitest";
import { utf8, viewOf } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_BYTES_TARGET,
  BATCH_RECORDS_MAX,
  RECORD_BYTES_MAX,
} from "../../src/base/limits.ts";
import { Status } from "../../src/core/status.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { testCore } from "../support/core.ts";
import { KAFKA_BATCHES, T0, THREE_READINGS } from "../support/kafka_batches.ts";

const LOG_ID = "0123456789abcdef";
const STAMP = { baseOffset: 0, leaderEpoch: 0, logId: LOG_ID, compression: "none" } as const;
const core = testCore();

const record = (text: string, timestamp = T0) => ({ timestamp, value: utf8(text) });

describe("Core.murmur2()", () => {
  it("is Kafka's, sign bit cleared (vectors of Apache Kafka's UtilsTest)", () => {
    const cases: [string, number][] = [
      ["21", -973932308],
      ["foobar", -790332482],
      ["a-little-bit-long-string", -985981536],
      ["a-little-bit-longer-string", -1486304829],
      ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
      ["abc", 479470107],
    ];
    for (const [text, hash] of cases) expect(core.murmur2(utf8(text))).toBe(hash & 0x7fffffff);
  });
});

describe("Core.verifyBatch()", () => {
  it("accepts what other programs made, and gives its size", () => {
    for (const [name, batch] of Object.entries(KAFKA_BATCHES)) {
      expect(core.verifyBatch(batch), name).toBe(batch.length);
      expect(core.verifyBatch(Uint8Array.from([...batch, 1, 2, 3])), name).toBe(batch.length);
    }
  });

  it("finds one behind others", () => {
    const { plain } = KAFKA_BATCHES;
    const bytes = Uint8Array.from([1, 2, 3, ...plain, ...plain]);
    expect(core.verifyBatchAt(bytes, 3)).toBe(plain.length);
    expect(core.verifyBatchAt(bytes, 3 + plain.length)).toBe(plain.length);
    expect(core.verifyBatchAt(bytes, 4 + plain.length)).toBeLessThan(0);
    expect(core.verifyBatchAt(bytes, bytes.length)).toBe(Status.NEED_MORE);
  });

  it("wants more of a batch that is cut anywhere", () => {
    const batch = KAFKA_BATCHES.plain;
    for (let size = 0; size < batch.length; size++) {
      expect(core.verifyBatch(batch.subarray(0, size)), `cut at ${size}`).toBe(Status.NEED_MORE);
    }
  });

  it("refuses any flipped bit outside what a server may stamp", () => {
    for (let bit = 8 * 8; bit < KAFKA_BATCHES.plain.length * 8; bit++) {
      if (bit >= 12 * 8 && bit < 16 * 8) continue;
      const damaged = KAFKA_BATCHES.plain.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(core.verifyBatch(damaged), `bit ${bit}`).toBeLessThan(0);
    }
  });

  it("refuses a length over the limit it is given", () => {
    const batch = KAFKA_BATCHES.plain;
    expect(core.verifyBatch(batch, batch.length)).toBe(batch.length);
    expect(core.verifyBatch(batch, batch.length - 1)).toBe(Status.BAD_LENGTH);
  });
});

describe("Core.decode()", () => {
  it("reads records with keys, nulls, negative deltas and headers", () => {
    const [hello] = core.decode(KAFKA_BATCHES.plain);
    expect(hello).toEqual({
      offset: 0,
      timestamp: T0,
      key: utf8("k"),
      value: utf8("hello"),
      headers: [["h", utf8("v")]],
    });
    expect(core.decode(KAFKA_BATCHES.idempotent)).toEqual([
      { offset: 42, timestamp: T0, key: null, value: utf8("a"), headers: [] },
      { offset: 43, timestamp: T0 + 5, key: utf8("id"), value: utf8("b"), headers: [] },
      { offset: 44, timestamp: T0 - 3, key: utf8("id"), value: null, headers: [] },
    ]);
  });

  it("gives the server's time where the batch says so", () => {
    expect(core.decode(KAFKA_BATCHES.appendTime)).toMatchObject([
      { offset: 5, timestamp: T0 + 9999 },
    ]);
  });

  it("reads LZ4 and snappy, compressed and stored", () => {
    const three = core.decode(KAFKA_BATCHES.lz4);
    expect(three.map(({ timestamp }) => timestamp)).toEqual([T0, T0 + 1, T0 + 2]);
    for (const { key, value } of [...three, ...core.decode(KAFKA_BATCHES.lz4Stored)]) {
      expect(key).toEqual(utf8("dev-1"));
      expect(value).toEqual(utf8(THREE_READINGS));
    }
    expect(core.decode(KAFKA_BATCHES.snappy)).toEqual(core.decode(KAFKA_BATCHES.plain));
  });

  it("shows no records of a control batch", () => {
    expect(core.decode(KAFKA_BATCHES.control)).toEqual([]);
  });

  it("reads records that the caller inflated", () => {
    const gzip = KAFKA_BATCHES.plain.slice();
    gzip[22] = 1;
    expect(() => core.decode(gzip)).toThrow("need_inflated");
    const records = KAFKA_BATCHES.plain.subarray(61);
    expect(core.decode(gzip, records)).toEqual(core.decode(KAFKA_BATCHES.plain));
  });

  it("throws corrupt_batch when records do not parse", () => {
    const damaged = KAFKA_BATCHES.plain.slice();
    damaged[61] = 0x7f;
    expect(() => core.decode(damaged)).toThrow(OperatingError);
    expect(() => core.decode(damaged.subarray(0, 20))).toThrow(OperatingError);
  });
});

describe("Core.append() and Core.seal()", () => {
  it("make the very bytes that Kafka's clients make", () => {
    core.append(7, {
      timestamp: T0,
      key: utf8("k"),
      value: utf8("hello"),
      headers: [["h", utf8("v")]],
    });
    expect(core.openRecords(7)).toBe(1);
    expect(core.openHandles()).toEqual([7]);
    const batch = core.seal(7, STAMP);
    expect(batch.subarray(61)).toEqual(KAFKA_BATCHES.plain.subarray(61));
    expect(core.verifyBatch(batch)).toBe(batch.length);
    expect(core.openHandles()).toEqual([]);
    expect(core.openBytes(7)).toBe(0);
  });

  it("stamp identity, offsets and times", () => {
    core.append(0, record("a", T0));
    core.append(0, record("b", T0 + 50));
    core.append(0, record("c", T0 - 50));
    const baseOffset = 3 * 2 ** 31 + 5;
    const batch = core.seal(0, { ...STAMP, baseOffset, leaderEpoch: 9 });
    expect(readBatchHeader(batch)).toMatchObject({
      baseOffset,
      lastOffset: baseOffset + 2,
      leaderEpoch: 9,
      baseTimestamp: T0,
      maxTimestamp: T0 + 50,
      recordsCount: 3,
      logId: LOG_ID,
      sourceOffset: baseOffset,
      sizeBytes: batch.length,
    });
    expect(core.decode(batch).map(({ timestamp }) => timestamp)).toEqual([T0, T0 + 50, T0 - 50]);
  });

  it("keep partitions apart and reuse the slot that was freed last", () => {
    for (const handle of [3, 1, 2]) core.append(handle, record(`of ${handle}`));
    for (const handle of [1, 2, 3]) {
      const [only] = core.decode(core.seal(handle, STAMP));
      expect(only?.value).toEqual(utf8(`of ${handle}`));
    }
  });

  it("counts what it sealed, before compression and after", () => {
    const before = { ...core.sealed };
    core.append(0, { timestamp: T0, value: new Uint8Array(5_000) });
    const { length } = core.seal(0, { ...STAMP, compression: "lz4" });
    expect(core.sealed.bytes - before.bytes).toBe(length);
    expect(core.sealed.rawBytes - before.rawBytes).toBeGreaterThan(5_000);
    expect(length).toBeLessThan(500);
  });

  it("say no_slot when all are taken, until one is sealed or discarded", () => {
    let opened = 0;
    while (core.append(opened, record("x")) === "ok") opened++;
    expect(core.append(opened, record("x"))).toBe("no_slot");
    expect(opened).toBeGreaterThanOrEqual(32);
    core.discard(5);
    expect(core.append(opened, record("x"))).toBe("ok");
    core.reset();
    expect(core.openHandles()).toEqual([]);
  });

  it("say batch_full at the target, and keep what was there", () => {
    const value = new Uint8Array(100_000);
    let appended = 0;
    while (core.append(0, { timestamp: T0, value }) === "ok") appended++;
    expect(appended).toBe(Math.floor(BATCH_BYTES_TARGET / 100_020));
    const batch = core.seal(0, STAMP);
    expect(batch.length).toBeLessThanOrEqual(BATCH_BYTES_TARGET);
    expect(core.decode(batch)).toHaveLength(appended);
  });

  it("hold as many of the emptiest records as fit, and read them all back", () => {
    let appended = 0;
    while (core.append(0, { timestamp: T0 + appended, value: null }) === "ok") appended++;
    expect(appended).toBeGreaterThan(40_000);
    expect(appended).toBeLessThanOrEqual(BATCH_RECORDS_MAX);
    const records = core.decode(core.seal(0, STAMP));
    expect(records).toHaveLength(appended);
    expect(records.at(-1)).toMatchObject({ offset: appended - 1, timestamp: T0 + appended - 1 });
  });

  it("take the largest record and refuse one byte more", () => {
    // length 3, attributes 1, timestamp delta 1, offset delta 1, key 1, value size 3, headers 1
    const largest = new Uint8Array(RECORD_BYTES_MAX - 11);
    expect(core.append(0, { timestamp: T0, value: largest })).toBe("ok");
    expect(core.seal(0, STAMP)).toHaveLength(BATCH_BYTES_MAX);
    const over = new Uint8Array(RECORD_BYTES_MAX - 10);
    expect(core.append(0, { timestamp: T0, value: over })).toBe("too_large");
    expect(core.append(0, { timestamp: T0, value: new Uint8Array(2 ** 24) })).toBe("too_large");
    expect(core.openHandles()).toEqual([]);
  });

  it("compress where it saves an eighth, and only there", () => {
    const lz4 = { ...STAMP, compression: "lz4" } as const;
    for (let nth = 0; nth < 1000; nth++) core.append(0, record(`{"reading":${nth},"unit":"C"}`));
    const open = core.openBytes(0);
    const packed = core.seal(0, lz4);
    expect(readBatchHeader(packed).attributes).toBe(3);
    expect(packed.length).toBeLessThan(open / 2);
    expect(core.verifyBatch(packed)).toBe(packed.length);
    expect(core.validateRecords(packed)).toBe(Status.OK);
    expect(core.decode(packed).at(-1)).toMatchObject({
      offset: 999,
      value: utf8('{"reading":999,"unit":"C"}'),
    });

    const noise = crypto.getRandomValues(new Uint8Array(10_000));
    core.append(0, { timestamp: T0, value: noise });
    const stored = core.seal(0, lz4);
    expect(readBatchHeader(stored).attributes).toBe(0);
    expect(core.decode(stored)[0]?.value).toEqual(noise);
  });

  it("refuse to straddle 2^31 offsets, or to seal nothing", () => {
    expect(() => core.seal(0, STAMP)).toThrow("has records");
    core.append(0, record("a"));
    core.append(0, record("b"));
    expect(() => core.seal(0, { ...STAMP, baseOffset: 2 ** 31 - 1 })).toThrow("straddles");
    expect(core.seal(0, { ...STAMP, baseOffset: 2 ** 31 - 2 })).toBeInstanceOf(Uint8Array);
  });
});

describe("Core.validateRecords()", () => {
  it("accepts what clients send and names what they may not", () => {
    expect(core.validateRecords(KAFKA_BATCHES.plain)).toBe(Status.OK);
    expect(core.validateRecords(KAFKA_BATCHES.idempotent)).toBe(Status.OK);
    expect(core.validateRecords(KAFKA_BATCHES.control)).toBe(Status.BAD_ATTRIBUTES);
    expect(core.validateRecords(KAFKA_BATCHES.plain.subarray(0, 70))).toBe(Status.NEED_MORE);
    expect(core.validateRecords(new Uint8Array(2 ** 22))).toBe(Status.TOO_LARGE);
  });

  it("refuses counts that disagree", () => {
    const damaged = KAFKA_BATCHES.idempotent.slice();
    viewOf(damaged).setInt32(57, 2);
    viewOf(damaged).setUint32(17, core.crc32c(damaged.subarray(21)));
    expect(core.validateRecords(damaged)).toBe(Status.BAD_COUNT);
  });
});
