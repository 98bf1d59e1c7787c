/**
 * How the body of an append request is packed: as it is, or from protocol version 2 on in one zstd
 * frame, with the batches inside byte for byte.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../../base/errors.ts";
import type { Inflate } from "../../format/codec.ts";
import { VERSION_WITH_ISLANDS } from "../../protocol/replication/version.ts";

/** Turns what came into what was meant; null: it is that already. */
export type Unpack = ((bytes: Uint8Array) => Uint8Array) | null;

/**
 * How to unpack a body with these headers, to at most `bytesMax`. The function throws malformed_body
 * for damage, and body_too_large for what would be larger.
 *
 * @throws {OperatingError} unsupported_media_type
 */
export function unpackerOf(
  headers: Headers,
  { protocol, inflate, bytesMax }: {
    readonly protocol: number;
    readonly inflate: Inflate | undefined;
    readonly bytesMax: number;
  },
): Unpack {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity") return null;
  if (encoding !== "zstd" || protocol < VERSION_WITH_ISLANDS || inflate === undefined) {
    throw new OperatingError(
      "unsupported_media_type",
      `Cannot take content encoding "${encoding.slice(0, 40)}" in protocol version ${protocol}`,
    );
  }
  return (bytes) => {
    try {
      return inflate("zstd", bytes, bytesMax);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      if (error.detail["limit"] === undefined) {
        throw new OperatingError("malformed_body", `Cannot read body: ${error.message}`);
      }
      const message = `Cannot take body: over ${bytesMax} bytes when inflated`;
      throw new OperatingError("body_too_large", message, { limit: bytesMax });
    }
  };
}
