/** What a request asks for by `key=`, `header.NAME=`, `contains=`, `since=` and `until=`. */
import { describe, expect, it } from "vitest";
import { concat, utf8, viewOf } from "../../src/base/bytes.ts";
import {
  FILTER_BYTES_MAX,
  FILTER_CONTAINS_BYTES_MAX,
  FILTER_HEADERS_MAX,
} from "../../src/base/reader_limits.ts";
import { FILTER_PARAMETERS, RecordFilter } from "../../src/egress/record_filter.ts";
import { decodeCursor } from "../../src/protocol/http/cursor.ts";
import { Query } from "../../src/protocol/http/query.ts";
import { deflate } from "../../src/host/inflate.ts";
import { testCore } from "../support/core.ts";
import { openHttpWorld } from "../support/http_world.ts";
import { turns } from "../support/replication_world.ts";

const ofQuery = (query: string) =>
  RecordFilter.ofQuery(new Query(`http://node/?${query}`, FILTER_PARAMETERS));

describe("RecordFilter.ofQuery()", () => {
  it("is none where nothing is asked for", () => {
    expect(ofQuery("")).toBeUndefined();
  });

  it("reads times as milliseconds and as RFC 3339, with any zone", () => {
    const since = (text: string) => ofQuery(`since=${text}`)!.terms.since;
    expect(since("1700000000000")).toBe(1_700_000_000_000);
    expect(since("-5")).toBe(-5);
    expect(since("2026-02-28T12:00:00Z")).toBe(Date.UTC(2026, 1, 28, 12));
    expect(since("2026-02-28t12:00:00.1239z")).toBe(Date.UTC(2026, 1, 28, 12, 0, 0, 123));
    expect(since("2026-02-28T12:00:00%2B02:00")).toBe(Date.UTC(2026, 1, 28, 10));
    // As a person types it into curl.
    expect(since("2026-02-28T12:00:00+02:00")).toBe(Date.UTC(2026, 1, 28, 10));
    expect(since("2026-02-28T12:00:00-02:00")).toBe(Date.UTC(2026, 1, 28, 14));
  });

  it.each([
    ["since=yesterday", "since"],
    ["since=", "since"],
    ["until=2026-02-30T00:00:00Z", "until"],
    ["until=2026-13-01T00:00:00Z", "until"],
    ["until=2026-02-01", "until"],
    ["until=99999999999999999", "until"],
    ["since=9007199254740993", "since"],
    ["contains=", "contains"],
    [`contains=${"x".repeat(FILTER_CONTAINS_BYTES_MAX + 1)}`, "contains"],
    [`key=${"x".repeat(FILTER_BYTES_MAX + 1)}`, "key"],
    [`header.a=${"x".repeat(FILTER_BYTES_MAX)}`, "header"],
    [
      Array.from({ length: FILTER_HEADERS_MAX + 1 }, (_, at) => `header.h${at}=v`).join("&"),
      "header",
    ],
    ["header.=x", "header."],
    ["header=x", "header"],
    ["key=a&key=b", "key"],
    ["key=%ff", "key"],
    ["header.%ff=a", "header.\uFFFD"],
  ])("refuses %s", (query, parameter) => {
    expect(() => ofQuery(query)).toThrow(
      expect.objectContaining({ code: "invalid_argument", detail: { parameter } }),
    );
  });

  it("names filters that say the same alike, and others not", () => {
    const id = (query: string) => ofQuery(query)!.id;
    expect(id("key=a&header.x=1&header.y=2")).toBe(id("header.y=2&header.x=1&key=a"));
    expect(new Set(["key=a", "contains=a", "header.key=a", "key=", "since=1", "until=1"].map(id)))
      .toHaveProperty("size", 6);
  });
});

describe("RecordFilter.skips()", () => {
  it("passes over a batch all of whose records are too old, and no other", () => {
    expect(ofQuery("since=1000")!.skips({ maxTimestamp: 999 })).toBe(true);
    expect(ofQuery("since=1000")!.skips({ maxTimestamp: 1_000 })).toBe(false);
    // Records before a batch's base timestamp are not told by its header.
    expect(ofQuery("until=1000")!.skips({ maxTimestamp: 5_000 })).toBe(false);
  });
});

const PARTITION = "/v1/topics/t/partitions/0/records";
const FORM = "application/vnd.logboom.records+json";
const LATER = 1_700_000_000_000;

