/** What a filter wants, said in the plainest way: the core's answers are held against it. */
import { bytesEqual, utf8 } from "../../src/base/bytes.ts";
import type { DecodedRecord } from "../../src/core/record.ts";
import type { FilterTerms } from "../../src/core/record_sieve.ts";

export const ANYTHING: FilterTerms = {
  ...{ key: null, headers: [], contains: null },
  ...{ since: null, until: null },
};

export function isWanted(record: DecodedRecord, terms: FilterTerms): boolean {
  const { key, headers, contains, since, until } = terms;
  return (since === null || record.timestamp >= since) &&
    (until === null || record.timestamp < until) &&
    (key === null || record.key !== null && bytesEqual(record.key, key)) &&
    (contains === null || record.value !== null && holds(record.value, contains)) &&
    headers.every(({ name, value }) =>
      record.headers.some(([its, bytes]) =>
        bytes !== null && bytesEqual(bytes, value) && bytesEqual(utf8(its), name)
      )
    );
}

function holds(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (bytesEqual(bytes.subarray(at, at + part.length), part)) return true;
  }
  return false;
}
