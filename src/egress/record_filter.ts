/**
 * Which records a reader wants: those of which all that the request says holds.
 *
 *   key=K          the key is exactly these bytes
 *   header.NAME=V  a header of that name has exactly this value; several names may be given
 *   contains=T     these bytes stand in the value
 *   since=T        the timestamp is at or after T: milliseconds, or RFC 3339
 *   until=T        the timestamp is before T
 *
 * Texts stand for their UTF-8 bytes; a null key or value equals and contains nothing.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import {
  FILTER_BYTES_MAX,
  FILTER_CONTAINS_BYTES_MAX,
  FILTER_HEADERS_MAX,
} from "../base/reader_limits.ts";
import type { TimestampMs } from "../base/types.ts";
import type { FilterTerms } from "../core/record_sieve.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { Query } from "../protocol/http/query.ts";

/** Parameters of a filter, as a Query knows them. */
export const FILTER_PARAMETERS = ["key", "header.", "contains", "since", "until"] as const;

const DECIMAL = /^-?[0-9]{1,16}$/;
/** RFC 3339; the plus of a zone reaches us as a space where nobody escaped it. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+\- ]\d\d:\d\d)$/;

export class RecordFilter {
  readonly terms: FilterTerms;
  /** The same for filters that say the same. */
  readonly id: string;

  constructor(terms: FilterTerms, id: string) {
    this.terms = terms;
    this.id = id;
  }

  /**
   * The filter that a request asks for; undefined where it asks for none.
   *
   * @throws {OperatingError} invalid_argument
   */
  static ofQuery(query: Query): RecordFilter | undefined {
    const headers = query.withPrefix("header.");
    const names = ["key", "contains", "since", "until"].filter((name) => query.has(name));
    if (headers.length === 0 && names.length === 0) return undefined;
    const terms: FilterTerms = {
      key: bytesOf(query, "key"),
      headers: headers.map(([name, value]) => ({ name: utf8(name), value: utf8(value) })),
      contains: bytesOf(query, "contains"),
      since: timeOf(query, "since"),
      until: timeOf(query, "until"),
    };
    checkSizes(terms);
    const said = names.map((name) => [name, query.text(name)]);
    return new RecordFilter(terms, JSON.stringify([said, headers.toSorted()]));
  }

  /** Whether no record of the batch can match: it is not worth looking into. */
  skips({ maxTimestamp }: Pick<BatchHeader, "maxTimestamp">): boolean {
    // Its base timestamp is the first record's, and says nothing of the others.
    return this.terms.since !== null && maxTimestamp < this.terms.since;
  }
}

function bytesOf(query: Query, name: string): Uint8Array | null {
  const text = query.text(name);
  return text === undefined ? null : utf8(text);
}

function timeOf(query: Query, name: string): TimestampMs | null {
  const text = query.text(name);
  if (text === undefined) return null;
  const ms = DECIMAL.test(text) ? Number(text) : rfc3339(text);
  if (Number.isSafeInteger(ms)) return ms;
  throw invalid(
    name,
    `Cannot take ${name}="${text.slice(0, 40)}": expected milliseconds since 1970, or RFC 3339`,
  );
}

/** NaN where it is none. A part of a millisecond is cut off. */
function rfc3339(text: string): number {
  if (!RFC_3339.test(text)) return NaN;
  const zoned = text.replace(/ (?=\d\d:\d\d$)/, "+").replace(/^(.{10}) /, "$1T").toUpperCase();
  const ms = Date.parse(zoned.replace(/(\.\d{3})\d+/, "$1"));
  // The platform takes the 30th of February for a day in March.
  const day = Number(text.slice(8, 10));
  const days = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0));
  return day <= days.getUTCDate() ? ms : NaN;
}

function checkSizes({ key, headers, contains }: FilterTerms): void {
  if (contains?.length === 0) {
    throw invalid("contains", "Cannot look for contains=: expected at least one byte");
  }
  if (contains !== null && contains.length > FILTER_CONTAINS_BYTES_MAX) {
    throw invalid(
      "contains",
      `Cannot look for ${contains.length} bytes: at most ${FILTER_CONTAINS_BYTES_MAX}`,
    );
  }
  if (headers.length > FILTER_HEADERS_MAX) {
    throw invalid("header", `Cannot look at over ${FILTER_HEADERS_MAX} headers`);
  }
  let bytes = (key?.length ?? 0) + (contains?.length ?? 0);
  for (const { name, value } of headers) bytes += name.length + value.length;
  if (bytes <= FILTER_BYTES_MAX) return;
  throw invalid(
    key === null ? "header" : "key",
    `Cannot filter by ${bytes} bytes: at most ${FILTER_BYTES_MAX}`,
  );
}

function invalid(parameter: string, message: string): OperatingError {
  return new OperatingError("invalid_argument", message, { parameter });
}
