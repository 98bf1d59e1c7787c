import { describe, expect, it, vi } from "vitest";
import type { ConsumeOptions } from "../../src/client/consumer.ts";
import { openClientWorld, problem } from "../support/client_world.ts";

async function worldOf(texts: readonly string[], partitions = 1) {
  const world = await openClientWorld({ store: { settings: { defaultPartitions: partitions } } });
  for (const text of texts) await world.client.produce("logs", { key: text, value: text });
  const consume = (options: ConsumeOptions = {}) =>
    world.client.consume("g", "logs", { onGap: () => {}, ...options });
  const committed = async () =>
    (await world.client.groups.offsets("g")).map(({ offset }) => offset);
  /** Reads so many, then leaves the loop. */
  const read = async (count: number, options: ConsumeOptions = {}) => {
    const seen: string[] = [];
    for await (const event of consume(options)) {
      seen.push(event.kind === "record" ? event.text() : `${event}`);
      if (seen.length === count) break;
    }
    return seen;
  };
  return { ...world, consume, committed, read };
}

describe("Consumer", () => {
  it("commits by itself what its loop has gone past, and no more", async () => {
    const { read, committed } = await worldOf(["a", "b", "c", "d"]);
    expect(await read(3)).toEqual(["a", "b", "c"]);
    // The loop was left at "c": nobody knows whether that was done with.
    expect(await committed()).toEqual([2]);
    expect(await read(2)).toEqual(["c", "d"]);
  });

  it("commits where it is told to, with the record at hand", async () => {
    const { consume, committed, read } = await worldOf(["a", "b", "c", "d"]);
    const consumer = consume({ autoCommit: false });
    for await (const event of consumer) {
      if (event.kind === "record" && event.text() === "b") {
        await consumer.commit();
        expect(await committed()).toEqual([2]);
      }
      if (event.kind === "record" && event.text() === "c") break;
    }
    expect(await committed()).toEqual([2]);
    expect(await read(2)).toEqual(["c", "d"]);
  });

  it("commits now and then while nothing comes", async () => {
    const { consume, committed } = await worldOf(["a", "b"]);
    const consumer = consume({ autoCommitMs: 5 });
    const reading = (async () => {
      for await (const _ of consumer);
    })();
    await vi.waitFor(async () => expect(await committed()).toEqual([2]));
    await Promise.all([expect(reading).rejects.toThrow(/abort/), consumer.close()]);
  });

  it("begins at the latest where nothing was committed, and remembers where that was", async () => {
    const { consume, client, committed, read } = await worldOf(["a", "b"]);
    const assigned = Promise.withResolvers<void>();
    const consumer = consume({ from: "latest", onAssigned: () => assigned.resolve() });
    const reading = (async () => {
      for await (const _ of consumer);
    })();
    await assigned.promise;
    await Promise.all([expect(reading).rejects.toThrow(/abort/), consumer.close()]);
    expect(await committed()).toEqual([2]);
    await client.produce("logs", "c");
    expect(await read(1, { from: "latest" })).toEqual(["c"]);
  });

  it("begins at the latest but where partitions were added since: at their beginning", async () => {
    const { store, client } = await worldOf(["a", "b"]);
    const seen: string[] = [];
    const grown = Promise.withResolvers<void>();
    const onAssigned = async ({ length }: readonly unknown[]) => {
      if (length !== 1) return;
      await store.changes.change("logs", { partitions: 2 });
      await client.produce("logs", "c", { partition: 1 });
      grown.resolve();
    };
    const consumer = client.consume("g", "logs", { from: "latest", onAssigned, onGap: () => {} });
    for await (const event of consumer) {
      seen.push(event.text());
      break;
    }
    await grown.promise;
    expect(seen).toEqual(["c"]);
  }, 20_000);

  it("reads on when a topic is deleted, and commits what it read of others", async () => {
    const { client, store, committed } = await worldOf(["a", "b"]);
    for (const text of ["c", "d"]) await client.produce("others", text);
    const seen: string[] = [];
    for await (const event of client.consume("g", ["logs", "others"], { onGap: () => {} })) {
      seen.push(event.text());
      if (seen.length === 4) {
        await store.changes.delete("logs");
        await client.produce("others", "e");
      }
      if (event.text() === "e") break;
    }
    expect(seen.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    expect(await committed()).toEqual([2]);
  }, 20_000);

  it("shares partitions, tells of it, and misses nothing", async () => {
    const texts = Array.from({ length: 40 }, (_, nth) => `record ${nth}`);
    const { consume } = await worldOf(texts, 4);
    const seen: string[] = [];
    const shares: number[] = [];
    const consumers = [0, 1].map(() =>
      consume({ assignor: "sticky", onAssigned: ({ length }) => void shares.push(length) })
    );
    const readings = consumers.map(async (consumer) => {
      for await (const event of consumer) if (event.kind === "record") seen.push(event.text());
    });
    await vi.waitFor(() => {
      expect(new Set(seen).size).toBe(40);
      expect(consumers.map(({ assignment }) => assignment.length)).toEqual([2, 2]);
    }, 10_000);
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await Promise.allSettled(readings);
    expect(shares.slice(-2)).toEqual([2, 2]);
    expect(consumers.map(({ assignment }) => assignment.length)).toEqual([0, 0]);
  });

  it("hands gaps out where they lie, unless somebody takes them", async () => {
    const { client, read } = await worldOf(["a", "b", "c"]);
    await client.groups.commit("g", [{ topic: "logs", partition: 0, offset: 1 }]);
    await client.topics.deleteRecords("logs", { partition: 0, before: 2 });
    const onGap = vi.fn();
    expect(await read(1, { onGap })).toEqual(["c"]);
    expect(onGap.mock.calls.map(([gap]) => `${gap}`)).toEqual([
      "logs-0: offsets 1 to 1 are missing (retention)",
    ]);
  });

  it("throws what cannot be helped", async () => {
    const { consume, faults } = await worldOf(["a"]);
    faults.push(problem(403, "forbidden"));
    const reading = (async () => {
      for await (const _ of consume());
    })();
    await expect(reading).rejects.toMatchObject({ code: "forbidden" });
  });

  it("is read once, and ends with its signal's reason", async () => {
    const { consume } = await worldOf(["a"]);
    const stop = new AbortController();
    const consumer = consume({ signal: stop.signal });
    const reading = (async () => {
      for await (const _ of consumer) stop.abort("enough");
    })();
    expect(() => consumer[Symbol.asyncIterator]()).toThrow(/twice/);
    await expect(reading).rejects.toBe("enough");
  });
});
