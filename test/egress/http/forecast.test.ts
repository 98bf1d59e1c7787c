import { describe, expect, it } from "vitest";
import { openHttpWorld } from "../../support/http_world.ts";

async function growing() {
  const world = await openHttpWorld({
    store: { hasUpstream: true, settings: { diskBudgetBytes: 10_000_000 } },
  });
  for (let second = 0; second < 60; second++) {
    await world.post("/v1/topics/t/records", "text/plain", "0123456789\n".repeat(100));
    world.world.clock.advance(1_000);
  }
  const ask = async (query = "") => await (await world.get(`/v1/forecast${query}`)).json();
  return { world, ask };
}

describe("GET /v1/forecast", () => {
  it("says how fast topics grow, and when the disk is full", async () => {
    const { ask } = await growing();
    const { full, topics, link_down, room_bytes } = await ask();
    expect(topics).toMatchObject([{ topic: "t", disk_policy: "drop_oldest", priority: 5 }]);
    expect(topics[0].records_per_second.short).toBeCloseTo(100, 0);
    expect(full.map(({ rate }: { rate: string }) => rate)).toEqual(["short", "long"]);
    const expected = room_bytes / topics[0].bytes_per_second.long;
    expect(Math.abs(full[1].seconds - expected)).toBeLessThan(2);
    expect(link_down).toBeNull();
  });

  it("says what is lost if the link is down for so long", async () => {
    const { ask } = await growing();
    expect((await ask("?link_down_days=0.01")).link_down).toEqual({
      ...{ days: 0.01, rate: "long", losses: [] },
    });
    const { losses, rate } = (await ask("?link_down_days=30&rate=short")).link_down;
    expect(rate).toBe("short");
    expect(losses).toMatchObject([{ topic: "t", reason: "evicted" }]);
    expect(losses[0].after_seconds).toBeGreaterThan(1_000);
  });

  it("never is null, and nothing comes of nothing", async () => {
    const world = await openHttpWorld();
    const { full } = await (await world.get("/v1/forecast")).json();
    expect(full.map(({ seconds }: { seconds: number | null }) => seconds)).toEqual([null, null]);
  });

  it("refuses days and rates that are none", async () => {
    const world = await openHttpWorld();
    for (
      const query of ["link_down_days=0", "link_down_days=-1", "link_down_days=x", "rate=fast"]
    ) {
      expect((await world.get(`/v1/forecast?${query}`)).status, query).toBe(400);
    }
  });
});
