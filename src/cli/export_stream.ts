/** Bytes from a stream or a file, exactly as many as are asked for. @module */
import { joined } from "../base/bytes.ts";
import type { ReadBytes } from "../format/export_file.ts";

/** Reads on where it stopped; fewer bytes than asked for only where the stream ends. */
export function readerOf(stream: AsyncIterable<Uint8Array>): ReadBytes {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return async (count) => {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0;) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done) break;
        rest = value;
        continue;
      }
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : joined(parts);
  };
}
