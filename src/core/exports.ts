/**
 * What `core.wasm` exports, as `wasm/README.md` describes it. Addresses, sizes and handles are
 * integers; times and offsets are whole numbers that a double holds exactly.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import * as limits from "../base/limits.ts";

export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  crc32c(start: number, size: number, seed: number): number;
  murmur2(start: number, size: number): number;
  verifyBatch(start: number, available: number, batchBytesMax: number): number;
  validateBatch(batch: number, size: number, inflated: number, inflatedSize: number): number;
  openRecords(batch: number, size: number): number;
  walkRecords(
    start: number,
    size: number,
    from: number,
    index: number,
    count: number,
    table: number,
    tableSize: number,
  ): number;
  filterRecords(
    start: number,
    size: number,
    from: number,
    index: number,
    count: number,
    first: number,
    rowsMax: number,
  ): number;
  append(
    handle: number,
    timestamp: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
    headers: number,
    headersSize: number,
    wanted: number,
  ): number;
  openCount(handle: number): number;
  openSize(handle: number): number;
  openHandles(to: number): number;
  seal(
    handle: number,
    baseOffset: number,
    leaderEpoch: number,
    logIdHigh: number,
    logIdLow: number,
    compress: number,
  ): number;
  discard(handle: number): void;
  setRoute(
    nameAt: number,
    nameSize: number,
    handle: number,
    keyAt: number,
    keySize: number,
    keyIsTopic: number,
    recordSizeMax: number,
    wanted: number,
  ): void;
  wantRoutes(filterAt: number, filterSize: number): void;
  unwantRoute(nameAt: number, nameSize: number): void;
  clearRoutes(): void;
  setSessionHeaders(size0: number, size1: number): void;
  compressFrame(start: number, size: number, to: number, room: number): number;
  decompressFrame(start: number, size: number, to: number, room: number): number;
  compressBlock(start: number, size: number, to: number, room: number): number;
  decompressBlock(start: number, size: number, to: number, room: number): number;
  decompressSnappy(start: number, size: number, to: number, room: number): number;
  xxh32(start: number, size: number): number;
  jsonValueEnd(start: number, size: number): number;
  jsonElements(start: number, size: number, from: number, table: number, room: number): number;
  badJsonLine(start: number, size: number): number;
  appendLines(
    handle: number,
    start: number,
    size: number,
    last: number,
    timestamp: number,
    key: number,
    keySize: number,
    headers: number,
    headersSize: number,
  ): number;
  writePublishes(
    records: number,
    row: number,
    count: number,
    offset: number,
    how: number,
    filtersSize: number,
    to: number,
  ): number;
  ingest(start: number, size: number, version: number, now: number, packetSizeMax: number): number;
  resetBatches(): void;
}

/** Addresses and sizes of the areas both sides use. */
export type MemoryMap = Readonly<Record<typeof MAPPED[number], number>>;

const MAPPED = [
  "BIG",
  "BIG_BYTES",
  "FILTER",
  "FILTER_BYTES",
  "IN",
  "IN_BYTES",
  "OUT",
  "OUT_BYTES",
  "RESULT",
  "SESSION_HEADERS_0",
  "SESSION_HEADERS_1",
  "SESSION_HEADERS_BYTES",
  "SUBSCRIPTION",
  "SUBSCRIPTION_BYTES",
  "TABLE",
  "TABLE_BYTES",
  "TOUCHED",
] as const;

const LIMITS_OF_BOTH = [
  "BATCH_BYTES_MAX",
  "BATCH_BYTES_TARGET",
  "BATCH_RECORDS_MAX",
  "DECOMPRESSED_BYTES_MAX",
  "PARTITIONS_MAX",
  "RECORD_HEADERS_MAX",
] as const;

/** Compiles and instantiates the core, and checks that its limits are this node's. */
export function instantiate(wasm: Uint8Array): { exports: CoreExports; map: MemoryMap } {
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module);
  const constant = (name: string) => Number((exports[name] as WebAssembly.Global).value);
  for (const name of LIMITS_OF_BOTH) {
    assert(constant(name) === limits[name], `${name} is the same in base/limits.ts and the core`);
  }
  const memory = exports["memory"] as WebAssembly.Memory;
  assert(constant("MEMORY_END") === memory.buffer.byteLength, "the memory is what its map says");
  const map = Object.fromEntries(MAPPED.map((name) => [name, constant(name)])) as MemoryMap;
  assert(
    map.IN_BYTES >= limits.MQTT_PACKET_BYTES_MAX + 64 * 1024,
    "a read that ends the largest packet fits the core",
  );
  return { exports: exports as unknown as CoreExports, map };
}
