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
  more: Partial<Omit<RetainedLog, "log" | "settings">> & { firstMs?: number } = {},
): RetainedLog {
  const infos: SegmentInfo[] = Array.from({ length: segments }, (_, at) => ({
    baseOffset: 10 * at,
    endOffset: 10 * at + 10,
    bytes: 100,
    minTimestamp: 0,
    maxTimestamp: 0,
    receivedMs: (more.firstMs ?? 0) + at * HOUR,
  }));
  const log = { logStartOffset: 0, segments: () => infos } as Partial<KeptLog> as KeptLog;
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
  it("gives up what was delivered first, and then the oldest of what may be dropped", () => {
    const delivered = retained(3, { diskPolicy: "reject" }, { deliveredBelow: 15, firstMs: HOUR });
    const oldest = retained(3, {}, { deliveredBelow: 0 });
    expect(nextEviction([oldest, delivered])).toMatchObject({ retained: delivered, logStart: 10 });
    const nothing = retained(3, { diskPolicy: "reject" }, { deliveredBelow: 5 });
    expect(nextEviction([nothing, oldest])).toMatchObject({ retained: oldest, logStart: 10 });
    expect(nextEviction([nothing])).toBeNull();
    expect(nextEviction([retained(1), retained(4, {}, { coveredBelow: 0 })])).toBeNull();
  });

  it("at a node without an upstream drops only what its topic lets go", () => {
    expect(nextEviction([retained(3, { diskPolicy: "reject" })])).toBeNull();
    const newer = retained(3, {}, { firstMs: 5 });
    const older = retained(3);
    expect(nextEviction([newer, older])!.retained).toBe(older);
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
