/**
 * Bytes of a request and its answer on the wire, as HTTP/1.1 writes them: heads, bodies, and the
 * frames of a body sent in pieces. Over HTTP/2 heads take less, so this is a bound. Not counted are
 * what TLS adds (22 bytes and more per record of 16 KiB, some 5 KB per connection) and TCP/IP (40
 * to 72 per packet of about 1,400: 3 to 5 % of full packets).
 *
 * @module
 */
import type { HttpAnswer } from "../../base/net.ts";

/** Names and values that the client adds, ends of line included: `accept-language: *`. */
const ADDED_BYTES = "accept-language: *\r\n".length;
const FRAMED_BYTES = "transfer-encoding: chunked\r\n".length;
const LAST_FRAME_BYTES = "0\r\n\r\n".length;

/** Named in each request, so that the client adds nothing that is not known here. */
export const PLAIN_HEADERS: Readonly<Record<string, string>> = {
  "accept": "*/*",
  "accept-encoding": "identity",
  "user-agent": "logboom",
};

export interface RequestHead {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
  /** Whether the body goes in pieces. */
  readonly paced: boolean;
}

/** Of a POST: request line, headers and the empty line. */
export function requestHeadBytes({ url, headers, bodyBytes, paced }: RequestHead): number {
  const { host, pathname, search } = new URL(url);
  let bytes = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.length + ADDED_BYTES;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + value.length + 4;
  return bytes + (paced ? FRAMED_BYTES : `content-length: ${bodyBytes}\r\n`.length);
}

/** What frames one piece of that many bytes: its length in hex, and two ends of line. */
export function frameBytes(pieceBytes: number): number {
  return pieceBytes.toString(16).length + 4;
}

/** Of a whole body in pieces of at most that size. */
export function framesBytes(bodyBytes: number, pieceBytes: number): number {
  const [whole, rest] = [Math.floor(bodyBytes / pieceBytes), bodyBytes % pieceBytes];
  return whole * frameBytes(pieceBytes) + (rest > 0 ? frameBytes(rest) : 0) + LAST_FRAME_BYTES;
}

/** Status line, headers, the empty line, and the body as it came. */
export function answerBytes({ headers, body }: HttpAnswer): number {
  let bytes = "HTTP/1.1 200 OK\r\n\r\n".length + body.length;
  for (const [name, value] of headers) bytes += name.length + value.length + 4;
  return bytes;
}
