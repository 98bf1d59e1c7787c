/**
 * No gap passes a reader in silence, whatever made it and however he reads: what retention or an
 * operator took before he came, what decayed on the disk, a file that is gone, and what a gateway
 * lost and its ledger names at the centre. Real nodes; every kind of read goes through each.
 */
import { decode } from "cbor-x";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { encodeCursor } from "../../src/protocol/http/cursor.ts";
import { CLIENT_READERS } from "../support/client_readers.ts";
import { testCore } from "../support/core.ts";
import { flipBit } from "../support/data_directories.ts";
import { EventReader } from "../support/event_stream.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";

interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly source?: { readonly log_id: string; readonly from: number; readonly to?: number };
}

/** What a reader was told, in order: values, and gaps where they lie. */
type Told = string | Gap;

/** Reads all there is of partition 0 of topic "t" from an offset on. */
type Reader = (node: NodeProcess, from: number, values: number) => Promise<Told[]>;

const PARTITION = "/v1/topics/t/partitions/0/records";
const MERGED = "/v1/topics/t/records";
const core = testCore();

const READERS: Readonly<Record<string, Reader>> = {
  "fetch, JSON": byOffset("application/json"),
  "fetch, NDJSON": byOffset("application/x-ndjson"),
  "fetch, CBOR": byOffset("application/cbor"),
  "fetch, batches": byOffset("application/vnd.logboom.batches"),
  "fetch, a record each page": byOffset("application/json", "&max_records=1"),
  "fetch, filtered": byOffset("application/json", "&contains=value"),
  "fetch in the order of source": byCursor(`${PARTITION}?order=source`, { partition: 0 }),
  "merged": byCursor(`${MERGED}?`, undefined),
  "merged, a record each page": byCursor(`${MERGED}?max_records=1`, undefined),
  "merged in the order of source": byCursor(`${MERGED}?order=source`, { partition: null }),
  "tail": byTail(""),
  "tail, filtered": byTail("&contains=value"),
  "consumer of the REST proxy": byConsumer(""),
  "consumer of the REST proxy, a record each read": byConsumer("&max_bytes=1"),
  ...CLIENT_READERS,
};

describe.each(Object.entries(READERS))("%s", (_name, reader) => {
  it("tells what was taken before its reader came", async () => {
    const node = await started();
    await put(node, 5);
    const wiped = await fetch(`${node.http}${PARTITION}?before=3`, { method: "DELETE" });
    expect(wiped.status).toBe(200);
    await wiped.body?.cancel();
    expect(await reader(node, 1, 2))
      .toEqual([{ from: 1, to: 3, reason: "retention" }, "value 3", "value 4"]);
  });

  it("tells what decayed on the disk", async () => {
    const before = await started();
    await put(before, 5);
    await before.stop();
    damageBatch(before, 2);
    const node = await started(before);
    expect(await reader(node, 0, 4)).toEqual([
      ...["value 0", "value 1"],
      { from: 2, to: 3, reason: "corrupt" },
      ...["value 3", "value 4"],
    ]);
  });

  it("tells of a file that is gone", async () => {
    const flags = ["--segment-bytes", "3MiB"];
    const before = await started(undefined, flags);
    const large = "x".repeat(900_000);
    await put(before, 9, large);
    await before.stop();
    const [, second, third] = segmentsOf(before);
    rmSync(join(before.dataDir, "t-0", second!));
    const [from, to] = [second, third].map((file) => parseInt(file!));
    const node = await started(before, flags);
    const told = await reader(node, 0, 9 - (to! - from!));
    const values = Array.from({ length: 9 }, (_, nth) => nth).map((nth) => `value ${nth}`);
    expect(told.map((each) => typeof each === "string" ? each.slice(0, 7) : each)).toEqual([
      ...values.slice(0, from),
      { from, to, reason: "corrupt" },
      ...values.slice(to),
    ]);
  });

  it("tells at the centre what a gateway lost, where the next of its records lies", async () => {
    const centre = await started();
    const { port } = new URL(centre.http);
    await put(centre, 1);
    await centre.stop();
    const gateway = await started(undefined, ["--upstream", centre.http]);
    await put(gateway, 3);
    await fetch(`${gateway.http}${PARTITION}?before=2`, { method: "DELETE" });
    const again = await started(centre, ["--http-port", port]);
    await expect.poll(async () => await endOf(again), { timeout: 30_000 }).toBe(2);
    const source = { log_id: expect.stringMatching(/^[0-9a-f]{16}$/), from: 0, to: 2 };
    expect(await reader(again, 0, 2)).toEqual([
      "value 0",
      { from: 1, to: 1, reason: "wiped", source },
      "value 2",
    ]);
  });
});

