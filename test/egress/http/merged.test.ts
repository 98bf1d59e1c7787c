/** Pulling all partitions of a topic as one stream. */
import { describe, expect, it, vi } from "vitest";
import { decodeCursor, encodeCursor } from "../../../src/protocol/http/cursor.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";

const RECORDS = "application/vnd.logboom.records+json";
const MERGED = "/v1/topics/t/records";

interface Seen {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly value: string;
}

/** Puts `value` into a partition, at a time. */
async function put(world: HttpWorld, partition: number, timestamp: number): Promise<void> {
  const body = JSON.stringify({ timestamp, value: `${partition}@${timestamp}` });
  const response = await world.post(`${MERGED}?partition=${partition}`, RECORDS, body);
  expect(response.status).toBe(200);
}

/** As an operator does; retention moves the start of a log in the same way. */
async function wipeBefore(world: HttpWorld, offset: number): Promise<void> {
  const path = `/v1/topics/t/partitions/1/records?before=${offset}`;
  expect((await world.request("DELETE", path)).status).toBe(200);
}

async function opened(partitions: number): Promise<HttpWorld> {
  return await openHttpWorld({ store: { settings: { defaultPartitions: partitions } } });
}

async function page(world: HttpWorld, query = "") {
  const response = await world.get(`${MERGED}${query}`);
  expect(response.status).toBe(200);
  return await response.json();
}

describe("GET merged records", () => {
  it("merges by timestamp, then by partition, and keeps each partition's order", async () => {
    const world = await opened(3);
    for (
      const [partition, at] of [[2, 5], [0, 5], [1, 1], [0, 3], [1, 9], [2, 6], [0, 7]] as const
    ) {
      await put(world, partition, at);
    }
    const { records, lag } = await page(world);
    expect(records.map(({ value }: Seen) => value))
      .toEqual(["1@1", "0@5", "0@3", "2@5", "2@6", "0@7", "1@9"]);
    expect(lag).toBe(0);
  });

  it("meets every record once by following the cursor, however small the pages", async () => {
    const world = await opened(4);
    for (let at = 0; at < 60; at++) await put(world, (at * 7) % 4, (at * 37) % 50);
    const whole = (await page(world)).records.map(({ value }: Seen) => value);
    expect(whole).toHaveLength(60);
    for (const size of [1, 7, 59]) {
      const seen: string[] = [];
      let cursor = "";
      for (;;) {
        const next = await page(world, `?max_records=${size}${cursor && `&cursor=${cursor}`}`);
        if (next.records.length === 0) break;
        seen.push(...next.records.map(({ value }: Seen) => value));
        cursor = next.cursor;
      }
      expect(seen).toEqual(whole);
    }
  });

  it("goes on with what came later, and waits for it where it is asked to", async () => {
    const world = await opened(2);
    await put(world, 0, 1);
    const { cursor } = await page(world);
    expect((await page(world, `?cursor=${cursor}`)).records).toEqual([]);
    const waiting = page(world, `?cursor=${cursor}&max_wait_ms=10000`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await put(world, 1, 0);
    expect((await waiting).records.map(({ value }: Seen) => value)).toEqual(["1@0"]);
  });

  it("carries the cursor in a header too, for lines", async () => {
    const world = await opened(2);
    await put(world, 1, 1);
    const response = await world.get(MERGED, { headers: { accept: "application/x-ndjson" } });
    const cursor = response.headers.get("logboom-cursor")!;
    expect(JSON.parse((await response.text()).trim())).toMatchObject({ value: "1@1" });
    expect(decodeCursor(cursor).standings.map(({ offset }) => offset)).toEqual([0, 1]);
  });

  it("refuses a cursor of another topic, of another history, or out of range", async () => {
    const world = await opened(2);
    await put(world, 0, 1);
    const cursor = decodeCursor((await page(world)).cursor);
    const problemOf = async (changed: typeof cursor) => {
      const response = await world.get(`${MERGED}?cursor=${encodeCursor(changed)}`);
      expect(response.status).toBe(416);
      return await response.json();
    };
    expect(await problemOf({ ...cursor, topicId: "f".repeat(32) }))
      .toMatchObject({ code: "log_diverged", topic: "t" });
    expect(await problemOf({ ...cursor, standings: [...cursor.standings, ...cursor.standings] }))
      .toMatchObject({ code: "log_diverged" });
    const [first, second] = cursor.standings;
    expect(
      await problemOf({
        ...cursor,
        standings: [{ epoch: first!.epoch + 1, offset: 1 }, second!],
      }),
    ).toMatchObject({ code: "log_diverged", partition: 0 });
    expect(await problemOf({ ...cursor, standings: [first!, { epoch: -1, offset: 7 }] }))
      .toMatchObject({ code: "offset_out_of_range", partition: 1, high_watermark: 0 });
  });

  it("tells who is overtaken by retention in the midst of a read how to go on", async () => {
    for (const order of ["", "&order=source", "&contains=@", "&order=source&contains=@"]) {
      const world = await opened(2);
      for (const time of [1, 2, 3, 4]) await put(world, 1, time);
      const { cursor } = await page(world, `?max_records=1${order}`);
      const log = world.store.topic("t")!.partitions[1]!;
      const overtake = (before: number) => {
        const read = log.read.bind(log);
        vi.spyOn(log, "read").mockImplementationOnce(async (...given) => {
          await wipeBefore(world, before);
          return await read(...given);
        });
      };
      overtake(2);
      const response = await world.get(`${MERGED}?cursor=${cursor}${order}`);
      expect(response.status).toBe(416);
      const problem = await response.json();
      expect(problem).toMatchObject({ code: "offset_out_of_range", partition: 1 });
      expect(problem.missed).toMatchObject([{ partition: 1, from: 1, to: 2 }]);
      const { records } = await page(world, `?cursor=${problem.cursor}${order}`);
      expect(records.map((record: Seen) => record.value)).toEqual(["1@3", "1@4"]);
      // Who asked for what there is, misses nothing.
      overtake(3);
      const earliest = await page(world, `?max_records=10${order}`);
      expect(earliest.records.map((record: Seen) => record.value)).toEqual(["1@4"]);
    }
  });

  it("goes on over partitions that were added, and says that a topic was made anew", async () => {
    for (const order of ["", "&order=source"]) {
      const world = await opened(2);
      const { store } = world;
      for (const time of [1, 2]) await put(world, time % 2, time);
      const { cursor } = await page(world, `?max_records=10${order}`);
      await store.changes.change("t", { partitions: 4 });
      for (const time of [3, 4, 5]) await put(world, time % 4, time);
      const more = await page(world, `?cursor=${cursor}${order}`);
      expect(more.records.map((record: Seen) => record.value).toSorted())
        .toEqual(["0@4", "1@5", "3@3"]);
      await store.changes.delete("t");
      expect((await world.get(`${MERGED}?cursor=${more.cursor}${order}`)).status).toBe(404);
      await put(world, 0, 6);
      const anew = await world.get(`${MERGED}?cursor=${more.cursor}${order}`);
      expect(anew.status).toBe(416);
      expect(await anew.json()).toMatchObject({ code: "log_diverged", topic: "t" });
      const { records } = await page(world, `?max_records=10${order}`);
      expect(records.map((record: Seen) => record.value)).toEqual(["0@6"]);
    }
  });

  it("refuses what is no cursor", async () => {
    const world = await opened(1);
    await put(world, 0, 1);
    const response = await world.get(`${MERGED}?cursor=zzz`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ parameter: "cursor" });
  });
});
