/**
 * One frame of a journal (the ledger, the origin journal): a small fact, checksummed and numbered.
 * A file is filled with zeros before it is used, so a frame never has to ask for space.
 *
 *     0  length     u32   bytes of the payload; zero where nothing was written yet
 *     4  crc        u32   CRC-32C of bytes 8 .. 16 + length
 *     8  sequence   u64   one more than the frame before, over all files of the journal
 *    16  payload    UTF-8 JSON
 *        zeros      up to a multiple of 8 bytes, so that frames behind a damaged one are found
 *
 * All integers big-endian. A file is written over again once it is no longer needed: what is left
 * of its earlier life has lower sequences, and so is never taken for new.
 *
 * @module
 */
import { uint32At, utf8, viewOf } from "../base/bytes.ts";
import { JOURNAL_FRAME_BYTES_MAX } from "../base/limits.ts";
import type { Position } from "../base/types.ts";

export const FRAME_HEADER_BYTES = 16;
export const FRAME_ALIGNMENT = 8;

/** CRC-32C; the core's, handed in so that this stays a format. */
export type Checksum = (bytes: Uint8Array) => number;

export interface Frame {
  readonly sequence: number;
  readonly payload: unknown;
  /** Bytes the frame takes, padding included. */
  readonly sizeBytes: number;
}

export function frameSize(payloadBytes: number): number {
  const bytes = FRAME_HEADER_BYTES + payloadBytes;
  return bytes + (FRAME_ALIGNMENT - bytes % FRAME_ALIGNMENT) % FRAME_ALIGNMENT;
}

/** @throws {RangeError} when the payload is over its limit: its writer has to split it. */
export function encodeFrame(sequence: number, payload: unknown, crc32c: Checksum): Uint8Array {
  const text = utf8(JSON.stringify(payload));
  if (text.length > JOURNAL_FRAME_BYTES_MAX) {
    throw new RangeError(
      `Cannot frame ${text.length} bytes: the limit is ${JOURNAL_FRAME_BYTES_MAX}`,
    );
  }
  const frame = new Uint8Array(frameSize(text.length));
  const view = viewOf(frame);
  view.setUint32(0, text.length);
  view.setBigUint64(8, BigInt(sequence));
  frame.set(text, FRAME_HEADER_BYTES);
  view.setUint32(4, crc32c(frame.subarray(8, FRAME_HEADER_BYTES + text.length)));
  return frame;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The frame at `position`, or null where there is none that is whole and undamaged. */
export function decodeFrame(bytes: Uint8Array, position: Position, crc32c: Checksum): Frame | null {
  if (position + FRAME_HEADER_BYTES > bytes.length) return null;
  // Asked of every eighth byte of an empty file: a view for each would be garbage.
  const length = uint32At(bytes, position);
  const end = position + FRAME_HEADER_BYTES + length;
  if (length === 0 || length > JOURNAL_FRAME_BYTES_MAX || end > bytes.length) return null;
  if (uint32At(bytes, position + 4) !== crc32c(bytes.subarray(position + 8, end))) return null;
  const sequence = Number(viewOf(bytes).getBigUint64(position + 8));
  if (!Number.isSafeInteger(sequence)) return null;
  try {
    const payload: unknown = JSON.parse(
      decoder.decode(bytes.subarray(position + FRAME_HEADER_BYTES, end)),
    );
    return { sequence, payload, sizeBytes: frameSize(length) };
  } catch {
    return null;
  }
}

/**
 * Where a frame with a sequence above `after` begins behind damage at `from`, or -1. The sequence
 * also has to be one that the bytes between leave room for, so stray bytes seldom cost a checksum.
 */
export function findFrame(
  bytes: Uint8Array,
  from: Position,
  after: number,
  crc32c: Checksum,
): Position {
  const view = viewOf(bytes);
  for (let at = from; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_ALIGNMENT) {
    if (view.getUint32(at) === 0) continue;
    const sequence = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
    const room = 1 + (at - from) / (FRAME_HEADER_BYTES + FRAME_ALIGNMENT);
    if (sequence <= after || sequence > after + 1 + room) continue;
    if (decodeFrame(bytes, at, crc32c) !== null) return at;
  }
  return -1;
}
