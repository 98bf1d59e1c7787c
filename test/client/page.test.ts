import { describe, expect, it } from "vitest";
import { Gap } from "../../src/client/gap.ts";
import { LogRecord } from "../../src/client/log_record.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { inOrder, mergedPage, partitionPage } from "../../src/client/page.ts";

const encode = (value: unknown) => utf8(JSON.stringify(value));

const PLACE = { topic: "logs", partition: 1 };
const RECORD = { ...PLACE, offset: 4, timestamp: 5, key: null, value: "x", headers: [] };
const REST = { next_offset: 5, leader_epoch: 2, high_watermark: 9, log_start_offset: 1 };

describe("partitionPage()", () => {
  it("reads what the node writes", () => {
    const gaps = [{ from: 1, to: 4, reason: "quarantined" }];
    const page = partitionPage(encode({ records: [RECORD], gaps, ...REST }), PLACE);
    expect(page).toMatchObject({
      ...{ nextOffset: 5, leaderEpoch: 2, highWatermark: 9, logStartOffset: 1 },
      gaps: [{ ...PLACE, from: 1, to: 4, reason: "quarantined" }],
    });
    expect(page.records[0]!.text()).toBe("x");
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["half a document", utf8('{"records":[')],
    ["no UTF-8", new Uint8Array([0xff])],
    ["a number", encode(7)],
    ["no records", encode({ gaps: [] })],
    ["no offset", encode({ records: [], gaps: [] })],
  ])("refuses %s", (_, bytes) => {
    expect(() => partitionPage(bytes, PLACE)).toThrow(/Cannot read the page/);
  });
});

describe("mergedPage()", () => {
  it("reads the cursor, and what is held back", () => {
    const page = { records: [], gaps: [], cursor: "abc", lag: 3 };
    expect(mergedPage(encode(page), PLACE)).toMatchObject({ cursor: "abc", lag: 3, heldBack: 0 });
    expect(mergedPage(encode({ ...page, held_back: 2 }), PLACE).heldBack).toBe(2);
    expect(() => mergedPage(encode({ ...page, cursor: 1 }), PLACE)).toThrow(/no cursor/);
  });
});

describe("inOrder()", () => {
  it("puts each gap before the first record behind it, in its partition", () => {
    const record = (partition: number, offset: number) =>
      new LogRecord({ ...RECORD, partition, offset });
    const gap = (partition: number, from: number, to: number) =>
      new Gap({ topic: "logs", partition, from, to, reason: "lost" });
    const records = [record(0, 0), record(1, 5), record(0, 3), record(1, 6)];
    const gaps = [gap(0, 1, 3), gap(1, 0, 5), gap(1, 7, 9)];
    expect([...inOrder({ records, gaps })]).toEqual([
      ...[records[0], gaps[1], records[1], gaps[0], records[2], records[3], gaps[2]],
    ]);
  });
});
