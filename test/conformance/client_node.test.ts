/**
 * The client library against real nodes that are killed: nothing is written twice, nothing is read
 * past, places in groups are kept, and the members of a group stand in for each other.
 */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Client } from "../../src/client/client.ts";
import type { Consumer } from "../../src/client/consumer.ts";
import type { LogRecord } from "../../src/client/log_record.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import { denoPath, type NodeProcess, startNodeProcess } from "../support/process.ts";
import { startTool } from "../support/tools.ts";

const ROOT = join(import.meta.dirname!, "../..");
const onGap = (gap: unknown) => {
  throw new Error(`No gap is due: ${gap}`);
};

/** kill -9, and again on the same directory and port. */
async function killAndStart(
  node: NodeProcess,
  flags: readonly string[] = [],
): Promise<NodeProcess> {
  await node.kill();
  const { port } = new URL(node.http);
  return await startNodeProcess({ dataDir: node.dataDir, flags: ["--http-port", port, ...flags] });
}

describe("through kill -9 of the node", () => {
  it("a producer writes each record once, and a tail and a read have each once, in order", async () => {
    let node = await startNodeProcess();
    const outages: string[] = [];
    const client = new Client({
      url: node.http,
      onRetry: ({ error }) => void outages.push(error.code),
    });
    const texts = Array.from({ length: 3_000 }, (_, nth) => `record ${nth}`);
    await client.produce("logs", texts[0]!);
    const take = async (records: AsyncIterable<LogRecord>) => {
      const taken: string[] = [];
      for await (const record of records) {
        if (taken.push(record.text()) === texts.length) break;
      }
      return taken;
    };
    const followers = [
      take(client.tail("logs", { from: "earliest", onGap })),
      take(client.read("logs", { follow: true, onGap })),
      take(client.read("logs", { follow: true, partition: 0, verify: true, onGap })),
    ];
    const producer = client.producer("logs", { batchBytes: 1_000 });
    const sent: Promise<void>[] = [];
    for (const [nth, text] of texts.entries()) {
      if (nth === 0) continue;
      await producer.ready;
      sent.push(producer.send(text));
      if (nth % 1_000 === 500) {
        // Some of what was sent is on the disk, some is on its way, some waits.
        await sent.at(-400);
        node = await killAndStart(node);
      }
    }
    await Promise.all(sent);
    await producer.close();
    for (const taken of await Promise.all(followers)) expect(taken).toEqual(texts);
    const { partitions } = await client.topics.get("logs");
    expect(partitions.map(({ highWatermark }) => highWatermark)).toEqual([texts.length]);
    expect(new Set(outages)).toContain("unreachable");
  });

  it("a group goes on where it committed, and no further", async () => {
    const node = await startNodeProcess();
    const client = new Client({ url: node.http });
    for (let nth = 0; nth < 10; nth++) await client.produce("logs", `record ${nth}`);
    const consumer = client.consume("g", "logs", { autoCommit: false, onGap });
    const read: string[] = [];
    for await (const record of consumer) {
      if (read.push(record.text()) !== 6) continue;
      await consumer.commit();
      break;
    }
    const again = await killAndStart(node);
    const [offset] = await new Client({ url: again.http }).groups.offsets("g");
    expect(offset).toMatchObject({ topic: "logs", partition: 0, offset: 6, lag: 4 });
    for await (const record of client.consume("g", "logs", { autoCommit: false, onGap })) {
      if (read.push(record.text()) === 10) break;
    }
    expect(read).toEqual(Array.from({ length: 10 }, (_, nth) => `record ${nth}`));
  });

  it("a member joins again, and misses nothing", async () => {
    const node = await startNodeProcess();
    const client = new Client({ url: node.http });
    const consumer = client.consume("g", "logs", { sessionTimeoutMs: 2_000, onGap });
    await client.produce("logs", "before");
    const seen: string[] = [];
    for await (const record of consumer) {
      // What was not committed when the node died comes again.
      if (seen.includes(record.text())) continue;
      if (seen.push(record.text()) === 2) break;
      await killAndStart(node);
      await client.produce("logs", "after");
    }
    expect(seen).toEqual(["before", "after"]);
  });
});

