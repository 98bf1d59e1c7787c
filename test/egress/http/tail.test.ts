/** The live tail, as its readers see it. */
import { afterEach, describe, expect, it } from "vitest";
import { TAIL_KEEP_ALIVE_MS, TAIL_SWEEP_MS } from "../../../src/base/tail_limits.ts";
import { decodeCursor } from "../../../src/protocol/http/cursor.ts";
import { EventReader } from "../../support/event_stream.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";

const TAIL = "/v1/topics/t/tail";
const open: EventReader[] = [];

afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});

async function put(world: HttpWorld, values: readonly string[], query = ""): Promise<void> {
  const response = await world.post(
    `/v1/topics/t/records${query}`,
    "text/plain",
    values.join("\n"),
  );
  expect(response.status).toBe(200);
}

async function tail(world: HttpWorld, query = "", id?: string): Promise<EventReader> {
  const headers = id === undefined ? undefined : { "last-event-id": id };
  const reader = new EventReader(
    await world.get(`${TAIL}${query}`, headers === undefined ? {} : { headers }),
  );
  open.push(reader);
  return reader;
}

describe("GET tail", () => {
  it("sends what comes after it began, as records of JSON pages", async () => {
    const world = await openHttpWorld();
    await put(world, ["before"]);
    const reader = await tail(world);
    await reader.take();
    expect(reader.parser.retryMs).toBe(1000);
    await put(world, ["one", "two"]);
    const [first] = await reader.many(2);
    const page = await (await world.get("/v1/topics/t/partitions/0/records?offset=1")).json();
    expect(JSON.parse(first!.data)).toEqual(page.records[0]);
    expect(first!.type).toBe("message");
  });

  it("begins at the earliest record where it is asked to, and goes on live", async () => {
    const world = await openHttpWorld();
    await put(world, ["a", "b", "c"]);
    const reader = await tail(world, "?from=earliest");
    expect(await reader.values(3)).toEqual(["a", "b", "c"]);
    await put(world, ["d"]);
    expect(await reader.values(1)).toEqual(["d"]);
  });

  it("goes on behind each event that was the last, with Last-Event-ID or cursor", async () => {
    const world = await openHttpWorld({ store: { settings: { defaultPartitions: 3 } } });
    for (let at = 0; at < 30; at++) await put(world, [`${at}`], `?partition=${at % 3}`);
    const whole = await (await tail(world, "?from=earliest")).many(30);
    const values = whole.map(({ data }) => JSON.parse(data).value);
    expect(new Set(values).size).toBe(30);
    for (const [at, { lastEventId }] of whole.entries()) {
      // What the address says counts for the first time only.
      for (const given of [`?cursor=${lastEventId}`, "?from=latest"]) {
        const rest = await tail(world, given, given.includes("from") ? lastEventId : undefined);
        const seen = await rest.values(30 - at - 1);
        await rest.close();
        expect(new Set(seen), `behind ${at}`).toEqual(new Set(values.slice(at + 1)));
      }
    }
  });

  it("tells a client where it is before there is any record", async () => {
    const world = await openHttpWorld();
    await put(world, ["before"]);
    const first = await tail(world);
    await first.take();
    const id = first.lastEventId;
    expect(decodeCursor(id).standings).toEqual([{ epoch: expect.any(Number), offset: 1 }]);
    await first.close();
    await put(world, ["while it was away"]);
    expect(await (await tail(world, "", id)).values(1)).toEqual(["while it was away"]);
  });

  it("keeps a silent line alive, and says how far a filter has come", async () => {
    const world = await openHttpWorld();
    await put(world, ["x"]);
    const reader = await tail(world, "?contains=wanted");
    await reader.take();
    const before = reader.lastEventId;
    const silent = reader.take();
    await put(world, ["not this", "nor this"]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    world.world.clock.advance(2 * TAIL_KEEP_ALIVE_MS);
    await silent;
    expect(reader.parser.comments).toBe(1);
    expect(reader.lastEventId).not.toBe(before);
    expect(decodeCursor(reader.lastEventId).standings[0]!.offset).toBe(3);
    await put(world, ["wanted"]);
    expect(await reader.values(1)).toEqual(["wanted"]);
  });

  it("follows partitions that are added, from their start", async () => {
    const world = await openHttpWorld();
    await put(world, ["a"]);
    const reader = await tail(world);
    await reader.take();
    const { lastEventId } = reader;
    const next = reader.values(2);
    await world.store.changes.change("t", { partitions: 2 });
    await put(world, ["b"], "?partition=1");
    await settled();
    world.world.clock.advance(TAIL_SWEEP_MS);
    await settled();
    await put(world, ["c"], "?partition=1");
    expect(await next).toEqual(["b", "c"]);
    // A cursor that does not know of them yet is as good as before.
    expect(await (await tail(world, "", lastEventId)).values(2)).toEqual(["b", "c"]);
  });

  it("ends when its topic is deleted, and refuses its cursor for a later one", async () => {
    const world = await openHttpWorld();
    await put(world, ["a"]);
    const reader = await tail(world);
    await reader.take();
    const next = reader.next();
    await world.store.changes.delete("t");
    world.world.clock.advance(TAIL_SWEEP_MS);
    const end = await next;
    expect([end!.type, JSON.parse(end!.data).code]).toEqual(["end", "unknown_topic"]);
    expect(await reader.next()).toBeNull();
    await put(world, ["another"]);
    const again = await world.get(TAIL, { headers: { "last-event-id": reader.lastEventId } });
    expect([again.status, (await again.json()).code]).toEqual([416, "log_diverged"]);
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
