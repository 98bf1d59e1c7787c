/**
 * Where senders said over the wire that they go on ahead of what they still owe: the open frames of
 * append requests (src/protocol/replication/append_frames.ts), read by the book and by itself.
 */
import { zstdDecompressSync } from "node:zlib";
import type { HttpCall } from "../../../src/base/net.ts";

const APPEND = "/v1/replication/append";
const HEADER_BYTES = 12;
const LENGTH_AT = 4;
const KIND_OPEN = 4;

export class Openings {
  readonly #offsetsOf = new Map<string, Set<number>>();

  /** Notes what a request is about to say. */
  note({ url, headers, body }: Pick<HttpCall, "url" | "headers" | "body">): void {
    if (!url.endsWith(APPEND) || body === undefined) return;
    const packed = headers["content-encoding"] === "zstd";
    const bytes = packed ? new Uint8Array(zstdDecompressSync(body)) : body;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += HEADER_BYTES + view.getUint32(at + LENGTH_AT)) {
      if (bytes[at] !== KIND_OPEN) continue;
      const logId = view.getBigUint64(at + HEADER_BYTES).toString(16).padStart(16, "0");
      const offsets = this.#offsetsOf.get(logId) ?? new Set();
      this.#offsetsOf.set(logId, offsets.add(Number(view.getBigInt64(at + HEADER_BYTES + 8))));
    }
  }

  /** Whether a stream of the log was said to begin above `after`, and not above `upTo`. */
  between(logId: string, after: number, upTo: number): boolean {
    for (const at of this.#offsetsOf.get(logId) ?? []) if (after < at && at <= upTo) return true;
    return false;
  }
}