describe("through a link that breaks", () => {
  it("each record is written once and read once, whatever was cut", async () => {
    const node = await startNodeProcess();
    const seed = Math.floor(Math.random() * 2 ** 31);
    const proxy = await FlakyProxy.start(Number(new URL(node.http).port), {
      dice: diceOf(seed),
      faults: { refuse: 0.1, cut: 0.05, stall: 0.1, stallMs: 20 },
    });
    onTestFinished(() => proxy.stop());
    const client = new Client({ url: `http://127.0.0.1:${proxy.port}` });
    const texts = Array.from({ length: 2_000 }, (_, nth) => `record ${nth}`);
    const producer = client.producer("logs", { batchBytes: 500 });
    const sent = texts.map((text) => producer.send(text));
    await Promise.all(sent);
    for (const how of [{}, { partition: 0 }, { partition: 0, verify: true }]) {
      const read: string[] = [];
      const stream = client.read("logs", { ...how, pageRecords: 50, onGap });
      for await (const record of stream) read.push(record.text());
      expect(read, `seed ${seed}`).toEqual(texts);
    }
    const tailed: string[] = [];
    for await (const record of client.tail("logs", { from: "earliest", onGap })) {
      if (tailed.push(record.text()) === texts.length) break;
    }
    expect(tailed, `seed ${seed}`).toEqual(texts);
    expect(proxy.cuts).toBeGreaterThan(10);
  });
});

describe("two members of a group", () => {
  it("share the partitions; one is killed, and the other takes over within the session", async () => {
    const sessionMs = 3_000;
    const node = await startNodeProcess({ flags: ["--default-partitions", "4"] });
    const client = new Client({ url: node.http });
    const write = async (from: number, to: number) => {
      const records = Array.from({ length: to - from }, (_, at) => from + at)
        .map((nth) => ({ key: `key ${nth}`, value: `record ${nth}` }));
      await client.produce("logs", records);
    };
    await write(0, 100);
    const seen = new Set<string>();
    const consumer = client.consume("g", "logs", { sessionTimeoutMs: sessionMs, onGap });
    const reading = follow(consumer, seen);
    const other = startTool(denoPath(), [
      ...[
        "run",
        "-A",
        "--config",
        join(ROOT, "deno.json"),
        join(ROOT, "test/conformance/client/member.mjs"),
      ],
      ...[node.http, "g", "logs", String(sessionMs)],
    ]);
    await expect.poll(() => consumer.assignment.length, { timeout: 30_000 }).toBe(2);
    await other.line(/"assigned":\[\d,\d\]/);
    await write(100, 200);
    const theirs = () =>
      [...other.output().matchAll(/"read":"(record \d+)"/g)].map(([, text]) => text!);
    const all = () => new Set([...seen, ...theirs()]).size;
    await expect.poll(all, { timeout: 30_000 }).toBe(200);
    expect(theirs().length).toBeGreaterThan(0);
    expect(other.output()).not.toContain("gap");

    other.kill();
    const killedMs = performance.now();
    await write(200, 300);
    await expect.poll(() => consumer.assignment.length, { timeout: 30_000 }).toBe(4);
    const takenMs = performance.now() - killedMs;
    // Everything the other had, and had not committed when it died, comes here.
    await expect.poll(all, { timeout: 30_000 }).toBe(300);
    for (let nth = 200; nth < 300; nth++) expect(seen).toContain(`record ${nth}`);
    // Within the session, but for what a machine under load adds.
    expect(takenMs).toBeLessThan(sessionMs + 10_000);
    await consumer.close();
    await reading;
    expect((await client.groups.offsets("g")).reduce((sum, { lag }) => sum + lag, 0)).toBe(0);
  });
});

describe("topics", () => {
  it("are made, changed, emptied and deleted", async () => {
    const node = await startNodeProcess();
    const client = new Client({ url: node.http });
    const settings = { retention_ms: 60_000 };
    const made = await client.topics.create("orders", { partitions: 2, settings });
    expect([made.partitions.length, made.settings["retention_ms"]]).toEqual([2, 60_000]);
    await expect(client.topics.create("orders")).rejects.toMatchObject({ code: "topic_exists" });
    const changed = await client.topics.change("orders", {
      partitions: 3,
      settings: { retention_ms: null },
    });
    expect([changed.partitions.length, changed.settings["retention_ms"]]).toEqual([3, 604_800_000]);
    await client.produce("orders", ["a", "b"], { partition: 2 });
    await client.produce("orders", "c", { partition: 2 });
    expect(await client.topics.deleteRecords("orders", { partition: 2, before: 2 }))
      .toEqual({ records: 2, ledgered: 0 });
    expect((await client.topics.list()).map(({ topic }) => topic)).toEqual(["orders"]);
    expect(await client.topics.delete("orders", { ifDelivered: true })).toMatchObject({
      records: 1,
    });
    expect(await client.topics.list()).toEqual([]);
  });
});

async function follow(consumer: Consumer<LogRecord>, seen: Set<string>): Promise<void> {
  try {
    for await (const record of consumer) seen.add(record.text());
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "AbortError") throw error;
  }
}
