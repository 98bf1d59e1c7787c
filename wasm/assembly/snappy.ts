import { BAD_COMPRESSION } from "./status";
export function decompressSnappy(start: usize, size: u32, to: usize, room: u32): i32 {
  return BAD_COMPRESSION;
}
