import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import { deflate, inflate } from "../../../src/host/inflate.ts";
import { readBatches } from "../../../src/ingress/http/batches_body.ts";
import { testCore } from "../../support/core.ts";
import { KAFKA_BATCHES, T0 } from "../../support/kafka_batches.ts";

const options = { core: testCore(), inflate };

/** `plain` with its records compressed by `codec`. */
function compressed(codec: "gzip" | "zstd", records = KAFKA_BATCHES.plain.slice(61)): Uint8Array {
  const packed = deflate(codec, records);
  const batch = concat([KAFKA_BATCHES.plain.subarray(0, 61), packed]);
  const view = new DataView(batch.buffer);
  view.setInt32(8, batch.length - 12);
  view.setInt16(21, codec === "gzip" ? 1 : 4);
  view.setUint32(17, options.core.crc32c(batch.subarray(21)));
  return batch;
}

function faultOf(body: Uint8Array): OperatingError {
  try {
    readBatches(body, options);
  } catch (error) {
    if (error instanceof OperatingError) return error;
    throw error;
  }
  throw new Error("taken");
}

describe("readBatches()", () => {
  it("reads batches of every codec, one after the other", () => {
    const { plain, lz4, lz4Stored, snappy } = KAFKA_BATCHES;
    const bodies = [plain, lz4, lz4Stored, snappy, compressed("gzip"), compressed("zstd")];
    const records = readBatches(concat(bodies), options);
    expect(records).toHaveLength(8);
    for (const at of [0, 5, 6, 7]) {
      expect(records[at]).toMatchObject({ key: utf8("k"), value: utf8("hello"), timestamp: T0 });
      expect(records[at]!.headers).toEqual([["h", utf8("v")]]);
    }
  });

  it("names the batch that is damaged", () => {
    const { plain } = KAFKA_BATCHES;
    for (let position = 8; position < plain.length; position++) {
      if (position >= 12 && position < 16) continue; // the leader epoch lies outside the checksum
      const damaged = plain.slice();
      damaged[position]! ^= 0x10;
      const fault = faultOf(concat([plain, damaged]));
      expect(fault.code, String(position)).toBe("malformed_body");
      expect(fault.detail, String(position)).toEqual({ batch: 1, position: plain.length });
    }
  });

  it("refuses what only a transaction coordinator may write, and what is empty or cut", () => {
    expect(faultOf(KAFKA_BATCHES.control.slice()).message).toMatch(/transaction/);
    expect(faultOf(new Uint8Array()).code).toBe("malformed_body");
    expect(faultOf(KAFKA_BATCHES.plain.slice(0, 60)).message).toMatch(/need_more/);
  });

  it("refuses a batch that inflates beyond its limit, or into something else", () => {
    expect(faultOf(compressed("gzip", new Uint8Array(17 << 20))).code).toBe("malformed_body");
    expect(faultOf(compressed("zstd", new Uint8Array(100))).code).toBe("malformed_body");
  });
});
