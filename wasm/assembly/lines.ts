/**
 * Text and NDJSON bodies: a record a line. Lines end with LF or CRLF; empty ones are skipped.
 */
import { jsonValueEnd, skipSpace } from "./json";
import { RESULT } from "./memory";
import { append } from "./open_batch";
import { NEED_MORE, OK } from "./status";

const LF: i32 = 0x0a;
const CR: u8 = 0x0d;

/** Address of the next LF, or `end`. Looks at sixteen bytes a step, so some behind `end`. */
function lineEnd(at: usize, end: usize): usize {
  const lf = i8x16.splat(<i8> LF);
  for (; at < end; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), lf));
    if (found) return min(at + <usize> ctz(found), end);
  }
  return end;
}

/** The line without the CR of its CRLF. */
function withoutCr(start: usize, end: usize): usize {
  return end > start && load<u8>(end - 1) == CR ? end - 1 : end;
}

/**
 * Appends a record for each line.
 *
 * @param last not zero: what follows the last LF is a line, too
 * @returns OK once all lines are appended, NEED_MORE where the last line has no end, or why
 *          {@linkcode append} refuses the next. RESULT: u32 bytes consumed | records appended
 */
export function appendLines(
  handle: u32,
  start: usize,
  size: u32,
  last: u32,
  timestamp: f64,
  key: usize,
  keySize: i32,
  headers: usize,
  headersSize: u32,
): i32 {
  const end = start + size;
  let at = start;
  let records: u32 = 0;
  let status: i32 = OK;
  while (at < end) {
    const next = lineEnd(at, end);
    if (next == end && !last) {
      status = NEED_MORE;
      break;
    }
    const lineSize = <i32> (withoutCr(at, next) - at);
    if (lineSize) {
      status = append(handle, timestamp, key, keySize, at, lineSize, headers, headersSize, 1);
      if (status != OK) break;
      records++;
    }
    at = min(next + 1, end);
  }
  store<u32>(RESULT, <u32> (at - start));
  store<u32>(RESULT, records, 4);
  return status;
}

/** Position of the first line that is not one JSON value; -1 where all are. */
export function badJsonLine(start: usize, size: u32): i32 {
  const end = start + size;
  for (let at = start; at < end;) {
    const next = lineEnd(at, end);
    const stop = withoutCr(at, next);
    if (stop > at) {
      const valueEnd = jsonValueEnd(at, <u32> (stop - at));
      if (valueEnd < 0 || skipSpace(at + valueEnd, stop) != stop) return <i32> (at - start);
    }
    at = next + 1;
  }
  return -1;
}
