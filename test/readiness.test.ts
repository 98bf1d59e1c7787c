import { describe, expect, it } from "vitest";
import { readinessOf } from "../src/readiness.ts";
import { openStore } from "./support/stores.ts";

const working = { failure: null };
const running = new AbortController().signal;

describe("readinessOf()", () => {
  it("is ready with a catalogue and with room, and not once it stops", async () => {
    const { store } = await openStore();
    await store.createTopic("strict", { diskPolicy: "reject" });
    expect(readinessOf({ stopping: running, store, catalogue: working })).toEqual({ ready: true });
    const stopping = AbortSignal.abort();
    expect(readinessOf({ stopping, store, catalogue: working }))
      .toEqual({ ready: false, reason: "stopping" });
  });

  it("is ready with an upstream that refuses it, and says so", async () => {
    const { store } = await openStore();
    const state = (link: { state: string; errorCode: string | null }) =>
      readinessOf({ stopping: running, store, catalogue: working, link });
    expect(state({ state: "backing_off", errorCode: "upstream_unreachable" }))
      .toEqual({ ready: true });
    expect(state({ state: "refused", errorCode: "loop_detected" }))
      .toEqual({ ready: true, upstream: "loop_detected" });
  });

  it("is not ready once the catalogue failed, and says no more than that", async () => {
    const { store } = await openStore();
    const catalogue = { failure: "the worker ended" };
    expect(readinessOf({ stopping: running, store, catalogue }))
      .toEqual({ ready: false, reason: "the catalogue failed" });
  });

  it("is not ready while the disk is full for a topic that rejects, and only then", async () => {
    const { store } = await openStore();
    const state = (roomBytes: number) => {
      const full = { topics: () => store.topics(), roomBytes };
      return readinessOf({ stopping: running, store: full, catalogue: working });
    };
    await store.createTopic("lossy");
    expect(state(0)).toEqual({ ready: true });
    await store.createTopic("strict", { diskPolicy: "reject" });
    expect(state(1)).toEqual({ ready: true });
    const reason = "the disk is full, and a topic rejects records";
    expect(state(0)).toEqual({ ready: false, reason });
  });
});
