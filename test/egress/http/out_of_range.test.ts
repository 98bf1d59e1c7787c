/** What readers are told who come too late, and how they go on. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { decodeCursor } from "../../../src/protocol/http/cursor.ts";
import { explained } from "../../../src/egress/http/out_of_range.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";

const TOPIC = "/v1/topics/t/records";
const partition = (index: number) => `/v1/topics/t/partitions/${index}/records`;

/** Three partitions of ten records each, of which the first are gone. */
async function trimmed(...starts: number[]): Promise<HttpWorld> {
  const world = await openHttpWorld({ store: { settings: { defaultPartitions: 3 } } });
  for (let nth = 0; nth < 30; nth++) {
    // A batch each: what is given up is given up in whole batches.
    await world.post(`${TOPIC}?partition=${nth % 3}&key=k`, "text/plain", "v");
  }
  return await trim(world, ...starts);
}

async function trim(world: HttpWorld, ...starts: number[]): Promise<HttpWorld> {
  for (const [index, before] of starts.entries()) {
    if (before === 0) continue;
    const wiped = await world.request("DELETE", `${partition(index)}?before=${before}`);
    expect(wiped.status).toBe(200);
  }
  return world;
}

describe("GET partition records below the log start", () => {
  it("says what was missed, and where the ledger tells of losses", async () => {
    const { get } = await trimmed(4);
    for (const query of ["offset=1", "offset=1&key=k", "offset=1&order=source"]) {
      const response = await get(`${partition(0)}?${query}`);
      expect(response.status).toBe(416);
      const problem = await response.json();
      expect(problem, query).toMatchObject({
        ...{ code: "offset_out_of_range", topic: "t", partition: 0, offset: 1 },
        ...{ log_start_offset: 4, high_watermark: 10 },
        missed: [{ partition: 0, from: 1, to: 4, records: 3 }],
        losses: "/v1/losses?topic=t",
      });
      expect((await get(problem.losses)).status).toBe(200);
    }
  });

  it("says nothing of missed records where an offset is behind the end", async () => {
    const { get } = await trimmed(4);
    const problem = await (await get(`${partition(0)}?offset=11`)).json();
    expect(problem).toMatchObject({ code: "offset_out_of_range", log_start_offset: 4 });
    expect(problem).not.toHaveProperty("missed");
  });
});

describe.each(["arrival", "source"])("GET records by cursor in the order of %s", (order) => {
  it("names each partition, and gives a cursor to go on from", async () => {
    const world = await trimmed();
    const { get } = world;
    const first = await (await get(`${TOPIC}?order=${order}&max_records=3`)).json();
    const read = decodeCursor(first.cursor).standings.map(({ offset }) => offset);
    await trim(world, 5, 0, 7);
    const response = await get(`${TOPIC}?order=${order}&cursor=${first.cursor}`);
    const problem = await response.json();
    expect(problem).toMatchObject({
      ...{ status: 416, code: "offset_out_of_range", partition: 0, losses: "/v1/losses?topic=t" },
      missed: [
        { partition: 0, from: read[0], to: 5, records: 5 - read[0]! },
        { partition: 2, from: read[2], to: 7, records: 7 - read[2]! },
      ],
    });
    const rest = await (await get(`${TOPIC}?order=${order}&cursor=${problem.cursor}`)).json();
    const offsets = (index: number) =>
      rest.records.filter((record: { partition: number }) => record.partition === index)
        .map((record: { offset: number }) => record.offset);
    expect([offsets(0), offsets(2)]).toEqual([[5, 6, 7, 8, 9], [7, 8, 9]]);
    expect(offsets(1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(read[1]));
  });
});

describe("explained()", () => {
  const log = { topic: "t", index: 2, logStartOffset: 5, highWatermark: 9 };

  it("adds to what a read met meanwhile, and leaves all else", () => {
    const late = new OperatingError("offset_out_of_range", "Cannot", { offset: 3 });
    expect(explained(late, log)).toMatchObject({
      detail: { missed: [{ partition: 2, from: 3, to: 5, records: 2 }], log_start_offset: 5 },
    });
    for (
      const other of [
        new OperatingError("offset_out_of_range", "Cannot", { offset: 10 }),
        new OperatingError("storage_failed", "Cannot"),
        new Error("bug"),
      ]
    ) expect(explained(other, log)).toBe(other);
  });
});