/** By offset, a page after the other; what a 416 says was missed is a gap. */
function byOffset(type: string, more = ""): Reader {
  return async (node, from) => {
    const told: Told[] = [];
    for (let offset = from;;) {
      const headers = { accept: type };
      const answer = await fetch(`${node.http}${PARTITION}?offset=${offset}${more}`, { headers });
      if (answer.status === 416) {
        const { missed, log_start_offset } = await answer.json();
        told.push(...missed.map(missedGap));
        offset = log_start_offset;
        continue;
      }
      expect(answer.status).toBe(200);
      const next = Number(answer.headers.get("logboom-next-offset"));
      const end = Number(answer.headers.get("logboom-high-watermark"));
      told.push(...await toldIn(answer, type, offset));
      if (next >= end) return told;
      expect(next).toBeGreaterThan(offset);
      offset = next;
    }
  };
}

/** By cursor; a 416 names the one to go on from. */
function byCursor(path: string, source: { readonly partition: number | null } | undefined): Reader {
  return async (node, from) => {
    const told: Told[] = [];
    let cursor = await cursorAt(node, from, source);
    for (;;) {
      const answer = await fetch(`${node.http}${path}&cursor=${cursor}`);
      const page = await answer.json();
      if (answer.status === 416) told.push(...page.missed.map(missedGap));
      else told.push(...inPlace(page.records, page.gaps));
      if (answer.status === 200 && page.records.length === 0) return told;
      cursor = page.cursor;
    }
  };
}

function byTail(more: string): Reader {
  return async (node, from, values) => {
    const cursor = await cursorAt(node, from, undefined);
    const reader = new EventReader(
      await fetch(`${node.http}/v1/topics/t/tail?cursor=${cursor}${more}`),
    );
    const told: Told[] = [];
    while (told.filter((each) => typeof each === "string").length < values) {
      const event = (await reader.next())!;
      const { value, topic: _topic, partition: _partition, ...gap } = JSON.parse(event.data);
      told.push(event.type === "message" ? value : plain(gap));
    }
    await reader.close();
    return told;
  };
}

/** As an instance of the REST proxy's interface, whose gaps stand in a header. */
function byConsumer(more: string): Reader {
  return async (node, from, values) => {
    const call = async (method: string, uri: string, body?: unknown) => {
      const headers = { "content-type": "application/vnd.kafka.v2+json" };
      const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
      const answer = await fetch(uri, { method, ...sent });
      expect(answer.ok, uri).toBe(true);
      return answer;
    };
    const config = { format: "text", "auto.offset.reset": "earliest" };
    const made = await call("POST", `${node.http}/consumers/g`, config);
    const { base_uri: uri } = await made.json();
    const place = { topic: "t", partition: 0 };
    await call("POST", `${uri}/assignments`, { partitions: [place] });
    await call("POST", `${uri}/positions`, { offsets: [{ ...place, offset: from }] });
    const told: Told[] = [];
    while (told.filter((each) => typeof each === "string").length < values) {
      const answer = await call("GET", `${uri}/records?timeout=1000${more}`);
      const gaps = JSON.parse(answer.headers.get("logboom-gaps") ?? "[]");
      told.push(...inPlace(await answer.json(), gaps));
    }
    return told;
  };
}

