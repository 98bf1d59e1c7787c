/**
 * What two nodes tell each other about logs must not be changed on the way: a bit of an offset
 * could lose records. Batches carry their own checksum, frames theirs (append_frames.ts); JSON, both
 * ways, carries one in a header.
 *
 *     Logboom-Crc32c   8 hex   CRC-32C of the body
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";

export const CHECKSUM_HEADER = "logboom-crc32c";

/** CRC-32C of the bytes; the core's, handed in. */
export type Checksum = (bytes: Uint8Array) => number;

export function checksumOf(body: Uint8Array, crc32c: Checksum): string {
  return crc32c(body).toString(16).padStart(8, "0");
}

/** @throws {OperatingError} `malformed_body` when the body is not what was sent. */
export function checkBody(body: Uint8Array, headers: Headers, crc32c: Checksum): void {
  const sent = headers.get(CHECKSUM_HEADER);
  if (sent === checksumOf(body, crc32c)) return;
  const state = sent === null ? `no ${CHECKSUM_HEADER} header` : "it was damaged on the way";
  throw new OperatingError("malformed_body", `Cannot read body: ${state}`);
}
