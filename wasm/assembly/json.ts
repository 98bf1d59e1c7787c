/**
 * JSON, checked and measured but not read: where does the value end that begins here? Strict RFC
 * 8259: no comments, no trailing commas, no control bytes in strings, and strings are valid UTF-8.
 * One bit a level says whether its container is an object, so there is no recursion.
 *
 * Source: RFC 8259; RFC 3629 for UTF-8.
 */
import { JSON_DEPTH_MAX } from "./limits";
import { JSON_STACK, RESULT } from "./memory";
import { BAD_JSON, OK } from "./status";

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const MINUS: u32 = 0x2d;
const ARRAY: u32 = 0x5b;
const ARRAY_END: u32 = 0x5d;
const OBJECT: u32 = 0x7b;
const OBJECT_END: u32 = 0x7d;
/** Bytes of an element in the table of {@linkcode jsonElements}. */
const ELEMENT_SIZE: usize = 8;

/** The byte at `at`; 0, which JSON has no use for, at the end. */
function peek(at: usize, end: usize): u32 {
  return at < end ? <u32> load<u8>(at) : 0;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

/** Address of the first byte that is not white space, or `end`. */
export function skipSpace(at: usize, end: usize): usize {
  for (; at < end; at++) {
    const byte = <u32> load<u8>(at);
    if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) break;
  }
  return at;
}

/** Address behind the digits at `at`, of which there must be one; otherwise 0. */
function digitsEnd(at: usize, end: usize): usize {
  if (!isDigit(peek(at, end))) return 0;
  do at++; while (isDigit(peek(at, end)));
  return at;
}

function numberEnd(at: usize, end: usize): usize {
  if (peek(at, end) == MINUS) at++;
  if (peek(at, end) == 0x30) at++; // no digit may follow a leading zero
  else at = digitsEnd(at, end);
  if (at && peek(at, end) == 0x2e) at = digitsEnd(at + 1, end);
  if (at && (peek(at, end) | 0x20) == 0x65) {
    at++;
    const sign = peek(at, end);
    if (sign == MINUS || sign == 0x2b) at++;
    at = digitsEnd(at, end);
  }
  return at;
}

/** Address behind a word, whose bytes come as a little-endian number; otherwise 0. */
function wordEnd(at: usize, end: usize, word: u64, size: u32): usize {
  if (<u32> (end - at) < size) return 0;
  const mask = ((<u64> 1) << (size << 3)) - 1;
  return (load<u64>(at) & mask) == word ? at + size : 0;
}

/** Address behind the character at `at`, of two bytes or more; 0 where it is not UTF-8. */
function characterEnd(at: usize, end: usize): usize {
  const first = <u32> load<u8>(at);
  const second = peek(at + 1, end);
  if (first < 0xe0) {
    return first >= 0xc2 && (second & 0xc0) == 0x80 ? at + 2 : 0;
  }
  // The second byte excludes overlong forms, surrogates, and what is beyond U+10FFFF.
  let lowest: u32 = 0x80;
  let highest: u32 = 0xbf;
  if (first == 0xe0) lowest = 0xa0;
  else if (first == 0xed) highest = 0x9f;
  else if (first == 0xf0) lowest = 0x90;
  else if (first == 0xf4) highest = 0x8f;
  else if (first > 0xf4) return 0;
  if (second < lowest || second > highest) return 0;
  if ((peek(at + 2, end) & 0xc0) != 0x80) return 0;
  if (first < 0xf0) return at + 3;
  return (peek(at + 3, end) & 0xc0) == 0x80 ? at + 4 : 0;
}

/** Address behind the escape whose backslash is at `at`; otherwise 0. */
function escapeEnd(at: usize, end: usize): usize {
  const letter = peek(at + 1, end);
  if (letter == 0x75) {
    for (let digit: usize = 2; digit < 6; digit++) {
      const byte = peek(at + digit, end);
      if (!isDigit(byte) && (byte | 0x20) - 0x61 >= 6) return 0;
    }
    return at + 6;
  }
  const known = letter == QUOTE || letter == BACKSLASH || letter == 0x2f || letter == 0x62 ||
    letter == 0x66 || letter == 0x6e || letter == 0x72 || letter == 0x74;
  return known ? at + 2 : 0;
}

/** Address behind the string whose quote is at `at`; otherwise 0. */
function stringEnd(at: usize, end: usize): usize {
  const quote = i8x16.splat(<i8> QUOTE);
  const backslash = i8x16.splat(<i8> BACKSLASH);
  const space = i8x16.splat(0x20);
  at++;
  while (at < end) {
    const bytes = v128.load(at);
    // As signed bytes, control bytes and those of 0x80 and more are both below space.
    const special = i8x16.bitmask(v128.or(
      i8x16.lt_s(bytes, space),
      v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash)),
    ));
    if (special == 0) {
      at += 16;
      continue;
    }
    at += <usize> ctz(special);
    const byte = peek(at, end);
    if (byte == QUOTE) return at + 1;
    if (byte < 0x20) return 0;
    at = byte == BACKSLASH ? escapeEnd(at, end) : characterEnd(at, end);
    if (at == 0) return 0;
  }
  return 0;
}

