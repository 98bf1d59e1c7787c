/**
 * Where a zstd frame ends. The platform's decompressor takes a cut frame for a shorter one and says
 * nothing (seen on Deno 2.9.6), so the outline is walked first.
 *
 *     0   4  magic                  0xFD2FB528, little-endian
 *     4   1  frame header descriptor bits 7-6 content size flag, 5 single segment, 2 checksum,
 *                                   1-0 dictionary id flag
 *     …      window descriptor      1 byte, unless single segment
 *     …      dictionary id          0, 1, 2 or 4 bytes
 *     …      content size           0 or 1, 2, 4 or 8 bytes
 *     …      block*                 3 bytes, little-endian: bit 0 last, 1-2 type, 3-23 size; content
 *     …      checksum               4 bytes, if flagged
 *
 * Source: RFC 8878, section 3.1.1.
 *
 * @module
 */

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const BLOCK_HEADER_BYTES = 3;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/** The position after the frame at the head of `bytes`, or -1 when it is not there whole. */
export function zstdFrameEnd(bytes: Uint8Array): number {
  if (bytes.length < 5 || MAGIC.some((byte, at) => bytes[at] !== byte)) return -1;
  const descriptor = bytes[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 && singleSegment
    ? 1
    : CONTENT_SIZE_BYTES[contentSizeFlag]!;
  let at = 5 + (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + contentSizeBytes;
  for (;;) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return -1;
    const header = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16;
    const type = header >> 1 & 3;
    if (type === BLOCK_RESERVED) return -1;
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : header >> 3);
    if ((header & 1) !== 0) break;
  }
  if ((descriptor & 0x04) !== 0) at += 4;
  return at <= bytes.length ? at : -1;
}
