/** What a request asks for by `key=`, `header.NAME=`, `contains=`, `since=` and `until=`. */
import { describe, expect, it } from "vitest";
import {
  FILTER_BYTES_MAX,
  FILTER_CONTAINS_BYTES_MAX,
  FILTER_HEADERS_MAX,
} from "../../src/base/reader_limits.ts";
import { FILTER_PARAMETERS, RecordFilter } from "../../src/egress/record_filter.ts";
import { Query } from "../../src/protocol/http/query.ts";

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
