/**
 * Raw batches as an independent Kafka library sees them: produced through every kind of body, pulled
 * from a real node, decoded by kafkajs; and the checksum in each header is the one that kafkajs
 * computes over the batch. Its LZ4 codec is plugged with our own core, as its users plug theirs.
 */
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { PREFIX_SIZE, readBatchHeader } from "../../src/format/record_batch.ts";
import { testCore } from "../support/core.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";

const require = createRequire(import.meta.url);
const { CompressionCodecs, CompressionTypes } = require("kafkajs");
const Decoder = require("kafkajs/src/protocol/decoder");
const decodeBatch = require("kafkajs/src/protocol/recordBatch/v0/decoder");
const crc32C: (bytes: Uint8Array) => number = require("kafkajs/src/protocol/recordBatch/crc32C");

const core = testCore();
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: () => Promise.reject(new Error("only read here")),
  decompress: (frame: Uint8Array) =>
    Promise.resolve(Buffer.from(core.lz4Decompress(frame) as Uint8Array)),
});

interface KafkaRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

const LINE = `{"device":"dev-17","temperature":21.5,"humidity":40,"state":"ok"}`;

async function post(node: NodeProcess, type: string, body: BodyInit, query = ""): Promise<void> {
  const response = await fetch(`${node.http}/v1/topics/t/records${query}`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  expect(response.status, await response.text()).toBe(200);
}

/** Every raw batch of the partition, a page at a time. */
async function batchesOf(node: NodeProcess): Promise<Uint8Array[]> {
  const batches: Uint8Array[] = [];
  for (let offset = 0;;) {
    const response = await fetch(`${node.http}/v1/topics/t/partitions/0/records?offset=${offset}`, {
      headers: { accept: "application/vnd.logboom.batches" },
    });
    expect(response.status).toBe(200);
    const page = await response.bytes();
    for (let at = 0; at < page.length;) {
      const { sizeBytes } = readBatchHeader(page, at);
      batches.push(page.slice(at, at + sizeBytes));
      at += sizeBytes;
    }
    offset = Number(response.headers.get("logboom-next-offset"));
    if (offset === Number(response.headers.get("logboom-high-watermark"))) return batches;
  }
}

async function decoded(batch: Uint8Array): Promise<KafkaRecord[]> {
  const decoder = new Decoder(Buffer.from(batch));
  return (await decodeBatch(decoder)).records;
}

describe("raw batches in kafkajs", () => {
  it("hold what was produced, and the checksum it computes", async () => {
    const node = await startNodeProcess({ flags: ["--mqtt-port", "off"] });
    await post(node, "application/json", `[1.0, {"a": null}]`);
    await post(node, "application/x-ndjson", `${LINE}\n`.repeat(1_000));
    await post(node, "text/plain", "eins\nzwei", "?key=device-1");
    await post(
      node,
      "application/vnd.logboom.records+json",
      JSON.stringify({
        ...{ key: "k", value_base64: "/wA=", timestamp: 1_700_000_000_000 },
        headers: [{ key: "h", value: "v" }],
      }),
    );
    const batches = await batchesOf(node);
    const records: KafkaRecord[] = [];
    for (const batch of batches) {
      const header = readBatchHeader(batch);
      expect(crc32C(batch.subarray(PREFIX_SIZE + 9)) >>> 0).toBe(header.crc);
      const some = await decoded(batch);
      expect(some).toHaveLength(header.recordsCount);
      records.push(...some);
    }
    expect(batches.some((batch) => (readBatchHeader(batch).attributes & 7) === 3), "LZ4 was used")
      .toBe(true);
    expect(records.map(({ offset }) => Number(offset))).toEqual(records.map((_, at) => at));
    const text = ({ value }: KafkaRecord) => new TextDecoder().decode(value!);
    expect(records.slice(0, 2).map(text)).toEqual(["1.0", `{"a": null}`]);
    expect(new Set(records.slice(2, 1_002).map(text))).toEqual(new Set([LINE]));
    expect(records.slice(1_002, 1_004).map(text)).toEqual(["eins", "zwei"]);
    expect(Uint8Array.from(records[1_003]!.key!)).toEqual(utf8("device-1"));
    const last = records.at(-1)!;
    expect(last).toMatchObject({ timestamp: "1700000000000" });
    expect(Uint8Array.from(last.value!)).toEqual(Uint8Array.of(0xff, 0));
    expect(new TextDecoder().decode(last.headers["h"])).toBe("v");
    await node.stop();
  });

  it("may be produced again, as a Kafka client's", async () => {
    const node = await startNodeProcess({ flags: ["--mqtt-port", "off"] });
    await post(node, "application/x-ndjson", `${LINE}\n`.repeat(50));
    const [batch] = await batchesOf(node);
    await post(node, "application/vnd.logboom.batches", batch!.slice());
    const again = (await batchesOf(node)).at(-1)!;
    expect(readBatchHeader(again)).toMatchObject({ baseOffset: 50, sourceOffset: 50 });
    const values = async (bytes: Uint8Array) =>
      (await decoded(bytes)).map((
        { value, timestamp },
      ) => [new TextDecoder().decode(value!), timestamp]);
    expect(await values(again)).toEqual(await values(batch!));
    await node.stop();
  });
});
