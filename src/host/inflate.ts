/**
 * gzip and zstd, which the core leaves to the machine. Output is bounded before it is made, so a
 * bomb costs its limit and no more.
 *
 * @module
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { messageOf, OperatingError } from "../base/errors.ts";

export type Codec = "gzip" | "zstd";

/** @throws {OperatingError} `corrupt_batch` when the bytes are damaged or would exceed the limit. */
export function inflate(
  codec: Codec,
  bytes: Uint8Array,
  outputBytesMax: number,
): Uint8Array<ArrayBuffer> {
  const run = codec === "gzip" ? gunzipSync : zstdDecompressSync;
  try {
    const whole = run(bytes, { maxOutputLength: outputBytesMax });
    return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
  } catch (error) {
    throw new OperatingError(
      "corrupt_batch",
      `Cannot inflate ${bytes.length} bytes of ${codec}: ${messageOf(error)}`,
      { codec },
      error,
    );
  }
}

export function deflate(codec: Codec, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = codec === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
}
