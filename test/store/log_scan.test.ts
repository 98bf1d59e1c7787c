import { describe, expect, it } from "vitest";
import { concat, viewOf } from "../../src/base/bytes.ts";
import { BATCH_BYTES_MAX } from "../../src/base/limits.ts";
import {
  type BatchHeader,
  HEADER_SIZE,
  MAGIC_AT,
  readBatchHeader,
} from "../../src/format/record_batch.ts";
import { ByteSource } from "../../src/store/byte_source.ts";
import { findSuccessor, scanBatches, type ScanRules } from "../../src/store/log_scan.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
const RULES: ScanRules = {
  core,
  offsetLimit: Infinity,
  knows: () => true,
  trusts: () => true,
};

function sourceOf(bytes: Uint8Array): ByteSource {
  const disk = new SimulatedDisk();
  disk.open("a", { create: true }).close();
  disk.overwrite("a", bytes);
  return new ByteSource(disk.open("a"), bytes.length);
}

/** Batches of one record each, from offset 10 on. */
function batches(count: number): Uint8Array[] {
  return Array.from(
    { length: count },
    (_, at) => batchOf(core, [`${at}`], { baseOffset: 10 + at }),
  );
}

function scan(bytes: Uint8Array, rules = RULES) {
  const seen: string[] = [];
  const end = scanBatches(sourceOf(bytes), { position: 0, offset: 10 }, {
    rules,
    visitor: {
      batch: ({ baseOffset }, position, after) => seen.push(`${baseOffset}@${position} ${after}`),
      damage: (from, to, position, end) => seen.push(`lost ${from}-${to}@${position}-${end}`),
    },
  });
  return { seen, end };
}

const damagedAt = (bytes: Uint8Array, position: number) => {
  const damaged = bytes.slice();
  damaged[position]! ^= 0xff;
  return damaged;
};

describe("scanBatches()", () => {
  const [a, b, c] = batches(3) as [Uint8Array, Uint8Array, Uint8Array];
  const size = a.length;

  it("visits each batch and ends behind the last", () => {
    expect(scan(concat([a, b]))).toEqual({
      seen: ["10@0 batch", `11@${size} batch`],
      end: { position: 2 * size, offset: 12 },
    });
  });

  it("steps over damage with a good batch behind it", () => {
    expect(scan(concat([a, damagedAt(b, 65), c]))).toEqual({
      seen: ["10@0 batch", `lost 11-12@${size}-${2 * size}`, `12@${2 * size} damage`],
      end: { position: 3 * size, offset: 13 },
    });
  });

  it("loses no good batch between two damages, where one of them took two batches", () => {
    const all = batches(9);
    const bytes = concat(
      all.map((each, at) => [1, 2, 5].includes(at) ? damagedAt(each, 65) : each),
    );
    expect(scan(bytes).seen.filter((each) => each.startsWith("lost"))).toEqual([
      `lost 11-13@${size}-${3 * size}`,
      `lost 15-16@${5 * size}-${6 * size}`,
    ]);
  });

  it("loses none either where the damage is in a header", () => {
    const all = batches(9);
    const { logId } = readBatchHeader(a);
    const rules = { ...RULES, trusts: (header: BatchHeader) => header.logId === logId };
    for (const inHeader of [1, 2, 4]) {
      for (let field = MAGIC_AT; field < HEADER_SIZE; field++) {
        const bytes = concat(all.map((each, at) => {
          if (at === inHeader) return damagedAt(each, field);
          return [1, 2, 4].includes(at) ? damagedAt(each, 65) : each;
        }));
        const lost = scan(bytes, rules).seen.filter((each) => each.startsWith("lost"));
        expect(lost, `byte ${field} of batch ${inHeader}`).toEqual([
          `lost 11-13@${size}-${3 * size}`,
          `lost 14-15@${4 * size}-${5 * size}`,
        ]);
      }
    }
  });

  it("stops at damage with nothing good behind it", () => {
    expect(scan(concat([a, damagedAt(b, 65)])).end).toEqual({ position: size, offset: 11 });
    expect(scan(concat([a, b.subarray(0, 40)])).end).toEqual({ position: size, offset: 11 });
    expect(scan(concat([a, new Uint8Array(5_000)])).end).toEqual({ position: size, offset: 11 });
  });

  it("takes no batch that belongs to the next segment", () => {
    expect(scan(concat([a, b]), { ...RULES, offsetLimit: 11 }).end)
      .toEqual({ position: size, offset: 11 });
  });

  it("takes no batch whose identity cannot stand here", () => {
    const knows = (header: BatchHeader) => header.baseOffset !== 11;
    expect(scan(concat([a, b, c]), { ...RULES, knows }).seen[1]).toMatch(/^lost 11-12/);
  });
});