describe.each([
  ["one partition", PARTITION],
  ["merged", "/v1/topics/t/records"],
  ["in the order of source", `${PARTITION}?order=source`],
  ["merged in the order of source", "/v1/topics/t/records?order=source"],
])("a filter over HTTP, %s", (_, path) => {
  const query = (text: string) => `${path}${path.includes("?") ? "&" : "?"}${text}`;

  async function opened() {
    const world = await openHttpWorld();
    const post = (key: string | null, value: unknown, more = {}) =>
      world.post("/v1/topics/t/records", FORM, JSON.stringify([{ key, value, ...more }]));
    const page = async (text: string) => await (await world.get(query(text))).json();
    const values = async (text: string) =>
      (await page(text)).records.map(({ value }: { value: string }) => value);
    return { world, post, page, values };
  }

  it("gives what all of it asks for", async () => {
    const { post, values } = await opened();
    await post("a", "one fish", { headers: { kind: "cod" } });
    await post("b", "two fish", { headers: { kind: "cod", sea: "north" }, timestamp: 5 });
    await post("b", "red bird");
    await post(null, "blue fish", { timestamp: 7 });
    expect(await values("key=b")).toEqual(["two fish", "red bird"]);
    expect(await values("header.kind=cod")).toEqual(["one fish", "two fish"]);
    expect(await values("header.kind=cod&header.sea=north")).toEqual(["two fish"]);
    expect(await values("contains=fish&max_records=2")).toHaveLength(2);
    expect((await values("contains=fish")).sort()).toEqual(["blue fish", "one fish", "two fish"]);
    expect((await values("until=1970-01-01T00:00:00.007Z")).sort()).toEqual(["two fish"]);
    expect((await values(`since=7&until=${LATER}`)).sort()).toEqual(["blue fish"]);
    expect(await values("contains=whale")).toEqual([]);
  });

  it("waits through what does not match for what does", async () => {
    const { world, post, page } = await opened();
    await post("a", "old");
    const waiting = page("key=b&max_wait_ms=10000");
    await turns();
    await post("a", "other");
    await turns();
    await post("b", "awaited");
    expect((await waiting).records).toMatchObject([{ key: "b", value: "awaited" }]);
    expect(world.world.clock.timersWaiting).toBeLessThan(10);
  });

  it("answers a wait in vain with a place behind all that was looked through", async () => {
    const { world, post, page } = await opened();
    await post("a", "old");
    const waiting = page("key=b&max_wait_ms=10000");
    await turns();
    await post("a", "other");
    await turns();
    world.world.clock.advance(10_000);
    const { records, next_offset, cursor } = await waiting;
    expect(records).toEqual([]);
    if (next_offset !== undefined) expect(next_offset).toBe(2);
    else expect(decodeCursor(cursor).standings).toMatchObject([{ offset: 2 }]);
  });

  // They are of a log nobody announced: the order of source does not give them.
  it.runIf(!path.includes("source"))("finds what gzip and zstd batches hold", async () => {
    const { world, post, page } = await opened();
    await post("a", "first");
    const log = world.store.topic("t")!.partitions[0]!;
    for (const codec of ["gzip", "zstd"] as const) {
      const batch = recompressed(log.highWatermark, codec);
      await new Promise<void>((resolve, reject) => {
        log.appendReplicated(batch, {
          committed: (_log, error) => error === null ? resolve() : reject(error),
        });
      });
    }
    const { records } = await page("contains=packed");
    expect(records.map(({ offset }: { offset: number }) => offset)).toEqual([1, 2]);
  });
});

/** One record, its batch packed by a codec that the core leaves to the machine. */
function recompressed(baseOffset: number, codec: "gzip" | "zstd"): Uint8Array {
  const core = testCore();
  core.append(0, { timestamp: 1, value: utf8("packed") });
  const stamp = { leaderEpoch: 1, logId: "00000000000000ff", compression: "none" } as const;
  const plain = core.seal(0, { baseOffset, ...stamp });
  const batch = concat([plain.subarray(0, 61), deflate(codec, plain.subarray(61))]);
  const view = viewOf(batch);
  view.setInt32(8, batch.length - 12);
  view.setInt16(21, codec === "gzip" ? 1 : 4);
  view.setUint32(17, core.crc32c(batch.subarray(21)));
  return batch;
}
