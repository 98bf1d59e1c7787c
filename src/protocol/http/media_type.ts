/**
 * Media types: what a body is said to be, and which representation a reader wants.
 *
 * Source: RFC 9110, sections 8.3 (Content-Type) and 12.5.1 (Accept).
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";

export const MediaType = {
  batches: "application/vnd.logboom.batches",
  cbor: "application/cbor",
  json: "application/json",
  ndjson: "application/x-ndjson",
  octets: "application/octet-stream",
  records: "application/vnd.logboom.records+json",
  text: "text/plain",
} as const;

export type MediaType = typeof MediaType[keyof typeof MediaType];

/** What curl sends with `-d` unless told otherwise: nobody means it. */
const UNMEANT = "application/x-www-form-urlencoded";

const ACCEPT_CHARACTERS_MAX = 1_000;
const ACCEPT_RANGES_MAX = 32;

/**
 * The type and subtype of a Content-Type header, in lower case.
 *
 * @throws {OperatingError} unsupported_media_type when it is not among `accepted`, or says its text
 * is in another character set than UTF-8.
 */
export function bodyMediaType<T extends string>(
  header: string | null,
  accepted: readonly T[],
): T {
  const essence = essenceOf(header ?? "");
  const found = accepted.find((type) => type === essence);
  if (found === undefined) {
    const given = header === null ? "none" : `"${header.slice(0, 100)}"`;
    const hint = essence === UNMEANT ? "; curl needs -H 'content-type: ...' beside -d" : "";
    throw new OperatingError(
      "unsupported_media_type",
      `Cannot take a body of content type ${given}: expected one of ${accepted.join(", ")}${hint}`,
      { accepted },
    );
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header!)?.[1]?.toLowerCase();
  if (charset !== undefined && !["utf-8", "utf8", "us-ascii"].includes(charset)) {
    throw new OperatingError(
      "unsupported_media_type",
      `Cannot take a body in character set ${charset.slice(0, 40)}: expected utf-8`,
      { charset: charset.slice(0, 40) },
    );
  }
  return found;
}

/**
 * The best of `offered` (in the server's order of preference) for an Accept header.
 *
 * @throws {OperatingError} not_acceptable when the reader wants none of them.
 */
export function negotiate<T extends string>(header: string | null, offered: readonly T[]): T {
  if (header === null || header === "" || header === "*/*") return offered[0]!;
  const ranges = readRanges(header);
  let best: T | undefined;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  if (best !== undefined) return best;
  throw new OperatingError(
    "not_acceptable",
    `Cannot answer in "${header.slice(0, 100)}": offered are ${offered.join(", ")}`,
    { offered },
  );
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function readRanges(header: string): Range[] {
  if (header.length > ACCEPT_CHARACTERS_MAX) {
    throw new OperatingError("invalid_argument", "Cannot read Accept: it is too long", {
      parameter: "Accept",
    });
  }
  return header.split(",", ACCEPT_RANGES_MAX).map((text) => {
    const q = /;\s*q\s*=\s*([0-9.]+)/i.exec(text)?.[1];
    const quality = q === undefined ? 1 : Number(q);
    return { type: essenceOf(text), quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}

/** The quality of the most specific range that matches. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const candidates = [type, `${type.slice(0, type.indexOf("/"))}/*`, "*/*"];
  for (const candidate of candidates) {
    const range = ranges.find((each) => each.type === candidate);
    if (range !== undefined) return range.quality;
  }
  return 0;
}

function essenceOf(text: string): string {
  const semicolon = text.indexOf(";");
  return (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
}
