/**
 * Content codings: how a body may be packed for its reader.
 *
 * Source: RFC 9110, section 12.5.3 (Accept-Encoding); RFC 8878 for zstd.
 *
 * @module
 */

export type ContentCoding = "gzip" | "zstd";

/** Packs a body; `host/inflate.ts` is handed in. Never on the event loop. */
export type Compress = (
  coding: ContentCoding,
  bytes: Uint8Array<ArrayBuffer>,
) => Promise<Uint8Array<ArrayBuffer>>;

/** As we prefer them: zstd packs better, and several times faster. */
const OFFERED: readonly ContentCoding[] = ["zstd", "gzip"];

const CHARACTERS_MAX = 1_000;

/**
 * The coding the reader likes best; null for none. A header that is too long, or refuses the plain
 * body without naming another, is not heard: a plain body is what everybody can read.
 */
export function contentCoding(header: string | null): ContentCoding | null {
  if (header === null || header === "" || header.length > CHARACTERS_MAX) return null;
  const qualities = new Map(header.split(",").map(readElement));
  const any = qualities.get("*");
  const plain = qualities.get("identity") ?? 0;
  let best: ContentCoding | null = null;
  let bestQuality = 0;
  for (const coding of OFFERED) {
    const quality = qualities.get(coding) ?? qualities.get(`x-${coding}`) ?? any ?? 0;
    if (quality > bestQuality && quality >= plain) [best, bestQuality] = [coding, quality];
  }
  return best;
}

function readElement(element: string): [coding: string, quality: number] {
  const [coding = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.map((parameter) => /^q\s*=\s*(\S*)$/.exec(parameter)?.[1])
    .find((value) => value !== undefined);
  if (q === undefined) return [coding, 1];
  const quality = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0;
  return [coding, quality];
}
