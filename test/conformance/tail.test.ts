/** Live tails of a real node, as its readers have them: curl, fetch, EventSource in a browser. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHROMIUM, openPage } from "../support/chromium.ts";
import { EventParser, EventReader, type SeenEvent } from "../support/event_stream.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool } from "../support/tools.ts";

async function put(node: NodeProcess, ...values: string[]): Promise<void> {
  const headers = { "content-type": "text/plain" };
  const url = `${node.http}/v1/topics/t/records`;
  const response = await fetch(url, { method: "POST", headers, body: values.join("\n") });
  expect(response.status).toBe(200);
}

async function tail(node: NodeProcess, query = "", lastEventId?: string): Promise<EventReader> {
  const headers = lastEventId === undefined ? undefined : { "last-event-id": lastEventId };
  const url = `${node.http}/v1/topics/t/tail${query}`;
  const reader = new EventReader(await fetch(url, headers === undefined ? {} : { headers }));
  onTestFinished(() => reader.close().catch(() => {}));
  return reader;
}

async function tails(node: NodeProcess): Promise<number> {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  return Number(/^logboom_tails (\d+)$/m.exec(text)![1]);
}

const valueOf = ({ data }: SeenEvent) => JSON.parse(data).value as string;

describe("a tail", () => {
  it("is read through fetch, survives kill -9 of the node, and has each record once", async () => {
    const before = await startNodeProcess();
    await put(before, "a", "b");
    const reader = await tail(before, "?from=earliest");
    expect(await reader.values(2)).toEqual(["a", "b"]);
    await put(before, "c");
    expect(await reader.values(1)).toEqual(["c"]);
    const id = reader.lastEventId;
    await put(before, "d");
    await before.kill();
    await reader.next().catch(() => null);

    const after = await startNodeProcess({ dataDir: before.dataDir });
    const again = await tail(after, "?from=earliest", id);
    expect(await again.values(1)).toEqual(["d"]);
    await put(after, "e");
    expect(await again.values(1)).toEqual(["e"]);
  });

  it("ends with the reason when the node stops, which is not held up by it", async () => {
    const node = await startNodeProcess();
    await put(node, "a");
    const reader = await tail(node);
    await reader.take();
    const stopped = node.stop();
    const end = await reader.next();
    expect([end!.type, JSON.parse(end!.data).code]).toEqual(["end", "shutting_down"]);
    expect(await reader.next()).toBeNull();
    expect((await stopped).code).toBe(0);
  });

  it("is forgotten when its reader goes, though nothing comes", async () => {
    const node = await startNodeProcess();
    await put(node, "a");
    const readers = [await tail(node), await tail(node), await tail(node)];
    for (const reader of readers) await reader.take();
    expect(await tails(node)).toBe(3);
    for (const reader of readers) await reader.close();
    await expect.poll(() => tails(node), { timeout: 10_000 }).toBe(0);
  });

  it("is sent as it comes to a client that takes compressed answers", async () => {
    const node = await startNodeProcess();
    await put(node, "a");
    const reader = await tail(node, "?from=earliest");
    // Were it gathered to be compressed, nothing would come before the end.
    expect(await reader.values(1)).toEqual(["a"]);
    const head = await fetch(`${node.http}/v1/topics/t/tail`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("text/event-stream");
    expect(head.headers.get("content-encoding")).toBeNull();
    expect(head.headers.get("cache-control")).toBe("no-store, no-transform");
    await reader.close();
    await expect.poll(() => tails(node), { timeout: 10_000 }).toBe(0);
  });

  it.skipIf(!hasTool("curl"))("is printed by curl -N as it comes", async () => {
    const node = await startNodeProcess();
    await put(node, "a");
    const url = `${node.http}/v1/topics/t/tail?from=earliest`;
    const curl = spawn("curl", ["-sSN", "--compressed", url]);
    onTestFinished(() => void curl.kill());
    const events = eventsOf(curl);
    expect(valueOf(await events())).toBe("a");
    await put(node, "b");
    expect(valueOf(await events())).toBe("b");
    curl.kill();
    await once(curl, "exit");
    await expect.poll(() => tails(node), { timeout: 10_000 }).toBe(0);
  });
});

describe.skipIf(CHROMIUM === null)("EventSource in Chromium", () => {
  it("reads, sees gaps, and goes on by itself where it was when the node comes back", async () => {
    const before = await startNodeProcess();
    await put(before, "a");
    const page = await openPage(`${before.http}/healthz`);
    await page.evaluate(`
      globalThis.seen = [];
      globalThis.ends = [];
      const source = new EventSource("/v1/topics/t/tail?from=earliest");
      source.onmessage = ({ data, lastEventId }) => {
        globalThis.first ??= lastEventId;
        seen.push(JSON.parse(data).value);
      };
      source.addEventListener("gap", ({ data }) => seen.push(JSON.parse(data).reason));
      source.addEventListener("end", ({ data }) => ends.push(JSON.parse(data).code));
      return null;
    `);
    const seen = () => page.evaluate<string[]>("globalThis.seen");
    await expect.poll(seen, { timeout: 10_000 }).toEqual(["a"]);
    await put(before, "b");
    await expect.poll(seen, { timeout: 10_000 }).toEqual(["a", "b"]);
    expect((await before.stop()).code).toBe(0);
    expect(await page.evaluate("globalThis.ends")).toEqual(["shutting_down"]);

    const { port } = new URL(before.http);
    const after = await startNodeProcess({ dataDir: before.dataDir, flags: ["--http-port", port] });
    await put(after, "c");
    await put(after, "d");
    await expect.poll(seen, { timeout: 20_000 }).toEqual(["a", "b", "c", "d"]);

    // Whoever comes back with a place that is gone is told what he missed.
    const wiped = `${after.http}/v1/topics/t/partitions/0/records?before=3`;
    expect((await fetch(wiped, { method: "DELETE" })).status).toBe(200);
    await page.evaluate(`
      globalThis.late = [];
      const source = new EventSource("/v1/topics/t/tail?cursor=" + globalThis.first);
      source.onmessage = ({ data }) => late.push(JSON.parse(data).value);
      source.addEventListener("gap", ({ data }) => late.push(JSON.parse(data)));
      return null;
    `);
    const gap = { topic: "t", partition: 0, from: 1, to: 3, reason: "retention" };
    await expect.poll(() => page.evaluate("globalThis.late"), { timeout: 10_000 })
      .toEqual([expect.objectContaining(gap), "d"]);
  });
});

/** The next event that a curl prints. */
function eventsOf(curl: ChildProcess): () => Promise<SeenEvent> {
  const parser = new EventParser();
  const events: SeenEvent[] = [];
  curl.stdout!.on("data", (bytes: Uint8Array) => events.push(...parser.push(bytes)));
  return async () => {
    await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(0);
    return events.shift()!;
  };
}
