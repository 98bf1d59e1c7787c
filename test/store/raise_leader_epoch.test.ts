import { describe, expect, it } from "vitest";
import { raiseLeaderEpoch } from "../../src/store/raise_leader_epoch.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { seededRandom } from "../support/stores.ts";

describe("raiseLeaderEpoch()", () => {
  it("rises above all that is known, by a random step, durably", async () => {
    const catalogue = new MemoryCatalogue();
    const random = seededRandom(1);
    const epochs: number[] = [];
    for (let run = 0; run < 20; run++) {
      const { meta } = await catalogue.load();
      epochs.push(await raiseLeaderEpoch(catalogue, random, { catalogued: meta, checkpointed: 0 }));
    }
    const steps = epochs.slice(1).map((epoch, at) => epoch - epochs[at]!);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThanOrEqual(1_024);
    expect(new Set(steps).size).toBeGreaterThan(10);
    const checkpointed = 1_000_000;
    expect(await raiseLeaderEpoch(catalogue, random, { catalogued: {}, checkpointed }))
      .toBeGreaterThan(checkpointed);
  });
});
