/**
 * A page as its reader can take it: packed, where he says so and it is worth it.
 *
 * @module
 */
import { PAGE_COMPRESSED_BYTES_MIN } from "../../base/reader_limits.ts";
import { type Compress, contentCoding } from "../../protocol/http/content_coding.ts";

export interface PageBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export async function pageResponse(
  request: Request,
  { bytes, headers }: PageBody,
  compress: Compress | undefined,
): Promise<Response> {
  const varying = { ...headers, "vary": "accept, accept-encoding" };
  const coding = compress === undefined || bytes.length < PAGE_COMPRESSED_BYTES_MIN
    ? null
    : contentCoding(request.headers.get("accept-encoding"));
  if (coding === null) return new Response(bytes, { headers: varying });
  const packed = await compress!(coding, bytes);
  // What does not shrink is given as it is.
  if (packed.length >= bytes.length) return new Response(bytes, { headers: varying });
  return new Response(packed, { headers: { ...varying, "content-encoding": coding } });
}
