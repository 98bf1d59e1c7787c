import { describe, expect, it } from "vitest";
import { LOG_PATHS_MAX } from "../../src/base/limits.ts";
import type { AnnouncedLogRow } from "../../src/store/catalogue.ts";
import { isPath, pathsOf, withPath } from "../../src/store/log_paths.ts";

const KEY = "a1".repeat(16);
const WRONG = "b2".repeat(16);
const NODE = "00000000000000aa";
const LOG = {
  logId: "0123456789abcdef",
  peer: "north",
  gateway: "gw-1",
  topic: "logs",
  partition: 0,
  firstOffset: 0,
  predecessor: null,
  predecessorEnd: 0,
  root: "0123456789abcdef",
};
const row = (more: Partial<AnnouncedLogRow> = {}): AnnouncedLogRow => ({
  ...LOG,
  targetTopic: "logs",
  targetPartition: 0,
  closed: null,
  pathKey: KEY,
  ...more,
});

describe("withPath()", () => {
  it("changes nothing for the peer it came by, with its key or without one", () => {
    const known = row();
    expect(withPath(known, { ...LOG, pathKey: KEY }, null)).toBe(known);
    expect(withPath(known, LOG, null)).toBe(known);
    const keyless = row({ pathKey: null });
    expect(withPath(keyless, LOG, null)).toBe(keyless);
  });

  it("adds a peer that shows the key, and only such a one", () => {
    const south = { ...LOG, peer: "south" };
    const joined = withPath(row(), { ...south, pathKey: KEY }, null);
    expect(pathsOf(joined)).toEqual(["north", "south"]);
    expect(isPath(joined, "south")).toBe(true);
    expect(withPath(joined, south, null)).toBe(joined);
    for (const pathKey of [WRONG, null]) {
      expect(() => withPath(row(), { ...south, pathKey }, null)).toThrow("another path key");
    }
  });

  it("does not take any key for a log that came without one", () => {
    const south = { ...LOG, peer: "south", pathKey: KEY };
    expect(() => withPath(row({ pathKey: null }), south, null)).toThrow("without a path key");
  });

  it("takes the new key of a peer that is a path: its catalogue was lost, or it was upgraded", () => {
    expect(withPath(row(), { ...LOG, pathKey: WRONG }, null).pathKey).toBe(WRONG);
    expect(withPath(row({ pathKey: null }), { ...LOG, pathKey: KEY }, null).pathKey).toBe(KEY);
  });

  it("knows a peer again that was given a credential, unless the log has a key to show", () => {
    const anonymous = row({ peer: NODE, pathKey: null });
    const named = { ...LOG, peer: "gw-1", pathKey: KEY };
    expect(pathsOf(withPath(anonymous, named, NODE))).toEqual([NODE, "gw-1"]);
    expect(withPath(anonymous, named, NODE).pathKey).toBe(KEY);
    const keyed = row({ peer: NODE });
    expect(() => withPath(keyed, { ...named, pathKey: WRONG }, NODE)).toThrow("another path key");
    expect(pathsOf(withPath(keyed, named, NODE))).toEqual([NODE, "gw-1"]);
  });

  it("keeps the first path and the last few", () => {
    let known = row();
    for (let at = 0; at < 20; at++) {
      known = withPath(known, { ...LOG, peer: `site-${at}`, pathKey: KEY }, null);
    }
    expect(pathsOf(known)).toHaveLength(LOG_PATHS_MAX);
    expect(pathsOf(known)[0]).toBe("north");
    expect(pathsOf(known).at(-1)).toBe("site-19");
  });
});
