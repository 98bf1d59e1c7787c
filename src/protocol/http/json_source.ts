/**
 * Parts of a JSON text as their source bytes. The text must be known to be well-formed (the core has
 * checked it), so that only the ends of its values are left to find.
 *
 * @module
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The first position from `from` on that holds no JSON white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at]!)) at++;
  return at;
}

export function isObject(source: Uint8Array): boolean {
  return source[0] === OPEN_OBJECT;
}

export function isArray(source: Uint8Array): boolean {
  return source[0] === OPEN_ARRAY;
}

export function isString(source: Uint8Array): boolean {
  return source[0] === QUOTE;
}

export function isNull(source: Uint8Array): boolean {
  return source[0] === 0x6e;
}

/** The members of an object, in order: the source of each name and of its value. */
export function* membersOf(object: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
  let at = skipSpace(object, 1);
  while (at < object.length && object[at] !== CLOSE_OBJECT) {
    const nameEnd = valueEnd(object, at);
    // Behind the name stands a colon, with white space on either side.
    const from = skipSpace(object, skipSpace(object, nameEnd) + 1);
    const to = valueEnd(object, from);
    if (to === at) return;
    yield [object.subarray(at, nameEnd), object.subarray(from, to)];
    at = skipComma(object, to);
  }
}

/** The source of each element of an array. */
export function* elementsOf(array: Uint8Array): Iterable<Uint8Array> {
  let at = skipSpace(array, 1);
  while (at < array.length && array[at] !== CLOSE_ARRAY) {
    const to = valueEnd(array, at);
    if (to === at) return;
    yield array.subarray(at, to);
    at = skipComma(array, to);
  }
}

function skipComma(bytes: Uint8Array, from: number): number {
  const at = skipSpace(bytes, from);
  return bytes[at] === COMMA ? skipSpace(bytes, at + 1) : at;
}

function valueEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return stringEnd(bytes, from);
  if (first === OPEN_ARRAY || first === OPEN_OBJECT) return containerEnd(bytes, from);
  let at = from;
  while (at < bytes.length && !endsScalar(bytes[at]!)) at++;
  return at;
}

function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function containerEnd(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length;) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    at++;
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if ((byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) && --depth === 0) return at;
  }
  return bytes.length;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || isSpace(byte);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
