import { describe, expect, it } from "vitest";
import { LogboomError } from "../../src/client/logboom_error.ts";
import { defined, gapOfRefusal, PartitionPages } from "../../src/client/partition_pages.ts";
import { openClientWorld, problem } from "../support/client_world.ts";

async function worldOfFive() {
  const world = await openClientWorld();
  for (const text of ["a", "b", "c", "d", "e"]) await world.client.produce("logs", text);
  return world;
}

describe("PartitionPages.next()", () => {
  it("goes on where the page before ended, until the end", async () => {
    const { transport } = await worldOfFive();
    const pages = new PartitionPages(transport, "logs", { partition: 0, pageRecords: 2 });
    const read = [await pages.next(0), await pages.next(0), await pages.next(0)];
    expect(read.map(({ contents }) => contents.records.map((record) => record.text()).join("")))
      .toEqual(["ab", "cd", "e"]);
    expect(read.map(({ atEnd }) => atEnd)).toEqual([false, false, true]);
    const [first] = read;
    const [a, b] = first!.contents.records;
    expect(first!.positionAfter(a!)).toEqual({ offset: 1 });
    expect(first!.positionAfter(b!)).toEqual(first!.position);
    expect(first!.position).toMatchObject({ offset: 2, epoch: expect.any(Number) });
  });

  it("begins at the latest, which it names once", async () => {
    const { transport, client, requests } = await worldOfFive();
    const pages = new PartitionPages(transport, "logs", { partition: 0, from: "latest" });
    expect(await pages.next(1_000)).toMatchObject({ contents: { records: [] }, atEnd: true });
    await client.produce("logs", "f");
    const { contents } = await pages.next(1_000);
    expect(contents.records.map((record) => record.text())).toEqual(["f"]);
    expect(requests.filter((one) => one.includes("latest"))).toHaveLength(1);
  });

  it("tells what retention took, and goes on behind it", async () => {
    const { transport, faults } = await worldOfFive();
    const from = { offset: 1, epoch: 7 };
    const pages = new PartitionPages(transport, "logs", { partition: 0, from });
    faults.push(problem(416, "offset_out_of_range", { log_start_offset: 3, high_watermark: 5 }));
    const page = await pages.next(0);
    expect(page.contents.gaps).toMatchObject([{ topic: "logs", partition: 0, from: 1, to: 3 }]);
    expect(page).toMatchObject({ atEnd: false, position: { offset: 3 } });
    const next = await pages.next(0);
    expect(next.contents.records.map((record) => record.text())).toEqual(["d", "e"]);
  });

  it("does not take a log that ends before it for a gap", async () => {
    const { transport } = await worldOfFive();
    const pages = new PartitionPages(transport, "logs", { partition: 0, from: { offset: 9 } });
    await expect(pages.next(0)).rejects.toMatchObject({ code: "offset_out_of_range" });
  });

  it("does not take another history for its own", async () => {
    const { transport } = await worldOfFive();
    const from = { offset: 2, epoch: 2_000_000 };
    const pages = new PartitionPages(transport, "logs", { partition: 0, from });
    await expect(pages.next(0)).rejects.toMatchObject({ code: "log_diverged" });
  });

  it("takes no cursor", async () => {
    const { transport } = await openClientWorld();
    const options = { partition: 0, from: { cursor: "abc" } };
    expect(() => new PartitionPages(transport, "logs", options)).toThrow(/give it an offset/);
  });
});

describe("gapOfRefusal()", () => {
  const place = { topic: "logs", partition: 1, offset: 2 };

  it("is null for all that is no gap", () => {
    const refusal = (code: string, detail: Record<string, unknown>) =>
      gapOfRefusal(new LogboomError(code, "No", { detail }), place);
    expect(refusal("offset_out_of_range", { log_start_offset: 5 })).toMatchObject({
      from: 2,
      to: 5,
    });
    expect(refusal("offset_out_of_range", { log_start_offset: 2 })).toBeNull();
    expect(refusal("offset_out_of_range", {})).toBeNull();
    expect(refusal("log_diverged", { log_start_offset: 5 })).toBeNull();
    expect(gapOfRefusal(new Error("bug"), place)).toBeNull();
  });
});

describe("defined()", () => {
  it("leaves out what is undefined, and nothing else", () => {
    expect(defined({ a: undefined, b: null, c: 0, d: false })).toEqual({ b: null, c: 0, d: false });
  });
});
