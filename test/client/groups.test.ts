import { describe, expect, it } from "vitest";
import { openClientWorld } from "../support/client_world.ts";

describe("Groups", () => {
  it("tells who reads how far, sets it, and forgets", async () => {
    const { client } = await openClientWorld();
    await client.produce("logs", ["a", "b", "c"]);
    expect(await client.groups.list()).toEqual([]);
    expect(await client.groups.offsets("g")).toEqual([]);
    await client.groups.commit("g", [{ topic: "logs", partition: 0, offset: 1, epoch: 0 }]);
    expect(await client.groups.list()).toEqual([{
      group: "g",
      state: "empty",
      members: 0,
      lag: 2,
    }]);
    expect(await client.groups.offsets("g")).toEqual([{
      ...{ topic: "logs", partition: 0, offset: 1, lag: 2, missed: 0 },
      ...{ logStartOffset: 0, highWatermark: 3 },
    }]);
    await client.groups.delete("g");
    expect(await client.groups.list()).toEqual([]);
    await expect(client.groups.delete("g")).rejects.toMatchObject({ code: "unknown_group" });
  });
});
