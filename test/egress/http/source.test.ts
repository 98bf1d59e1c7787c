/** Pulling in the order of source over HTTP: cursors, waits, and what is refused. */
import { beforeEach, describe, expect, it } from "vitest";
import { batchOf } from "../../support/batches.ts";
import { testCore } from "../../support/core.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";
import { turns } from "../../support/replication_world.ts";

const LOG = "00000000000000a1";
const PARTITION = "/v1/topics/logs/partitions/0/records?order=source";
const MERGED = "/v1/topics/logs/records?order=source";
const core = testCore();

let world: HttpWorld;

beforeEach(async () => {
  world = await openHttpWorld();
  await world.store.ranges.announce({
    ...{ logId: LOG, peer: "gateway", gateway: "site", topic: "logs", partition: 0 },
    ...{ firstOffset: 0, predecessor: null, predecessorEnd: 0, root: LOG },
  });
});

/** Records of the gateway's log from a source offset on, at a time; `ahead` of those below it. */
async function receive(from: number, values: readonly string[], timestamp = 1): Promise<void> {
  const { ranges } = world.store;
  const log = world.store.topic("logs")!.partitions[0]!;
  const range = { from, to: from + values.length };
  expect(ranges.judge(LOG, range, [from])).toBe("append");
  ranges.note(LOG, range.from, range.to);
  await new Promise<void>((resolve) => {
    const batch = batchOf(core, values, { logId: LOG, baseOffset: from, timestamp });
    const base = log.appendReplicated(batch, {
      committed(_log, error) {
        ranges.settle(LOG, range, error === null, base + values.length);
        resolve();
      },
    });
  });
}

async function page(path: string) {
  const response = await world.get(path);
  expect(response.status).toBe(200);
  const body = await response.json();
  return { ...body, values: body.records.map(({ value }: { value: string }) => value) };
}

describe.each([["one partition", PARTITION], ["merged", MERGED]])("order=source, %s", (_, path) => {
  it("serves what is in one piece, and what came ahead of it once that is", async () => {
    await receive(0, ["a"]);
    await receive(3, ["d", "e"]);
    const first = await page(path);
    expect(first).toMatchObject({ values: ["a"], lag: 0, held_back: 2 });
    await receive(1, ["b", "c"]);
    await receive(5, ["f"]);
    const second = await page(`${path}&cursor=${first.cursor}&max_records=3&source=true`);
    expect(second.values).toEqual(["b", "c", "d"]);
    expect(second.records.map(({ source }: { source: { offset: number } }) => source.offset))
      .toEqual([1, 2, 3]);
    const third = await page(`${path}&cursor=${second.cursor}`);
    expect(third).toMatchObject({ values: ["e", "f"], held_back: 0 });
    expect((await page(path)).values).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect((await page(path.replace("source", "arrival"))).values)
      .toEqual(["a", "d", "e", "b", "c", "f"]);
  });

  it("waits, through what is held back, for what is not", async () => {
    const { cursor } = await page(path);
    const waiting = page(`${path}&cursor=${cursor}&max_wait_ms=1000`);
    await turns();
    await receive(2, ["c"]);
    await turns();
    await receive(0, ["a", "b"]);
    expect((await waiting).values).toEqual(["a", "b", "c"]);
  });

  it("serves what a loss lets through once a checkpoint holds it", async () => {
    await receive(2, ["c"]);
    const { cursor } = await page(path);
    const waiting = page(`${path}&cursor=${cursor}&max_wait_ms=10000`);
    await turns();
    const loss = { count: 2, bytes: 1, minTimestamp: 0, maxTimestamp: 0 };
    await world.store.ranges.skipRun(LOG, [{ from: 0, to: 2, reason: "evicted", loss }], {});
    expect((await page(path)).values).toEqual([]);
    await world.store.checkpoint();
    expect((await waiting).values).toEqual(["c"]);
  });

  it("answers a wait in vain when its time is up, or the reader has gone", async () => {
    await receive(2, ["c"]);
    const waiting = page(`${path}&max_wait_ms=500`);
    await turns();
    world.world.clock.advance(500);
    expect((await waiting).values).toEqual([]);
    const gone = new AbortController();
    const left = world.get(`${path}&max_wait_ms=50000`, { signal: gone.signal });
    await turns();
    gone.abort();
    expect((await left).status).toBe(200);
  });

  it("takes no cursor of another kind", async () => {
    const other = path === MERGED ? PARTITION : MERGED;
    const { cursor } = await page(other);
    for (const wrong of [cursor, "abc"]) {
      const response = await world.get(`${path}&cursor=${wrong}`);
      expect([response.status, (await response.json()).code]).toEqual([400, "invalid_argument"]);
    }
    const arrival = await page(MERGED.replace("source", "arrival"));
    expect((await world.get(`${path}&cursor=${arrival.cursor}`)).status).toBe(400);
    expect((await world.get(`${MERGED.replace("source", "arrival")}&cursor=${cursor}`)).status)
      .toBe(400);
    expect((await world.get(path.replace("source", "best"))).status).toBe(400);
  });
});

describe("order=source of one partition", () => {
  it("begins at an offset where it is asked to, and gives no raw batches", async () => {
    await receive(0, ["a", "b"]);
    expect((await page(`${PARTITION}&offset=1`)).values).toEqual(["b"]);
    expect((await world.get(`${PARTITION}&offset=9`)).status).toBe(416);
    const { cursor } = await page(PARTITION);
    expect((await world.get(`${PARTITION}&offset=1&cursor=${cursor}`)).status).toBe(400);
    const raw = { headers: { accept: "application/vnd.logboom.batches" } };
    expect((await world.get(PARTITION, raw)).status).toBe(406);
  });

  it("needs order=source for a cursor", async () => {
    const { cursor } = await page(PARTITION);
    const response = await world.get(`${PARTITION.split("?")[0]}?cursor=${cursor}`);
    expect(response.status).toBe(400);
  });
});
