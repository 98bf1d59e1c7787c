/** The forecast of a whole store; the dry run has outage.test.ts. */
import { describe, expect, it } from "vitest";
import { append, openStore } from "../support/stores.ts";

const VALUE = "x".repeat(900);

describe("Forecast", () => {
  it("says how fast topics grow and when the disk is full, and counts on what was delivered", async () => {
    const settings = { diskBudgetBytes: 8_000_000 };
    const { store, world } = await openStore({ hasUpstream: true, settings });
    const { forecast } = store.space;
    expect(forecast.fullInS("short")).toBe(Infinity);
    const topicSettings = { compressionType: "none", segmentBytes: 64 * 1024 } as const;
    const { partitions: [log] } = await store.createTopic("logs", topicSettings);
    await store.createTopic("quiet");
    for (let second = 0; second < 200; second++) {
      await append(store, log!, Array(10).fill(VALUE));
      world.clock.advance(1_000);
    }
    const [growth, quiet] = forecast.growth();
    expect(growth).toMatchObject({ topic: "logs", bytes: log!.bytes });
    expect(growth!.short.recordsPerS).toBeCloseTo(10, 1);
    expect(growth!.long.bytesPerS).toBeCloseTo(log!.bytes / 200, -1);
    expect(quiet).toMatchObject({ topic: "quiet", short: { bytesPerS: 0, recordsPerS: 0 } });

    const before = forecast.fullInS("long");
    expect(before).toBeCloseTo(store.roomBytes / growth!.long.bytesPerS, -1);
    store.forwarded.set("logs", 0, { held: 1_500, settled: 1_500 });
    expect(forecast.deliveredBytes).toBeGreaterThan(1_000_000);
    expect(forecast.fullInS("long")).toBeGreaterThan(before + 100);
    expect(forecast.outage(100, "long")).toEqual([]);
    const [loss] = forecast.outage(2_000, "long");
    expect(loss).toMatchObject({ topic: "logs", reason: "evicted" });
  });
});
