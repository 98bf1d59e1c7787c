/** Hostile batches: the validator and the record walk never trap, and agree with each other. */
import { expect, it } from "vitest";
import { utf8, viewOf } from "../../src/base/bytes.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";
import { KAFKA_BATCHES } from "../support/kafka_batches.ts";
import { Arena, fuzz, FUZZ_TIMEOUT_MS } from "./core_arena.ts";

const core = testCore();
const arena = new Arena();

function ownBatch(compression: "none" | "lz4", records: number): Uint8Array {
  for (let nth = 0; nth < records; nth++) {
    core.append(0, {
      timestamp: 1_700_000_000_000 - nth * 1000,
      key: nth % 3 ? utf8(`key ${nth}`) : null,
      value: nth % 5 ? utf8(`{"reading":${nth * 17}}`) : null,
      headers: nth % 2 ? [["h", utf8("v")], ["mqtt.qos", null]] : [],
    });
  }
  return core.seal(0, { baseOffset: 7, leaderEpoch: 1, logId: "0000000000000abc", compression });
}

/** Bytes of a record table that holds a record of a thousand headers, and all the others. */
const AMPLE_ROOM = 20_000;

const corpus = [
  ...Object.values(KAFKA_BATCHES),
  ownBatch("none", 1),
  ownBatch("none", 12),
  ownBatch("lz4", 40),
];

/** Makes length and checksum right again, so that what lies behind them is reached. */
function repaired(batch: Uint8Array): Uint8Array {
  if (batch.length < 61) return batch;
  const view = viewOf(batch);
  view.setUint32(8, batch.length - 12);
  view.setUint8(16, 2);
  view.setUint32(17, core.crc32c(batch.subarray(21)));
  return batch;
}

it("validateBatch() survives anything, and what it passes can be decoded", () => {
  let passed = 0;
  fuzz(corpus, (mutated, random) => {
    const input = random.below(8) === 0 ? mutated : repaired(mutated.slice());
    const status = arena.guarded(
      input,
      (start) => arena.exports.validateBatch(start, input.length, 0, 0),
    );
    if (status < Status.BAD_COMPRESSION || status > 0) {
      expect([Status.NEED_INFLATED, Status.TOO_LARGE]).toContain(status);
    }
    if (status !== Status.OK) return;
    passed++;
    const records = core.decode(input);
    expect(records).toHaveLength(viewOf(input).getUint32(57));
    const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    expect(bytes).toBeLessThanOrEqual(16 * 2 ** 20);
  });
  expect(passed).toBeGreaterThan(corpus.length / 2);
}, FUZZ_TIMEOUT_MS);

it("walkRecords() takes the records that the format description has, and no others", () => {
  const records = [KAFKA_BATCHES.plain, KAFKA_BATCHES.idempotent, ownBatch("none", 30)]
    .map((batch) => batch.subarray(61));
  fuzz(records, (input, random) => {
    const count = [1, 3, 30, random.below(40)][random.below(4)]!;
    const room = random.below(4) === 0 ? random.below(600) * 4 : AMPLE_ROOM;
    const walked = arena.guarded(
      input,
      (start) =>
        arena.output(
          room,
          (table) => arena.exports.walkRecords(start, input.length, 0, 0, count, table, room),
        ),
    );
    const isSound = recordsAreSound(input, count);
    // Where the table is too small the walk ends before it can know.
    if (room < AMPLE_ROOM) expect(walked === Status.BAD_RECORD || walked <= count).toBe(true);
    else expect(walked).toBe(isSound ? count : Status.BAD_RECORD);
  });
}, FUZZ_TIMEOUT_MS);

/** The format read plainly: `count` records, deltas 0, 1, 2, …, each filling its length. */
function recordsAreSound(bytes: Uint8Array, count: number): boolean {
  const reader = new PlainReader(bytes);
  try {
    for (let nth = 0; nth < count; nth++) {
      const end = reader.varint(32) + reader.at;
      if (end > bytes.length || end <= reader.at) return false;
      reader.at++;
      reader.varint(64);
      if (reader.varint(32) !== nth) return false;
      reader.sized(-1);
      reader.sized(-1);
      const headers = reader.varint(32);
      if (headers < 0 || headers > 1000) return false;
      for (let header = 0; header < headers; header++) {
        reader.sized(0);
        reader.sized(-1);
      }
      if (reader.at !== end) return false;
    }
    return reader.at === bytes.length;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

class PlainReader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(bits: 32 | 64): number {
    let zigzag = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError("runs out");
      zigzag |= BigInt(byte & 127) << shift;
      if (zigzag >= 1n << BigInt(bits)) throw new RangeError("too large");
      if (byte < 128) return Number(zigzag & 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n);
      if (shift + 7n >= BigInt(bits)) throw new RangeError("runs on");
    }
  }

  sized(least: number): void {
    const size = this.varint(32);
    if (size < least || this.at + size > this.#bytes.length) throw new RangeError("bad size");
    this.at += Math.max(size, 0);
  }
}

it("verifyBatch() passes nothing but what is whole and unharmed", () => {
  fuzz(corpus, (input) => {
    const status = arena.guarded(
      input,
      (start) => arena.exports.verifyBatch(start, input.length, 1_048_588),
    );
    const batch = corpus.find((known) => same(known, input.subarray(0, known.length)));
    if (status > 0) expect(batch?.length).toBe(status);
  });
}, FUZZ_TIMEOUT_MS);

/** Equal where the checksum looks. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length &&
    a.every((byte, at) => at < 8 || (at >= 12 && at < 16) || byte === b[at]);
}
