/**
 * Where one CBOR data item ends: so that the elements of an array are stored as the bytes that were
 * sent, never decoded and encoded again. Checks that an item is well-formed and no more.
 *
 *   initial byte   bits 7-5 major type, bits 4-0 additional information
 *   argument       0..23 in the initial byte; 24, 25, 26, 27: the next 1, 2, 4, 8 bytes; 31: indefinite
 *
 * Source: RFC 8949, section 3 and appendix C (well-formedness).
 *
 * @module
 */

const BREAK = 0xff;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const MAJOR_MAP = 5;
const MAJOR_TAG = 6;
const MAJOR_SIMPLE = 7;
const INDEFINITE = 31;

/** Items inside items: deeper is an attack, not data. */
const DEPTH_MAX = 128;

/** Thrown to leave the recursion at the first byte that is not well-formed. */
class Malformed extends Error {
  constructor(readonly position: number) {
    super("malformed CBOR");
  }
}

interface Head {
  readonly major: number;
  readonly info: number;
  readonly argument: number;
  readonly end: number;
}

/**
 * The end of the item at `from`, or `-1 - position` where the bytes stop being a well-formed item.
 */
export function cborItemEnd(bytes: Uint8Array, from: number): number {
  try {
    return itemEnd(bytes, from, 0);
  } catch (error) {
    if (error instanceof Malformed) return -1 - error.position;
    throw error;
  }
}

/**
 * The elements of the array at the head of `bytes` as ranges of it, or null when it is no array.
 * Negative as {@linkcode cborItemEnd} where an element is not well-formed. Looks no further than the
 * first element beyond `elementsMax`.
 */
export function cborArrayElements(
  bytes: Uint8Array,
  elementsMax: number,
): { readonly elements: readonly [number, number][]; readonly end: number } | null | number {
  try {
    const head = headAt(bytes, 0);
    if (head.major !== MAJOR_ARRAY) return null;
    const elements: [number, number][] = [];
    let at = head.end;
    while (
      head.info === INDEFINITE ? byteAt(bytes, at) !== BREAK : elements.length < head.argument
    ) {
      const end = itemEnd(bytes, at, 1);
      elements.push([at, end]);
      at = end;
      if (elements.length > elementsMax) return { elements, end };
    }
    return { elements, end: head.info === INDEFINITE ? at + 1 : at };
  } catch (error) {
    if (error instanceof Malformed) return -1 - error.position;
    throw error;
  }
}

function itemEnd(bytes: Uint8Array, from: number, depth: number): number {
  if (depth > DEPTH_MAX) throw new Malformed(from);
  const head = headAt(bytes, from);
  switch (head.major) {
    case MAJOR_BYTES:
    case MAJOR_TEXT:
      return head.info === INDEFINITE ? chunksEnd(bytes, head) : stringEnd(bytes, head, from);
    case MAJOR_ARRAY:
      return manyEnd(bytes, head, { count: head.argument, depth });
    case MAJOR_MAP:
      return manyEnd(bytes, head, { count: 2 * head.argument, depth });
    case MAJOR_TAG:
      return itemEnd(bytes, head.end, depth + 1);
    default:
      return head.end;
  }
}

function headAt(bytes: Uint8Array, from: number): Head {
  const initial = byteAt(bytes, from);
  const major = initial >> 5;
  const info = initial & 0x1f;
  if (info < 24) return { major, info, argument: info, end: from + 1 };
  if (info === INDEFINITE) {
    // A lone break, and indefinite integers and tags, are not well-formed.
    if (major < MAJOR_BYTES || major > MAJOR_MAP) throw new Malformed(from);
    return { major, info, argument: 0, end: from + 1 };
  }
  if (info > 27) throw new Malformed(from);
  const width = 1 << (info - 24);
  if (from + 1 + width > bytes.length) throw new Malformed(bytes.length);
  let argument = 0;
  for (let at = from + 1; at <= from + width; at++) argument = argument * 256 + bytes[at]!;
  // Two-byte simple values below 32 are reserved.
  if (major === MAJOR_SIMPLE && info === 24 && argument < 32) throw new Malformed(from);
  return { major, info, argument, end: from + 1 + width };
}

function stringEnd(bytes: Uint8Array, head: Head, from: number): number {
  if (head.argument > bytes.length - head.end) throw new Malformed(from);
  return head.end + head.argument;
}

/** Chunks of an indefinite string: definite strings of the same type, then a break. */
function chunksEnd(bytes: Uint8Array, head: Head): number {
  let at = head.end;
  while (byteAt(bytes, at) !== BREAK) {
    const chunk = headAt(bytes, at);
    if (chunk.major !== head.major || chunk.info === INDEFINITE) throw new Malformed(at);
    at = stringEnd(bytes, chunk, at);
  }
  return at + 1;
}

function manyEnd(
  bytes: Uint8Array,
  head: Head,
  { count, depth }: { readonly count: number; readonly depth: number },
): number {
  let at = head.end;
  if (head.info !== INDEFINITE) {
    // Each item is a byte at least: a count beyond the bytes left fails before it is walked.
    if (count > bytes.length - at) throw new Malformed(at);
    for (let index = 0; index < count; index++) at = itemEnd(bytes, at, depth + 1);
    return at;
  }
  let items = 0;
  for (; byteAt(bytes, at) !== BREAK; items++) at = itemEnd(bytes, at, depth + 1);
  if (head.major === MAJOR_MAP && items % 2 !== 0) throw new Malformed(at);
  return at + 1;
}

function byteAt(bytes: Uint8Array, position: number): number {
  const byte = bytes[position];
  if (byte === undefined) throw new Malformed(position);
  return byte;
}