/** Address behind a value that is no container; otherwise 0. */
function scalarEnd(at: usize, end: usize, first: u32): usize {
  if (first == QUOTE) return stringEnd(at, end);
  if (first == 0x74) return wordEnd(at, end, 0x65757274, 4); // true
  if (first == 0x66) return wordEnd(at, end, 0x65736c6166, 5); // false
  if (first == 0x6e) return wordEnd(at, end, 0x6c6c756e, 4); // null
  return numberEnd(at, end);
}

/** Address behind a member's name and colon, and the white space around them; otherwise 0. */
function nameEnd(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  if (peek(at, end) != QUOTE) return 0;
  at = stringEnd(at, end);
  if (at == 0) return 0;
  at = skipSpace(at, end);
  return peek(at, end) == COLON ? at + 1 : 0;
}

function pushContainer(depth: u32, isObject: bool): void {
  const byte = JSON_STACK + (depth >>> 3);
  const bit = 1 << (depth & 7);
  store<u8>(byte, isObject ? load<u8>(byte) | bit : load<u8>(byte) & ~bit);
}

function topIsObject(depth: u32): bool {
  return ((load<u8>(JSON_STACK + ((depth - 1) >>> 3)) >>> ((depth - 1) & 7)) & 1) != 0;
}

/** Address behind the value at `at`, white space before it skipped; otherwise 0. */
function valueEnd(at: usize, end: usize): usize {
  let depth: u32 = 0;
  while (true) {
    at = skipSpace(at, end);
    const first = peek(at, end);
    if (first == OBJECT || first == ARRAY) {
      if (depth == JSON_DEPTH_MAX) return 0;
      const isObject = first == OBJECT;
      pushContainer(depth++, isObject);
      at = skipSpace(at + 1, end);
      if (peek(at, end) != (isObject ? OBJECT_END : ARRAY_END)) {
        if (isObject) at = nameEnd(at, end);
        if (at == 0) return 0;
        continue;
      }
    } else {
      at = scalarEnd(at, end, first);
      if (at == 0) return 0;
      if (depth == 0) return at;
      at = skipSpace(at, end);
    }
    // Behind a value, or at the end of an empty container: close what ends here.
    while (peek(at, end) == (topIsObject(depth) ? OBJECT_END : ARRAY_END)) {
      at++;
      if (--depth == 0) return at;
      at = skipSpace(at, end);
    }
    if (peek(at, end) != COMMA) return 0;
    at++;
    if (topIsObject(depth)) at = nameEnd(at, end);
    if (at == 0) return 0;
  }
}

/**
 * Measures the value at `start`, which white space may precede.
 *
 * @returns position behind it, or BAD_JSON
 */
export function jsonValueEnd(start: usize, size: u32): i32 {
  const end = valueEnd(start, start + size);
  return end ? <i32> (end - start) : BAD_JSON;
}

/**
 * Finds the elements of an array that fills its bytes, white space around it aside.
 *
 * @param from  position of the element to go on from; 0 at first
 * @param table address of the table: u32 position and u32 position behind, for each
 * @param room  elements it has room for, at least one
 * @returns     elements written, or BAD_JSON. RESULT: u32 position to go on from, 0 when done
 */
export function jsonElements(start: usize, size: u32, from: u32, table: usize, room: u32): i32 {
  const end = start + size;
  let at = start + from;
  let found: u32 = 0;
  store<u32>(RESULT, 0);
  if (from == 0) {
    at = skipSpace(at, end);
    if (peek(at, end) != ARRAY) return BAD_JSON;
    at = skipSpace(at + 1, end);
    if (peek(at, end) == ARRAY_END) return skipSpace(at + 1, end) == end ? OK : BAD_JSON;
  }
  while (found < room) {
    at = skipSpace(at, end);
    store<u32>(table, <u32> (at - start));
    at = valueEnd(at, end);
    if (at == 0) return BAD_JSON;
    store<u32>(table, <u32> (at - start), 4);
    table += ELEMENT_SIZE;
    found++;
    at = skipSpace(at, end);
    const byte = peek(at, end);
    if (byte == ARRAY_END) return skipSpace(at + 1, end) == end ? found : BAD_JSON;
    if (byte != COMMA) return BAD_JSON;
    at++;
  }
  store<u32>(RESULT, <u32> (at - start));
  return found;
}
