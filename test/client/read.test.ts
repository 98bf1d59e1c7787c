import { describe, expect, it } from "vitest";
import type { Step } from "../../src/client/log_stream.ts";
import { read, type ReadOptions } from "../../src/client/read.ts";
import { openClientWorld, problem } from "../support/client_world.ts";

async function worldOf(texts: readonly string[]) {
  const world = await openClientWorld();
  for (const text of texts) await world.client.produce("logs", text);
  const steps = (options: ReadOptions = {}) =>
    read(world.transport, "logs", { ...options, retryMs: 1_000 });
  return { ...world, steps };
}

async function texts(steps: AsyncIterable<Step>, count = Infinity) {
  const taken: string[] = [];
  for await (const { event } of steps) {
    if (event !== null) taken.push(event.kind === "record" ? event.text() : `${event}`);
    if (taken.length >= count) break;
  }
  return taken;
}

describe("read()", () => {
  it.each(
    [{}, { partition: 0 }, { order: "source" }, { partition: 0, order: "source" }, {
      partition: 0,
      verify: true,
    }] as const,
  )("reads all there is, page by page, and ends: %j", async (how) => {
    const { steps } = await worldOf(["a", "b", "c", "d", "e"]);
    expect(await texts(steps({ ...how, pageRecords: 2 }))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("ends at once where there is nothing", async () => {
    const { steps, client } = await worldOf(["a"]);
    expect(await texts(steps({ from: "latest", partition: 0 }))).toEqual([]);
    expect(await texts(steps({ key: "none" }))).toEqual([]);
    await expect(client.fetch("none")).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it.each([{}, { partition: 0 }])("with follow waits for more, and never ends: %j", async (how) => {
    const { steps, client } = await worldOf(["a"]);
    const reading = texts(steps({ ...how, follow: true }), 3);
    await client.produce("logs", "b");
    await new Promise((resolve) => setTimeout(resolve, 10));
    await client.produce("logs", "c");
    expect(await reading).toEqual(["a", "b", "c"]);
  });

  it.each([{}, { partition: 0 }])("goes on through outages: %j", async (how) => {
    const { steps, faults, environment } = await worldOf(["a", "b", "c", "d"]);
    faults.push(undefined, "before", problem(503, "shutting_down", { retriable: true }), "after");
    const reading = texts(steps({ ...how, pageRecords: 2, follow: true }), 4);
    await environment.pass(60_000);
    expect(await reading).toEqual(["a", "b", "c", "d"]);
  });

  it("gives up where it does not follow and nobody answers", async () => {
    const { steps, faults, environment } = await worldOf([]);
    faults.push(...Array.from({ length: 50 }, () => "before" as const));
    const reading = expect(texts(steps())).rejects.toMatchObject({ code: "unreachable" });
    await environment.pass(60_000);
    await reading;
  });

  it("goes on from any position it gave, and misses nothing", async () => {
    const { steps } = await worldOf(["a", "b", "c", "d", "e"]);
    for (const how of [{}, { partition: 0 }, { order: "source" }] as const) {
      const positions = [];
      for await (const step of steps({ ...how, pageRecords: 2 })) positions.push(step);
      let seen = "";
      for (const { event, position } of positions) {
        if (event?.kind === "record") seen += event.text();
        const from = position === null ? {} : { from: position };
        const rest = (await texts(steps({ ...how, ...from }))).join("");
        expect("abcde".startsWith(seen) && "abcde".endsWith(rest)).toBe(true);
        expect(seen.length + rest.length, `${seen} then ${rest}`).toBeGreaterThanOrEqual(5);
        // Exact where offsets are.
        if ("partition" in how) expect(seen + rest).toBe("abcde");
      }
    }
  });

  it("puts what retention took where it was", async () => {
    const { steps, faults } = await worldOf(["a", "b", "c", "d"]);
    faults.push(problem(416, "offset_out_of_range", { log_start_offset: 2, high_watermark: 4 }));
    expect(await texts(steps({ partition: 0, from: { offset: 0 } }))).toEqual([
      ...["logs-0: offsets 0 to 1 are missing (retention)", "c", "d"],
    ]);
  });

  it("ends with its signal's reason, between two records as well", async () => {
    const { steps } = await worldOf(["a", "b"]);
    const stop = new AbortController();
    const reading = steps({ signal: stop.signal });
    expect((await reading.next()).value).toMatchObject({ event: { offset: 0 } });
    stop.abort("enough");
    await expect(reading.next()).rejects.toBe("enough");
  });
});
