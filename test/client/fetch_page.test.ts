import { describe, expect, it } from "vitest";
import { fetchBatches, fetchMerged, fetchPartition } from "../../src/client/fetch_page.ts";
import { Transport } from "../../src/client/transport.ts";
import { handEnvironment, openClientWorld } from "../support/client_world.ts";

async function worldOfFive() {
  const world = await openClientWorld({ store: { settings: { defaultPartitions: 1 } } });
  for (let nth = 0; nth < 5; nth++) {
    const headers = { parity: nth % 2 === 0 ? "even" : "odd" };
    await world.client.produce("logs", { key: `k${nth}`, value: { nth }, headers, timestamp: nth });
  }
  return world;
}

const texts = (page: { readonly records: readonly { text(): string }[] }) =>
  page.records.map((record) => record.text());

describe("fetchPartition()", () => {
  it("gives a page by offset, by time, and what stands beside it", async () => {
    const { transport } = await worldOfFive();
    const page = await fetchPartition(transport, "logs", { partition: 0, offset: 3 });
    expect(texts(page)).toEqual(['{"nth":3}', '{"nth":4}']);
    expect(page).toMatchObject({ nextOffset: 5, highWatermark: 5, logStartOffset: 0, gaps: [] });
    const timed = { partition: 0, timestamp: new Date(4) };
    expect(texts(await fetchPartition(transport, "logs", timed))).toEqual(['{"nth":4}']);
    const latest = await fetchPartition(transport, "logs", { partition: 0, offset: "latest" });
    expect(latest).toMatchObject({ records: [], nextOffset: 5 });
  });

  it("lets the node filter, and says where records come from", async () => {
    const { transport } = await worldOfFive();
    const filter = { headers: { parity: "odd" }, contains: "nth", since: 2 };
    const page = await fetchPartition(transport, "logs", { partition: 0, source: true, ...filter });
    expect(texts(page)).toEqual(['{"nth":3}']);
    expect(page.records[0]!.source).toMatchObject({ gateway: "gateway-7", offset: 3 });
  });

  it("verifies the batches themselves, and gives the same records", async () => {
    const { transport } = await worldOfFive();
    for (const place of [{}, { offset: 2 }, { offset: "latest" }, { timestamp: 3 }] as const) {
      const plain = await fetchPartition(transport, "logs", { partition: 0, ...place });
      const verified = await fetchPartition(transport, "logs", {
        ...{ partition: 0, ...place, verify: true },
      });
      const { records, ...rest } = verified;
      expect(rest).toEqual({ ...plain, records: undefined });
      expect(JSON.stringify(records)).toBe(JSON.stringify(plain.records));
    }
  });

  it("does not filter what it verifies", async () => {
    const { transport } = await worldOfFive();
    const wanted = { partition: 0, verify: true, key: "k1" };
    await expect(fetchPartition(transport, "logs", wanted)).rejects
      .toMatchObject({ code: "invalid_argument" });
  });

  it("throws what the node says", async () => {
    const { transport } = await worldOfFive();
    await expect(fetchPartition(transport, "logs", { partition: 0, offset: 6 })).rejects
      .toMatchObject({ code: "offset_out_of_range", detail: { high_watermark: 5 } });
    await expect(fetchPartition(transport, "none", { partition: 0 })).rejects
      .toMatchObject({ code: "unknown_topic", status: 404 });
  });
});

describe("fetchMerged()", () => {
  it("gives a page, and the next one by its cursor", async () => {
    const { transport } = await worldOfFive();
    const first = await fetchMerged(transport, "logs", { maxRecords: 3 });
    const next = await fetchMerged(transport, "logs", { cursor: first.cursor });
    expect([first.records.length, first.lag, next.records.length, next.lag]).toEqual([3, 2, 2, 0]);
  });

  it("reads one partition in the order of source", async () => {
    const { transport } = await worldOfFive();
    const page = await fetchMerged(transport, "logs", { partition: 0, order: "source" });
    expect([page.records.length, page.heldBack]).toEqual([5, 0]);
  });
});

describe("fetchBatches()", () => {
  it("gives the batches from the one that holds the offset on", async () => {
    const { transport } = await worldOfFive();
    const all = await fetchBatches(transport, "logs", { partition: 0 });
    const rest = await fetchBatches(transport, "logs", { partition: 0, offset: 4 });
    expect(all.bytes.subarray(-rest.bytes.length)).toEqual(rest.bytes);
    expect([rest.nextOffset, rest.highWatermark]).toEqual([5, 5]);
  });

  it("reads the gaps beside them, and misses no header silently", async () => {
    const gaps = [{ from: 1, to: 3, reason: "quarantined" }];
    const names = ["next-offset", "leader-epoch", "high-watermark", "log-start-offset"];
    const headers = new Headers(names.map((name) => [`logboom-${name}`, "5"]));
    headers.set("logboom-gaps", JSON.stringify(gaps));
    const environment = handEnvironment(() => Promise.resolve(new Response("", { headers })));
    const transport = new Transport({ url: "http://node.test", environment });
    const page = await fetchBatches(transport, "logs", { partition: 2 });
    expect(page.gaps).toMatchObject([{ topic: "logs", partition: 2, from: 1, to: 3 }]);
    headers.delete("logboom-next-offset");
    await expect(fetchBatches(transport, "logs", { partition: 2 })).rejects
      .toThrow(/no header logboom-next-offset/);
  });
});
