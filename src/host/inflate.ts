/**
 * gzip and zstd, which the core leaves to the machine. Output is bounded before it is made, so a
 * bomb costs its limit and no more.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import {
  gunzipSync,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { concat } from "../base/bytes.ts";
import { messageOf, OperatingError } from "../base/errors.ts";
import { zstdFrameEnd } from "./zstd_frame.ts";

export type Codec = "gzip" | "zstd";

/** What the platform says when the output would exceed `maxOutputLength`. */
const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";

/**
 * @throws {OperatingError} `corrupt_batch` when the bytes are damaged; its detail has `limit` when
 * they would exceed it
 */
export function inflate(
  codec: Codec,
  bytes: Uint8Array,
  outputBytesMax: number,
): Uint8Array<ArrayBuffer> {
  try {
    if (codec === "zstd") return inflateZstd(bytes, outputBytesMax);
    return plain(gunzipSync(bytes, { maxOutputLength: outputBytesMax }));
  } catch (error) {
    const message = `Cannot inflate ${bytes.length} bytes of ${codec}: ${messageOf(error)}`;
    const over = (error as { code?: unknown }).code === TOO_LARGE;
    const detail = over ? { codec, limit: outputBytesMax } : { codec };
    throw new OperatingError("corrupt_batch", message, detail, error);
  }
}

/** Frame by frame: the platform stops behind the first, and takes a cut one for a shorter one. */
function inflateZstd(bytes: Uint8Array, outputBytesMax: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let rest = bytes;
  let sizeLeft = outputBytesMax;
  do {
    const end = zstdFrameEnd(rest);
    if (end < 0) throw new RangeError("expected whole frames");
    // The platform takes no limit of 0, and an empty frame may follow a full one.
    const part = zstdDecompressSync(rest.subarray(0, end), { maxOutputLength: sizeLeft + 1 });
    sizeLeft -= part.length;
    if (sizeLeft < 0) {
      throw Object.assign(new RangeError(`over ${outputBytesMax} bytes`), { code: TOO_LARGE });
    }
    parts.push(part);
    rest = rest.subarray(end);
  } while (rest.length > 0);
  return concat(parts);
}

export function deflate(codec: Codec, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return plain(codec === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes));
}

/** Off the event loop, at zstd's own level of 3: a quarter less of LZ4 batches, at 90 MB/s. */
export function deflateZstd(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    zstdCompress(bytes, (error, whole) => {
      if (error) reject(error);
      else resolve(plain(whole as Buffer<ArrayBuffer>));
    });
  });
}

function plain(whole: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
}
