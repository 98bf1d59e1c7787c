/**
 * Compression of a batch's records: what the low three bits of its attributes name.
 *
 * @module
 */

export type Codec = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** The codecs the core leaves to the machine. */
export type HostCodec = "gzip" | "zstd";

/**
 * Inflates what the core cannot; `host/inflate.ts` is handed in.
 *
 * @throws {OperatingError} corrupt_batch when the bytes are damaged or would exceed the limit.
 */
export type Inflate = (codec: HostCodec, bytes: Uint8Array, outputBytesMax: number) => Uint8Array;

const NAMES: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];
const CODEC_MASK = 0b111;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/** Null for the three numbers that name none. */
export function codecOf(attributes: number): Codec | null {
  return NAMES[attributes & CODEC_MASK] ?? null;
}

/** Batches of a transaction, and its markers: what only a transaction coordinator may write. */
export function isTransactional(attributes: number): boolean {
  return (attributes & (TRANSACTIONAL | CONTROL)) !== 0;
}

/** The inflated records where the core needs them handed in, or undefined. */
export function inflatedRecords(
  batch: { readonly attributes: number; readonly records: Uint8Array },
  inflate: Inflate,
  outputBytesMax: number,
): Uint8Array | undefined {
  const codec = codecOf(batch.attributes);
  if (codec !== "gzip" && codec !== "zstd") return undefined;
  return inflate(codec, batch.records, outputBytesMax);
}