describe("findSuccessor()", () => {
  /** A batch whose payload holds `inner`, then two good ones. */
  const around = (inner: Uint8Array) => {
    const outer = batchOf(core, [concat([new Uint8Array(9), inner])], { baseOffset: 10 });
    const behind = [11, 12].map((baseOffset) => batchOf(core, ["x"], { baseOffset }));
    return { outer, bytes: concat([outer, ...behind]) };
  };
  const forged = batchOf(core, ["forged"], { baseOffset: 11 });
  const find = (bytes: Uint8Array, rules = RULES) =>
    findSuccessor(sourceOf(bytes), { position: 0, offset: 10 }, rules);

  it("finds the batch behind a damaged payload by the length, past what the payload holds", () => {
    const { outer, bytes } = around(forged);
    expect(find(damagedAt(bytes, 70))).toEqual({ position: outer.length, offset: 11 });
  });

  it("finds it by the checksum when the length is damaged", () => {
    const { outer, bytes } = around(forged);
    for (const position of [8, 9, 10, 11]) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = bytes.slice();
        damaged[position]! ^= 1 << bit;
        expect(find(damaged), `bit ${bit} of byte ${position}`)
          .toEqual({ position: outer.length, offset: 11 });
      }
    }
  });

  it("finds it by the run behind it when the header is gone", () => {
    const { outer, bytes } = around(forged);
    const damaged = bytes.slice();
    damaged.fill(0, 0, 61);
    expect(find(damaged)).toEqual({ position: outer.length, offset: 11 });
  });

  it("goes on where it was found to before, whatever looks better since", () => {
    const { outer, bytes } = around(forged);
    const damaged = bytes.slice();
    damaged.fill(0, 0, 61);
    const more = [20, 21, 22, 23].map((baseOffset) => batchOf(core, ["later"], { baseOffset }));
    const grown = concat([damaged, Uint8Array.of(1), ...more]);
    expect(find(grown)).toEqual({ position: damaged.length + 1, offset: 20 });
    const knownEnd = (offset: number) => offset === 10 ? 11 : undefined;
    expect(find(grown, { ...RULES, knownEnd })).toEqual({ position: outer.length, offset: 11 });
    // Where that batch is gone by now, any other is better than none.
    const gone = (offset: number) => offset === 10 ? 15 : undefined;
    expect(find(grown, { ...RULES, knownEnd: gone })).toMatchObject({ offset: 20 });
  });

  it("believes no log id that does not belong here when nothing else speaks for it", () => {
    const { outer } = around(forged);
    const torn = concat([outer.subarray(0, outer.length - 2), new Uint8Array(2)]);
    torn.fill(0, 0, 61);
    const trusts = ({ logId }: BatchHeader) => logId !== "00000000000000ff";
    expect(find(torn, { ...RULES, trusts })).toBe(null);
  });

  it("walks the batches behind a lost header once, however small and many they are", () => {
    const behind = Array.from(
      { length: 20_000 },
      (_, at) => batchOf(core, ["x"], { baseOffset: 11 + at }),
    );
    const lost = new Uint8Array(300);
    const startedMs = performance.now();
    expect(find(concat([lost, ...behind]))).toEqual({ position: 300, offset: 11 });
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  it("is quick however many headers a payload feigns", () => {
    // Each claims the largest size, so each would cost a checksum over a megabyte.
    const header = batchOf(core, ["x"], { baseOffset: 4_000 }).slice(0, 61);
    viewOf(header).setUint32(8, BATCH_BYTES_MAX - 12);
    const payload = concat(Array.from({ length: 15_000 }, () => header));
    const outer = batchOf(core, [payload], { baseOffset: 10 });
    const damaged = damagedAt(outer, 8);
    damaged[20]! ^= 1;
    const bytes = concat([damaged, new Uint8Array(BATCH_BYTES_MAX)]);
    const startedMs = performance.now();
    expect(find(bytes)).toBe(null);
    expect(find(bytes, { ...RULES, trusts: () => false })).toBe(null);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });
});
