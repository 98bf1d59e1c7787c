/** The route cache: found again, replaced, forgotten when full, and never wrong. */
import { beforeEach, describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { NO_HEADERS } from "../../src/core/record_headers.ts";
import { TopicFilter } from "../../src/protocol/mqtt/topic_filter.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const SESSION = {
  protocolVersion: 4,
  recordHeaders0: NO_HEADERS,
  recordHeaders1: NO_HEADERS,
  nowMs: 0,
  packetBytesMax: 2 ** 20,
} as const;

/** A QoS 0 PUBLISH without payload. */
function publish(name: Uint8Array): Uint8Array {
  const remaining = name.length + 2;
  const size: number[] = [];
  let left = remaining;
  for (; left > 127; left >>= 7) size.push((left & 127) | 128);
  return concat([
    Uint8Array.of(0x30, ...size, left),
    Uint8Array.of(name.length >> 8, name.length & 255),
    name,
  ]);
}

function handleOf(name: Uint8Array): number | null {
  const { status, touched } = core.ingest(publish(name), SESSION);
  if (status === "route_miss") return null;
  core.discard(touched[0]!);
  return touched[0]!;
}

beforeEach(() => core.reset());

describe("CoreRoutes.set()", () => {
  it("tells names apart by every byte and by their size", () => {
    const names: Uint8Array[] = [];
    for (let size = 1; size <= 40; size++) {
      for (let at = 0; at < size; at++) {
        const name = new Uint8Array(size).fill(0x61);
        name[at] = 0x62;
        names.push(name);
      }
    }
    names.forEach((name, nth) =>
      core.routes.set(name, { handle: nth, key: null, keyIsTopic: true })
    );
    names.forEach((name, nth) => expect(handleOf(name), `name ${nth}`).toBe(nth));
    for (let size = 1; size <= 40; size++) {
      expect(handleOf(new Uint8Array(size).fill(0x61))).toBe(null);
    }
  });

  it("replaces the route of a name", () => {
    const name = utf8("plant/7/line/3");
    for (const handle of [5, 6]) {
      core.routes.set(name, { handle, key: null, keyIsTopic: true });
      expect(handleOf(name)).toBe(handle);
    }
  });

  it("takes the longest name and the longest key", () => {
    const name = new Uint8Array(65_535).fill(0x61);
    for (const keyIsTopic of [true, false]) {
      core.routes.set(name, { handle: 1, key: name, keyIsTopic });
      expect(handleOf(name)).toBe(1);
    }
  });

  it("forgets when it is full, and never sends a record astray", () => {
    const nameOf = (nth: number) => utf8(`devices/${nth}/telemetry`);
    for (let nth = 0; nth < 50_000; nth++) {
      core.routes.set(nameOf(nth), { handle: nth % 2000, key: null, keyIsTopic: true });
      // What was just set is there, so a caller always gets on.
      if (nth % 97 === 0) expect(handleOf(nameOf(nth))).toBe(nth % 2000);
    }
    let found = 0;
    for (let nth = 0; nth < 50_000; nth++) {
      const handle = handleOf(nameOf(nth));
      if (handle === null) continue;
      expect(handle).toBe(nth % 2000);
      found++;
    }
    expect(found).toBeGreaterThan(100);
  });

  it("forgets when names fill its memory", () => {
    for (let nth = 0; nth < 100; nth++) {
      const name = new Uint8Array(60_000).fill(0x61 + nth % 20);
      name[nth] = 0x30;
      core.routes.set(name, { handle: nth, key: name, keyIsTopic: false });
      expect(handleOf(name)).toBe(nth);
    }
  });
});

describe("CoreRoutes.want()", () => {
  const STAMP = { baseOffset: 0, leaderEpoch: 1, logId: "0000000000000abc", compression: "none" };
  const isWanted = (name: string) => {
    const { status, touched } = core.ingest(publish(utf8(name)), SESSION);
    expect(status).toBe("need_more");
    core.seal(touched[0]!, STAMP as Parameters<typeof core.seal>[1]);
    return core.sealed.wanted;
  };
  const NAMES = ["a", "a/b", "a/b/c", "b", "/a", "a/", "a//c", "ab", "/", "plant/7/line/3/é"];
  const setAll = () => {
    for (const name of NAMES) {
      core.routes.set(utf8(name), { handle: 1, key: null, keyIsTopic: true });
    }
  };

  it("marks the batches of the names a filter matches, as TopicFilter has it", () => {
    const filters = ["a", "a/b", "#", "a/#", "+", "+/b", "a/+", "/+", "+/+", "a/+/c", "+/#", "b/#"];
    filters.push("plant/+/line/#", "a/b/c/#", "a/b/c/+", "x", "/#", "a/+/#", "+/");
    for (const filter of filters) {
      core.reset();
      setAll();
      core.routes.want(utf8(filter));
      const topicFilter = TopicFilter.parse(filter);
      for (const name of NAMES) {
        expect(isWanted(name), `${filter} ${name}`).toBe(topicFilter.matches(name));
      }
    }
  });

  it("forgets it when told so, and when the route is set again", () => {
    setAll();
    core.routes.want(utf8("#"));
    core.routes.unwant(utf8("a/b"));
    core.routes.unwant(utf8("unknown"));
    core.routes.set(utf8("b"), { handle: 1, key: null, keyIsTopic: true });
    core.routes.set(utf8("a"), { handle: 1, key: null, keyIsTopic: true, wanted: true });
    expect(["a", "a/b", "b", "ab"].map(isWanted)).toEqual([true, false, false, true]);
  });

  it("one wanted record marks the batch, and the next batch begins without a mark", () => {
    setAll();
    core.routes.want(utf8("a/b"));
    core.ingest(publish(utf8("b")), SESSION);
    core.ingest(publish(utf8("a/b")), SESSION);
    expect(isWanted("b")).toBe(true);
    expect(isWanted("b")).toBe(false);
  });

  it("append() marks unless it is told that nobody waits", () => {
    const record = { timestamp: 1, value: null };
    const sealedWanted = () => {
      core.seal(2, STAMP as Parameters<typeof core.seal>[1]);
      return core.sealed.wanted;
    };
    core.append(2, { ...record, wanted: false });
    expect(sealedWanted()).toBe(false);
    core.append(2, record);
    expect(sealedWanted()).toBe(true);
  });
});
