/** The export list and nothing else. `wasm/README.md` says what each takes and answers. */
export * from "./limits";
export {
  BIG,
  BIG_BYTES,
  IN,
  IN_BYTES,
  MEMORY_END,
  OUT,
  OUT_BYTES,
  RESULT,
  TABLE,
  TABLE_BYTES,
} from "./memory";
export { crc32c } from "./crc32c";
export { murmur2 } from "./murmur2";
export { openRecords, validateBatch, verifyBatch } from "./record_batch";
export { walkRecords } from "./record";
export {
  append,
  discard,
  openCount,
  openHandles,
  openSize,
  resetBatches,
  seal,
} from "./open_batch";