const missedGap = ({ from, to, records }: { from: number; to: number; records: number }) => {
  expect(records).toBe(to - from);
  return { from, to, reason: "retention" };
};

/** Without what says where to ask for more. */
const plain = ({ from, to, reason, source }: Gap): Gap =>
  source === undefined ? { from, to, reason } : { from, to, reason, source };

interface SeenRecord {
  readonly offset: number;
  readonly value: string;
}

async function toldIn(answer: Response, type: string, from: number): Promise<Told[]> {
  if (type === "application/x-ndjson") {
    const lines = (await answer.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line)).map(({ gap, value }) => gap ?? value);
  }
  if (type === "application/vnd.logboom.batches") {
    const gaps = JSON.parse(answer.headers.get("logboom-gaps") ?? "[]");
    const records = recordsIn(await answer.bytes()).filter(({ offset }) => offset >= from);
    return inPlace(records, gaps);
  }
  const page = type === "application/cbor" ? decode(await answer.bytes()) : await answer.json();
  return inPlace(page.records, page.gaps);
}

function recordsIn(bytes: Uint8Array): SeenRecord[] {
  const records: SeenRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = core.verifyBatch(bytes.subarray(at));
    expect(size).toBeGreaterThan(0);
    const batch = core.decode(bytes.subarray(at, at + size));
    records.push(...batch.map(({ offset, value }) => ({
      offset,
      value: new TextDecoder().decode(value!),
    })));
    at += size;
  }
  return records;
}

/** Gaps among records, by their offsets. */
function inPlace(records: readonly SeenRecord[], gaps: readonly Gap[]): Told[] {
  const all = [
    ...gaps.map((gap) => ({ at: gap.from - 0.5, told: withoutPartition(gap) })),
    ...records.map(({ offset, value }) => ({ at: offset, told: value as Told })),
  ];
  return all.sort((a, b) => a.at - b.at).map(({ told }) => told);
}

const withoutPartition = ({ from, to, reason, source }: Gap): Told =>
  plain({ from, to, reason, ...(source === undefined ? {} : { source }) });

async function cursorAt(
  node: NodeProcess,
  offset: number,
  source: { readonly partition: number | null } | undefined,
): Promise<string> {
  const { topic_id: topicId } = await (await fetch(`${node.http}/v1/topics/t`)).json();
  const standing = { epoch: -1, offset, ...(source && { splice: null }) };
  return encodeCursor({ topicId, ...(source && { source }), standings: [standing] });
}

async function endOf(node: NodeProcess): Promise<number> {
  const { partitions } = await (await fetch(`${node.http}/v1/topics/t`)).json();
  return partitions[0].high_watermark;
}

/** A commit, and so a batch, for each. */
async function put(node: NodeProcess, count: number, filling = ""): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    const answer = await fetch(`${node.http}${MERGED}`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: `value ${nth}${filling}`,
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  }
}

function started(before?: NodeProcess, flags: readonly string[] = []): Promise<NodeProcess> {
  const dataDir = before === undefined ? {} : { dataDir: before.dataDir };
  // What compresses well would share a segment.
  const all = ["--mqtt-port", "off", "--compression-type", "none", ...flags];
  return startNodeProcess({ ...dataDir, flags: all });
}

function segmentsOf(node: NodeProcess): string[] {
  return readdirSync(join(node.dataDir, "t-0")).filter((file) => file.endsWith(".log")).sort();
}

/** Flips a bit of the record in the batch with that offset. */
function damageBatch(node: NodeProcess, offset: number): void {
  const path = join(node.dataDir, "t-0", segmentsOf(node)[0]!);
  const bytes = new Uint8Array(readFileSync(path));
  for (let at = 0; at < bytes.length;) {
    const size = core.verifyBatch(bytes.subarray(at));
    if (readBatchHeader(bytes.subarray(at, at + size)).baseOffset === offset) {
      return flipBit(path, at + size - 2);
    }
    at += size;
  }
  throw new Error(`no batch ${offset}`);
}
