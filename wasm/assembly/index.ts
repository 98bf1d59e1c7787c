/** The export list and nothing else. `wasm/README.md` says what each takes and answers. */
export * from "./limits";
export {
  BIG,
  BIG_BYTES,
  FILTER,
  FILTER_BYTES,
  IN,
  IN_BYTES,
  MEMORY_END,
  OUT,
  OUT_BYTES,
  RESULT,
  SESSION_HEADERS_0,
  SESSION_HEADERS_1,
  SESSION_HEADERS_BYTES,
  SUBSCRIPTION,
  SUBSCRIPTION_BYTES,
  TABLE,
  TABLE_BYTES,
  TOUCHED,
} from "./memory";
export { crc32c } from "./crc32c";
export { murmur2 } from "./murmur2";
export { openRecords, validateBatch, verifyBatch } from "./record_batch";
export { walkRecords } from "./record";
export { filterRecords } from "./filter";
export {
  append,
  discard,
  openCount,
  openHandles,
  openSize,
  resetBatches,
  seal,
} from "./open_batch";
export { clearRoutes, setRoute, unwantRoute, wantRoutes } from "./routes";
export { writePublishes } from "./mqtt_packets";
export { ingest, setSessionHeaders } from "./mqtt_publish";
export { compressFrame, decompressFrame } from "./lz4_frame";
export { compressBlock, decompressBlock } from "./lz4_block";
export { decompressSnappy } from "./snappy";
export { xxh32 } from "./xxh32";
export { jsonElements, jsonValueEnd } from "./json";
export { appendLines, badJsonLine } from "./lines";
