import { describe, expect, it } from "vitest";
import { Position } from "../../../../src/egress/http/rest/positions.ts";
import { type Reading, readRestPage } from "../../../../src/egress/http/rest/rest_page.ts";
import { inflate } from "../../../../src/host/inflate.ts";
import { append, openStore } from "../../../support/stores.ts";

async function open(values: readonly (readonly string[])[]) {
  const { store } = await openStore({ settings: { defaultPartitions: values.length } });
  const topic = await store.createTopic("t");
  for (const [at, log] of topic.partitions.entries()) await append(store, log, values[at]!);
  const readings = topic.partitions.map((log): Reading => ({
    ...{ topic, log, offset: 0, gaps: [] },
    position: new Position({ topic: "t", partition: log.index }),
  }));
  const { core, ranges: losses } = store;
  const options = { core, inflate, losses, format: "json", maxBytes: 1 << 20 } as const;
  return { readings, options };
}

const valuesOf = ({ records }: { readonly records: readonly string[] }) =>
  records.map((record) => JSON.parse(record).value);

describe("readRestPage()", () => {
  it("takes what there is of each partition", async () => {
    const { readings, options } = await open([["1", "2"], ["3"]]);
    const page = await readRestPage(readings, options);
    expect(valuesOf(page)).toEqual([1, 2, 3]);
    expect(page.bytes).toBe(3);
    expect(page.ends.map(({ offset }) => offset)).toEqual([2, 1]);
  });

  it("leaves for the next one what it has no room for", async () => {
    const { readings, options } = await open([["1", "2"], ["3"]]);
    const page = await readRestPage(readings, { ...options, maxBytes: 1 });
    expect(valuesOf(page)).toEqual([1]);
    expect(page.ends.map(({ offset }) => offset)).toEqual([1]);
  });

  it("ends a partition in front of a record that is not of the format, and refuses it first", async () => {
    const { readings, options } = await open([["1", "nojson", "2"], ["3"]]);
    const page = await readRestPage(readings, options);
    expect(valuesOf(page)).toEqual([1, 3]);
    expect(page.ends.map(({ offset }) => offset)).toEqual([1, 1]);
    const behind = { ...readings[0]!, offset: 1 };
    await expect(readRestPage([readings[1]!, behind], options))
      .rejects.toMatchObject({ detail: { error_code: 40602 } });
  });

  it("names what is missing: before the first record, and in between", async () => {
    const { readings, options } = await open([["1", "2", "3"]]);
    const [reading] = readings;
    const missed = { topic: "t", partition: 0, from: 0, to: 1, reason: "retention" };
    const source = { log_id: "0000000000000001", from: 7, to: 9 };
    const damaged = { from: 1, to: 2, reason: "corrupt", source };
    const log = {
      ...{ topic: "t", index: 0, highWatermark: 3 },
      read: async (offset: number, { maxBytes }: { maxBytes: number }) => {
        const read = await reading!.log.read(offset, { maxBytes });
        return { ...read, gaps: [damaged] };
      },
    } as unknown as Reading["log"];
    const page = await readRestPage([{ ...reading!, log, offset: 1, gaps: [missed] }], options);
    expect(page.gaps).toEqual([missed, { topic: "t", partition: 0, ...damaged }]);
  });

  it("passes no more gaps than a header can name", async () => {
    const { readings, options } = await open([["1"]]);
    const [reading] = readings;
    const gaps = Array.from({ length: 150 }, (_, at) => ({
      ...{ from: 2 * at + 1, to: 2 * at + 2, reason: "corrupt" },
    }));
    const log = {
      ...{ topic: "t", index: 0, highWatermark: 400 },
      read: () => Promise.resolve({ batches: [], gaps, nextOffset: 400 }),
    } as unknown as Reading["log"];
    const page = await readRestPage([{ ...reading!, log }, reading!], options);
    expect(page.gaps).toHaveLength(100);
    // The other partition's turn comes next time.
    expect(page.ends.map(({ offset }) => offset)).toEqual([201]);
  });
});
