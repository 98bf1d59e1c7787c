/**
 * LZ4 frames, as Kafka's clients write and read them.
 *
 *     0  magic             04 22 4d 18
 *     4  FLG               version 01, bit 5 blocks independent, 4 block checksums, 3 content size,
 *                          2 content checksum, 1 reserved, 0 dictionary id
 *     5  BD                bits 4-6 size of a block at most: 4: 64 KiB, 5: 256 KiB, 6: 1 MiB, 7: 4 MiB
 *        content size      u64, where FLG says so
 *        header checksum   second byte of xxh32 from FLG
 *        blocks            u32 size, high bit set: stored as it is; the block; u32 xxh32 of the
 *                          block, where FLG says so
 *        end mark          u32 0
 *        content checksum  u32 xxh32, where FLG says so
 *
 * All integers little-endian. Written: 60 40 82, independent blocks of 64 KiB without checksums,
 * for the batch has one. Read: whatever Java reads, so no linked blocks, no dictionary.
 *
 * Source: Yann Collet, "LZ4 Frame Format Description"; Kafka's Lz4BlockInputStream.
 */
import { BLOCK_SIZE_MAX, compressBlock, decompressBlock, OVERFLOW } from "./lz4_block";
import { BAD_COMPRESSION, TOO_LARGE } from "./status";
import { xxh32 } from "./xxh32";

const MAGIC: u32 = 0x184d2204;
const FLG_WRITTEN: u8 = 0x60;
const BD_WRITTEN: u8 = 0x40;
const CHECKSUM_WRITTEN: u8 = 0x82;
const HEADER_SIZE: u32 = 7;
const END_SIZE: u32 = 4;
const STORED_FLAG: u32 = 0x80000000;

const FLG_FIXED_MASK: u32 = 0xe3;
const FLG_FIXED: u32 = 0x60;
const FLG_BLOCK_CHECKSUM: u32 = 0x10;
const FLG_CONTENT_SIZE: u32 = 0x08;
const FLG_CONTENT_CHECKSUM: u32 = 0x04;
const BD_RESERVED: u32 = 0x8f;

/**
 * Compresses `size` bytes at `start` into one frame.
 *
 * @param room bytes the frame may have; up to SLACK more may be written
 * @returns bytes of the frame, or 0 where it would be larger than `room`
 */
export function compressFrame(start: usize, size: u32, to: usize, room: u32): u32 {
  if (room < HEADER_SIZE + END_SIZE) return 0;
  store<u32>(to, MAGIC);
  store<u8>(to, FLG_WRITTEN, 4);
  store<u8>(to, BD_WRITTEN, 5);
  store<u8>(to, CHECKSUM_WRITTEN, 6);
  const end = start + size;
  const roomEnd = to + room - END_SIZE;
  let out = to + HEADER_SIZE;
  for (; start < end; start += BLOCK_SIZE_MAX) {
    const blockSize = min(<u32> (end - start), BLOCK_SIZE_MAX);
    if (out + 4 > roomEnd) return 0;
    const blockRoom = <u32> (roomEnd - out - 4);
    let packed = compressBlock(start, blockSize, out + 4, min(blockRoom, blockSize - 1));
    let flag: u32 = 0;
    if (packed == 0) {
      if (blockSize > blockRoom) return 0;
      memory.copy(out + 4, start, blockSize);
      packed = blockSize;
      flag = STORED_FLAG;
    }
    store<u32>(out, packed | flag);
    out += 4 + packed;
  }
  store<u32>(out, 0);
  return <u32> (out - to) + END_SIZE;
}

/**
 * Decompresses the one frame that fills `size` bytes at `start`.
 *
 * @param room bytes that may come of it; none is written past them
 * @returns bytes written, BAD_COMPRESSION, or TOO_LARGE where they would be more than `room`
 */
export function decompressFrame(start: usize, size: u32, to: usize, room: u32): i32 {
  const end = start + size;
  const flg = readHeader(start, size);
  if (flg == 0) return BAD_COMPRESSION;
  let at = start + HEADER_SIZE;
  if (flg & FLG_CONTENT_SIZE) at += 8;
  const blockMax = <u32> 1 << (8 + ((load<u8>(start, 5) >>> 4) << 1));
  const trailer: u32 = flg & FLG_BLOCK_CHECKSUM ? 4 : 0;
  let out = to;
  while (true) {
    if (end - at < 4) return BAD_COMPRESSION;
    const word = load<u32>(at);
    at += 4;
    if (word == 0) break;
    const packed = word & ~STORED_FLAG;
    if (packed > blockMax || packed + trailer > <u32> (end - at)) return BAD_COMPRESSION;
    if (trailer && load<u32>(at + packed) != xxh32(at, packed)) return BAD_COMPRESSION;
    const left = room - <u32> (out - to);
    if (word & STORED_FLAG) {
      if (packed > left) return TOO_LARGE;
      memory.copy(out, at, packed);
      out += packed;
    } else {
      const unpacked = decompressBlock(at, packed, out, min(left, blockMax));
      if (unpacked < 0) {
        return unpacked == OVERFLOW && left < blockMax ? TOO_LARGE : BAD_COMPRESSION;
      }
      out += unpacked;
    }
    at += packed + trailer;
  }
  const unpackedSize = <u32> (out - to);
  if (flg & FLG_CONTENT_SIZE && load<u64>(start, 6) != <u64> unpackedSize) return BAD_COMPRESSION;
  if (flg & FLG_CONTENT_CHECKSUM) {
    if (end - at < 4 || load<u32>(at) != xxh32(to, unpackedSize)) return BAD_COMPRESSION;
    at += 4;
  }
  return at == end ? <i32> unpackedSize : BAD_COMPRESSION;
}

/** FLG of a header that is whole, that we read, and whose checksum is right; otherwise 0. */
function readHeader(start: usize, size: u32): u32 {
  if (size < HEADER_SIZE || load<u32>(start) != MAGIC) return 0;
  const flg = <u32> load<u8>(start, 4);
  const bd = <u32> load<u8>(start, 5);
  if ((flg & FLG_FIXED_MASK) != FLG_FIXED) return 0;
  if (bd & BD_RESERVED || bd < 0x40) return 0;
  const checked: u32 = flg & FLG_CONTENT_SIZE ? 10 : 2;
  if (size < 5 + checked) return 0;
  return load<u8>(start + 4 + checked) == <u8> (xxh32(start + 4, checked) >>> 8) ? flg : 0;
}
