/**
 * Record batches that other programs made or accepted: produced raw to librdkafka 2.0.2's mock
 * cluster and read back with kcat 1.7.1 and check.crcs=true, or decoded with kafkajs 2.2.4; their
 * checksums agree with java.util.zip.CRC32C.
 */
import { fromHex } from "../../src/base/bytes.ts";

/** When their first record was made. */
export const T0 = 1_700_000_000_000;

/** The value of the record that {@linkcode KAFKA_BATCHES} holds compressed. */
export const THREE_READINGS = "temperature=21.5 temperature=21.5 temperature=21.5";

export const KAFKA_BATCHES = {
  /** One record: key "k", value "hello", header h = "v". */
  plain: fromHex(
    "000000000000000000000042ffffffff02c622acfa0000000000000000018bcfe568000000018bcfe56800" +
      "ffffffffffffffffffffffffffff0000000120000000026b0a68656c6c6f0202680276",
  ),
  /** Offset 42, epoch 7, producer 1000: (null, "a", T0), ("id", "b", T0+5), ("id", null, T0-3). */
  idempotent: fromHex(
    "000000000000002a0000004c00000007028d06ae420000000000020000018bcfe568000000018bcfe56805" +
      "00000000000003e800000000000a000000030e000000010261001200" +
      "0a02046964026200100005040469640100",
  ),
  /** Three records of key "dev-1", T0 to T0+2, in one LZ4 block. */
  lz4: fromHex(
    "000000000000000000000076ffffffff024fe0837f0003000000020000018bcfe568000000018bcfe56802" +
      "ffffffffffffffffffffffffffff0000000304224d1860408236000000ff0d7a0000000a6465762d316474656d" +
      "70657261747572653d32312e352011000e5f007a0002023e00292f04043e00225032312e350000000000",
  ),
  /** One record of key "dev-1" in an LZ4 block that is stored. */
  lz4Stored: fromHex(
    "00000000000000000000007effffffff02275576180003000000000000018bcfe568000000018bcfe56800" +
      "ffffffffffffffffffffffffffff0000000104224d186040823e0000807a0000000a6465762d31" +
      "6474656d70657261747572653d32312e352074656d70657261747572653d32312e35" +
      "2074656d70657261747572653d32312e350000000000",
  ),
  /** The record of `plain`, in xerial's snappy framing. */
  snappy: fromHex(
    "000000000000000000000058ffffffff028c04ae420002000000000000018bcfe568000000018bcfe56800" +
      "ffffffffffffffffffffffffffff0000000182534e4150505900000000010000000100000013114020000000" +
      "026b0a68656c6c6f0202680276",
  ),
  /** `plain` after a server stamped offset 5 and its own time, T0+9999. */
  appendTime: fromHex(
    "0000000000000005000000420000000002455377690008000000000000018bcfe568000000018bcfe58f0f" +
      "ffffffffffffffffffffffffffff0000000120000000026b0a68656c6c6f0202680276",
  ),
  /** A transaction's COMMIT marker at offset 3. */
  control: fromHex(
    "0000000000000003000000420000000002a1ac499f0030000000000000018bcfe568000000018bcfe56800" +
      "00000000000003e80000ffffffff000000012000000008000000010c00000000000000",
  ),
} as const;
