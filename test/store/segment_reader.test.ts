import { beforeEach, expect, it } from "vitest";
import { concat, viewOf } from "../../src/base/bytes.ts";
import { readBatches } from "../../src/store/segment_reader.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
const START = { position: 0, offset: 0 };
let disk: SimulatedDisk;
let whole: Uint8Array;
let size: number;

beforeEach(() => {
  disk = new SimulatedDisk();
  disk.open("a", { create: true }).close();
  const batches = Array.from(
    { length: 10 },
    (_, at) => batchOf(core, [`${at}`], { baseOffset: at }),
  );
  size = batches[0]!.length;
  whole = concat(batches);
  disk.overwrite("a", whole);
});

const read = (options: { from?: number; limit?: number; maxBytes?: number; end?: number } = {}) =>
  readBatches(disk.open("a"), START, {
    ...{ core, end: whole.length, warmFrom: Infinity, from: 0, limit: 10, maxBytes: 1e6 },
    ...options,
  });

it("readBatches() passes over what ends below `from`, and stops at `limit`", async () => {
  const { batches, place, damaged } = await read({ from: 3, limit: 7 });
  expect([batches.length, damaged]).toEqual([4, false]);
  expect(place).toEqual({ position: 7 * size, offset: 7 });
});

it("readBatches() gives no more than `maxBytes`, but one batch at least", async () => {
  expect((await read({ maxBytes: 3 * size })).batches.length).toBe(3);
  expect((await read({ maxBytes: 3 * size + 1 })).batches.length).toBe(3);
  expect((await read({ maxBytes: 1 })).batches.length).toBe(1);
});

it("readBatches() reads on when a batch is larger than the page", async () => {
  const large = batchOf(core, [new Uint8Array(700_000)], { baseOffset: 0 });
  whole = concat([large, batchOf(core, ["x"], { baseOffset: 1 })]);
  disk.overwrite("a", whole);
  const { batches, place } = await read({ maxBytes: 1_000 });
  expect(batches.map(({ length }) => length)).toEqual([large.length]);
  expect(place.offset).toBe(1);
});

it("readBatches() ends before the first batch that is not what was written", async () => {
  disk.flipBit("a", 4 * size + 64, 2);
  const { batches, place, damaged } = await read();
  expect([batches.length, damaged]).toEqual([4, true]);
  expect(place).toEqual({ position: 4 * size, offset: 4 });
});

it("readBatches() calls it damage when a batch claims more than there is", async () => {
  viewOf(whole).setUint32(8, 500_000);
  disk.overwrite("a", whole);
  expect(await read()).toMatchObject({ batches: [], damaged: true, place: START });
});

it("readBatches() calls it damage when the file is shorter than it was", async () => {
  disk.overwrite("a", whole.slice(0, size - 5));
  expect(await read()).toMatchObject({ batches: [], damaged: true, place: START });
});

it("readBatches() reads into the memory it is given, where that is large enough", async () => {
  const into = new Uint8Array(whole.length);
  const file = disk.open("a");
  const options = {
    core,
    end: whole.length,
    warmFrom: Infinity,
    from: 0,
    limit: 10,
    maxBytes: 1e6,
  };
  const given = await readBatches(file, START, { ...options, into });
  expect(given.batches[3]!.buffer).toBe(into.buffer);
  expect(concat(given.batches)).toEqual(whole);
  const small = await readBatches(file, START, { ...options, into: into.subarray(1) });
  expect(small.batches[0]!.buffer).not.toBe(into.buffer);
  expect(concat(small.batches)).toEqual(whole);
});

it("readBatches() takes no window for a file cut short: parts of bytes, and short reads", async () => {
  // More than a window without progress: the first batch does not fit into the first one.
  const large = batchOf(core, [new Uint8Array(100_000)], { baseOffset: 0 });
  whole = concat([large, batchOf(core, ["x"], { baseOffset: 1 })]);
  disk.overwrite("a", whole);
  for (const maxBytes of [0.5, 65_536.5, large.length - 0.5, large.length + 0.5, Infinity]) {
    const { batches, damaged } = await read({ limit: 2, maxBytes });
    expect([batches.length, damaged], `${maxBytes}`).toEqual([
      maxBytes === Infinity ? 2 : 1,
      false,
    ]);
  }
  const file = disk.open("a");
  const few = (into: Uint8Array) => into.subarray(0, Math.min(into.length, 1_000));
  const stingy = {
    readAt: (position: number, into: Uint8Array) => file.readAt(position, few(into)),
    readAtNow: (position: number, into: Uint8Array) => file.readAtNow(position, few(into)),
  };
  for (const warmFrom of [0, Infinity]) {
    const { batches, damaged } = await readBatches(stingy, START, {
      ...{ core, end: whole.length, warmFrom, from: 0, limit: 2, maxBytes: 1e6 },
    });
    expect([concat(batches).length, damaged]).toEqual([whole.length, false]);
  }
});
