import { describe, expect, it } from "vitest";
import { unsettled } from "../../src/store/unsettled.ts";
import { append, openStore } from "../support/stores.ts";

describe("unsettled()", () => {
  it("names what the upstream has not said the last word of", async () => {
    const { store } = await openStore({ hasUpstream: true });
    for (const name of ["a", "b", "c-1"]) {
      await append(store, (await store.createTopic(name)).partitions[0]!, ["1", "2", "3"]);
    }
    expect(unsettled(store)).toEqual([]);
    store.forwarded.set("a", 0, { held: 3, settled: 3 });
    store.forwarded.set("b", 0, { held: 3, settled: 2 });
    for (const name of ["a", "b", "c-1"]) await store.changes.delete(name);
    expect(unsettled(store)).toEqual([["b", 0], ["c-1", 0]]);
    // It is settled, and of one record it is still to be said whether the upstream lacks it.
    store.forwarded.set("b", 0, { held: 3, settled: 3 });
    store.forwarded.set("c-1", 0, { held: 3, settled: 3 });
    expect(unsettled(store)).toEqual([["c-1", 0]]);
  });
});
