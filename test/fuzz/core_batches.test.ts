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

it("walkRecords() survives inflated records of any kind", () => {
  const records = corpus.slice(0, 2).map((batch) => batch.subarray(61));
  fuzz([...records, ownBatch("none", 30).subarray(61)], (input, random) => {
    const count = random.below(40);
    const room = random.below(600) * 4;
    arena.guarded(input, (start) =>
      arena.output(room, (table) => {
        const { walkRecords } = arena.exports;
        const walked = walkRecords(start, input.length, 0, 0, count, table, room);
        expect(walked === Status.BAD_RECORD || (walked >= 0 && walked <= count)).toBe(true);
        return walked;
      }));
  });
}, FUZZ_TIMEOUT_MS);

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
