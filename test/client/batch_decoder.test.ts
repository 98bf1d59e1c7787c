import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { DECOMPRESSED_BYTES_MAX } from "../../src/base/limits.ts";
import { BatchDecoder } from "../../src/client/batch_decoder.ts";
import { openClientWorld } from "../support/client_world.ts";
import { testCore } from "../support/core.ts";
import { KAFKA_BATCHES } from "../support/kafka_batches.ts";

const PLACE = { topic: "logs", partition: 0 };

async function storedBatches() {
  const { client } = await openClientWorld();
  await client.produce("logs", ["a", { key: "k", value: new Uint8Array([0xff]) }]);
  await client.produce("logs", { value: "x".repeat(1_000), headers: { h: "v" }, timestamp: 5 });
  return await client.batches("logs", { partition: 0, offset: 0 });
}

describe("BatchDecoder", () => {
  it("tells what batches there are, and what stands in them", async () => {
    const bytes = await storedBatches();
    const decoder = await BatchDecoder.load();
    expect(decoder.verify(bytes)).toMatchObject([
      { baseOffset: 0, lastOffset: 1, recordsCount: 2, sourceOffset: 0 },
      { baseOffset: 2, lastOffset: 2, recordsCount: 1, sourceOffset: 2 },
    ]);
    const records = await decoder.decode(bytes, PLACE);
    expect(records.map(({ offset, key }) => [offset, key])).toEqual([[0, null], [1, "k"], [
      2,
      null,
    ]]);
    expect(records[1]!.bytes()).toEqual(new Uint8Array([0xff]));
    expect([records[2]!.text().length, records[2]!.header("h"), records[2]!.timestamp])
      .toEqual([1_000, "v", 5]);
  });

  it("notices a flip of any bit that the checksum covers, and every cut", async () => {
    const bytes = await storedBatches();
    const decoder = await BatchDecoder.load();
    const [first] = decoder.verify(bytes);
    for (let at = 0; at < first!.sizeBytes; at++) {
      // The offset and the leader epoch are the node's to set, and lie outside of it.
      if (at < 8 || at >= 12 && at < 16) continue;
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << at % 8;
      expect(() => decoder.verify(damaged), `byte ${at}`).toThrow(/Cannot read the batch/);
    }
    for (let size = 1; size < bytes.length; size++) {
      if (size === first!.sizeBytes) continue;
      expect(() => decoder.verify(bytes.subarray(0, size)), `${size} bytes`).toThrow(
        /need_more|bad/,
      );
    }
    await expect(decoder.decode(bytes.subarray(0, 100), PLACE)).rejects
      .toMatchObject({ code: "corrupt_batch", retriable: false });
  });

  it.each(["plain", "idempotent", "lz4", "lz4Stored", "snappy", "appendTime"] as const)(
    "decodes what other programs made: %s",
    async (name) => {
      const decoder = await BatchDecoder.load();
      const records = await decoder.decode(KAFKA_BATCHES[name], PLACE);
      const own = testCore().decode(KAFKA_BATCHES[name]);
      expect(records.map((record) => [record.offset, record.bytes()]))
        .toEqual(own.map(({ offset, value }) => [offset, value]));
      expect(records.length).toBeGreaterThan(0);
    },
  );

  it("passes over what marks a transaction", async () => {
    const decoder = await BatchDecoder.load();
    expect(await decoder.decode(KAFKA_BATCHES.control, PLACE)).toEqual([]);
  });

  it("inflates gzip by the platform, and finds the damage that it finds", async () => {
    const decoder = await BatchDecoder.load();
    const records = KAFKA_BATCHES.plain.slice(61);
    const [record] = await decoder.decode(gzipBatch(gzipSync(records)), PLACE);
    expect([record!.key, record!.text(), record!.header("h")]).toEqual(["k", "hello", "v"]);
    for (const damaged of [gzipSync(records).subarray(0, 20), records]) {
      await expect(decoder.decode(gzipBatch(damaged), PLACE)).rejects
        .toMatchObject({ code: "corrupt_batch" });
    }
    const bomb = gzipSync(new Uint8Array(DECOMPRESSED_BYTES_MAX + 1));
    await expect(decoder.decode(gzipBatch(bomb), PLACE)).rejects.toThrow(/too large/);
  });

  it("is compiled once", async () => {
    expect(await BatchDecoder.load()).toBe(await BatchDecoder.load());
  });
});

/** A batch of one record that is compressed so. */
function gzipBatch(compressed: Uint8Array): Uint8Array {
  const batch = concat([KAFKA_BATCHES.plain.subarray(0, 61), compressed]);
  const view = new DataView(batch.buffer);
  view.setInt32(8, batch.length - 12);
  view.setInt16(21, 1);
  view.setUint32(17, testCore().crc32c(batch.subarray(21)));
  return batch;
}
