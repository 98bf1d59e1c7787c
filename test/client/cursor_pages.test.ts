import { describe, expect, it } from "vitest";
import { CursorPages } from "../../src/client/cursor_pages.ts";
import { openClientWorld, problem } from "../support/client_world.ts";

async function worldOfThree() {
  const world = await openClientWorld();
  for (const text of ["a", "b", "c"]) await world.client.produce("logs", text);
  return world;
}

describe("CursorPages.next()", () => {
  it("goes on at the cursor of the page before", async () => {
    const { transport } = await worldOfThree();
    const pages = new CursorPages(transport, "logs", { pageRecords: 2 });
    const first = await pages.next(0);
    expect([first.contents.records.length, first.atEnd]).toEqual([2, false]);
    // No cursor stands within the first page.
    expect(first.positionAfter(first.contents.records[0]!)).toBeNull();
    const next = await pages.next(0);
    expect([next.contents.records.length, next.atEnd]).toEqual([1, true]);
    expect(next.positionAfter(next.contents.records[0]!)).toEqual(first.position);
  });

  it("begins at the latest", async () => {
    const { transport, client } = await worldOfThree();
    const pages = new CursorPages(transport, "logs", { from: "latest" });
    expect(await pages.next(0)).toMatchObject({ contents: { records: [] }, atEnd: true });
    await client.produce("logs", "d");
    expect((await pages.next(0)).contents.records.map((record) => record.text())).toEqual(["d"]);
  });

  it("tells what retention took of each partition, and goes on behind it", async () => {
    const { transport, faults } = await worldOfThree();
    const { position } = await new CursorPages(transport, "logs", { pageRecords: 2 }).next(0);
    const cursor = (position as { cursor: string }).cursor;
    const missed = [{ partition: 0, from: 0, to: 2 }, { partition: 3, from: 5, to: 6 }];
    const pages = new CursorPages(transport, "logs", { from: { cursor: "old" } });
    faults.push(problem(416, "offset_out_of_range", { missed, cursor }));
    const page = await pages.next(0);
    expect(page.contents.gaps).toMatchObject([
      { topic: "logs", partition: 0, from: 0, to: 2, reason: "retention" },
      { topic: "logs", partition: 3, from: 5, to: 6, reason: "retention" },
    ]);
    expect((await pages.next(0)).contents.records.map((record) => record.text())).toEqual(["c"]);
  });

  it("throws a refusal that does not say where to go on", async () => {
    const { transport, faults } = await worldOfThree();
    faults.push(problem(416, "log_diverged"), problem(416, "offset_out_of_range"));
    const pages = new CursorPages(transport, "logs", { from: { cursor: "old" } });
    await expect(pages.next(0)).rejects.toMatchObject({ code: "log_diverged" });
    await expect(pages.next(0)).rejects.toMatchObject({ code: "offset_out_of_range" });
  });

  it.each(
    [
      { verify: true },
      { from: { offset: 3 } },
      { from: "latest", order: "source" },
    ] as const,
  )("cannot read so: %j", async (options) => {
    const { transport } = await openClientWorld();
    expect(() => new CursorPages(transport, "logs", options)).toThrow(/Cannot read so/);
  });
});
