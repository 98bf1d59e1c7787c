import { describe, expect, it } from "vitest";
import type { KeptLog, SegmentInfo } from "../../src/store/books.ts";
import {
  activeIsOver,
  closable,
  nextEviction,
  type RetainedLog,
  retentionStart,
} from "../../src/store/retention.ts";
import { TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";

const HOUR = 3_600_000;

/** A log of segments of ten records and 100 bytes, received an hour apart. */
function retained(
  segments: number,
  settings: Partial<TopicSettings> = {},
  more: Partial<Omit<RetainedLog, "log" | "settings">> & { firstMs?: number; thinned?: number } =
    {},
): RetainedLog {
  const infos: SegmentInfo[] = Array.from({ length: segments }, (_, at) => ({
    baseOffset: 10 * at,
    endOffset: 10 * at + 10,
    bytes: 100,
    minTimestamp: 0,
    maxTimestamp: 0,
    receivedMs: (more.firstMs ?? 0) + at * HOUR,
  }));
  const { thinned = 0 } = more;
  const marked = infos.map((info, at) => ({ ...info, thinned: at < thinned }));
  const bytes = 100 * segments;
  const log = {
    logStartOffset: 0,
    bytes,
    segments: () => marked.map((info) => ({ ...info })),
  } as Partial<KeptLog> as KeptLog;
  return {
    log,
    settings: { ...TOPIC_DEFAULTS, retentionMs: -1, ...settings },
    deliveredBelow: more.deliveredBelow ?? Infinity,
    coveredBelow: more.coveredBelow ?? Infinity,
  };
}

describe("retentionStart()", () => {
  it("removes whole segments older than the topic keeps them, and never the active one", () => {
    const keeping = { retentionMs: 2 * HOUR };
    expect(retentionStart(retained(5, keeping), 4 * HOUR)).toBe(20);
    expect(retentionStart(retained(5, keeping), 4 * HOUR - 1)).toBe(10 * 1 + 10);
    expect(retentionStart(retained(5, keeping), 99 * HOUR)).toBe(40);
    expect(retentionStart(retained(5), 99 * HOUR)).toBe(0);
  });

  it("removes the oldest while the partition is over its bytes", () => {
    expect(retentionStart(retained(5, { retentionBytes: 299 }), 0)).toBe(30);
    expect(retentionStart(retained(5, { retentionBytes: 300 }), 0)).toBe(20);
    expect(retentionStart(retained(5, { retentionBytes: 500 }), 0)).toBe(0);
  });

  it("spares what was not delivered, unless the topic says otherwise", () => {
    const old = { retentionMs: 1 };
    const undelivered = { deliveredBelow: 15 };
    expect(retentionStart(retained(5, old, undelivered), 99 * HOUR)).toBe(10);
    const careless = { ...old, retainUndelivered: false };
    expect(retentionStart(retained(5, careless, undelivered), 99 * HOUR)).toBe(40);
  });

  it("spares what both checkpoints do not cover", () => {
    const old = { retentionMs: 1 };
    expect(retentionStart(retained(5, old, { coveredBelow: 29 }), 99 * HOUR)).toBe(20);
    expect(retentionStart(retained(5, old, { coveredBelow: 0 }), 99 * HOUR)).toBe(0);
  });
});

describe("nextEviction()", () => {
  const next = (logs: readonly RetainedLog[], capacityBytes = 1_000) =>
    nextEviction(logs, { capacityBytes });

  it("gives up what was delivered first, and then the oldest of what may be dropped", () => {
    const priority = 9;
    const reject = { diskPolicy: "reject", priority } as const;
    const delivered = retained(3, reject, { deliveredBelow: 15, firstMs: HOUR });
    const oldest = retained(3, {}, { deliveredBelow: 0 });
    expect(next([oldest, delivered])).toMatchObject({ retained: delivered, logStart: 10 });
    const nothing = retained(3, { diskPolicy: "reject" }, { deliveredBelow: 5 });
    expect(next([nothing, oldest])).toMatchObject({ retained: oldest, logStart: 10 });
    expect(next([nothing])).toBeNull();
    expect(next([retained(1), retained(4, {}, { coveredBelow: 0 })])).toBeNull();
  });

  it("looks past the checkpoints where it is asked what covering more would bring", () => {
    const uncovered = retained(4, {}, { coveredBelow: 0 });
    const options = { capacityBytes: 1_000, coveredOnly: false };
    expect(nextEviction([uncovered], options)).toMatchObject({ logStart: 10 });
    expect(nextEviction([retained(4, { diskPolicy: "reject" })], options)).toBeNull();
  });

  it("at a node without an upstream drops only what its topic lets go", () => {
    expect(next([retained(3, { diskPolicy: "reject" })])).toBeNull();
    const newer = retained(3, {}, { firstMs: 5 });
    const older = retained(3);
    expect(next([newer, older])!.retained).toBe(older);
  });

  it("takes the lowest priority first, however new it is", () => {
    const important = retained(3, { priority: 9 });
    const usual = retained(9, {}, { firstMs: 5 * HOUR });
    const chatter = retained(3, { priority: 1 }, { firstMs: 9 * HOUR });
    const logs = [important, usual, chatter];
    expect(next(logs)).toMatchObject({ retained: chatter, spared: [] });
    expect(next([important, usual])!.retained).toBe(usual);
  });

  it("spares a priority that is down to its floor while a higher one has more", () => {
    const flood = retained(200, { priority: 9 });
    const chatter = retained(5, { priority: 1 }, { firstMs: HOUR });
    const usual = retained(4, { priority: 5 }, { firstMs: HOUR });
    const logs = [chatter, flood, usual];
    expect(next(logs, 9_000)).toMatchObject({ retained: chatter, spared: [] });
    expect(next(logs, 10_000)).toMatchObject({ retained: flood, spared: [1, 5] });
    // Nobody is above the floor: the lowest goes all the same.
    expect(next([usual, chatter], 100_000)).toMatchObject({ retained: chatter, spared: [] });
  });

  it("thins what keeps errors, one segment after another, before it drops any of it", () => {
    const keeping = { diskPolicy: "keep_errors" } as const;
    const fresh = retained(4, keeping);
    expect(next([fresh])).toMatchObject({ logStart: 10, thins: { baseOffset: 0 } });
    const half = retained(4, keeping, { thinned: 2 });
    expect(next([half])).toMatchObject({ logStart: 30, thins: { baseOffset: 20 } });
    // The newer of the two has the older segment that can still be thinned.
    expect(next([half, retained(4, keeping, { firstMs: HOUR })])!.retained).not.toBe(half);
    const thin = retained(4, keeping, { thinned: 3 });
    expect(next([thin], 100_000)).toMatchObject({ logStart: 10, thins: null });
  });

  it("drops nothing that was thinned while more could be, once it is covered or closed", () => {
    const keeping = { diskPolicy: "keep_errors" } as const;
    const uncovered = retained(4, keeping, { thinned: 2, coveredBelow: 20 });
    expect(next([uncovered])).toBeNull();
    const covering = nextEviction([uncovered], { capacityBytes: 1_000, coveredOnly: false });
    expect(covering).toMatchObject({ thins: { baseOffset: 20 } });
    // Nothing of a higher priority goes in its place, but what is older does.
    expect(next([uncovered, retained(4, { priority: 9 })])).toBeNull();
    const older = retained(4);
    expect(next([uncovered, older])).toMatchObject({ retained: older, logStart: 10 });
    // The active one is worth closing once it holds more than a floor.
    const allButActive = retained(4, keeping, { thinned: 3 });
    expect(next([allButActive])).toBeNull();
    expect(next([allButActive], 2_001)).toMatchObject({ logStart: 10, thins: null });
    // With a ledger that is full, the oldest goes whole: its entries become one.
    const full = { capacityBytes: 1_000, ledgerFull: true };
    expect(nextEviction([uncovered], full)).toMatchObject({ logStart: 10, thins: null });
    const last = { capacityBytes: 0, thinsFirst: false };
    expect(nextEviction([allButActive], last)).toMatchObject({ logStart: 10, thins: null });
    expect(nextEviction([uncovered], last)).toMatchObject({ logStart: 10, thins: null });
  });
});

describe("closable()", () => {
  it("names the oldest active segment first, and spares what may not go", () => {
    const newer = retained(1, {}, { firstMs: HOUR });
    const older = retained(1);
    const refusing = retained(1, { diskPolicy: "reject" });
    const delivered = retained(1, { diskPolicy: "reject" }, { deliveredBelow: 10, firstMs: 2 });
    const half = retained(1, { diskPolicy: "reject" }, { deliveredBelow: 9 });
    const empty = retained(0);
    const logs = [newer, refusing, delivered, half, empty, older];
    expect(closable(logs)).toEqual([older, delivered, newer]);
  });
});

describe("activeIsOver()", () => {
  it("is so once the last of it is older than the topic keeps it, and it was delivered", () => {
    const keeping = { retentionMs: HOUR };
    expect(activeIsOver(retained(1, keeping), HOUR)).toBe(false);
    expect(activeIsOver(retained(1, keeping), HOUR + 1)).toBe(true);
    expect(activeIsOver(retained(1, keeping, { deliveredBelow: 9 }), HOUR + 1)).toBe(false);
    expect(activeIsOver(retained(1), 99 * HOUR)).toBe(false);
    expect(activeIsOver(retained(0, keeping), 99 * HOUR)).toBe(false);
  });
});
