/**
 * The batches of a segment, or the records in them, as they lie: whatever is whole is shown, be it
 * where it belongs or not, and what lies between is shown as damage.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import { BATCH_BYTES_MAX, DECOMPRESSED_BYTES_MAX } from "../base/limits.ts";
import type { Core } from "../core/core.ts";
import { statusName } from "../core/status.ts";
import { codecOf, inflatedRecords } from "../format/codec.ts";
import { type BatchHeader, HEADER_SIZE, readBatchHeader } from "../format/record_batch.ts";
import { inflate } from "../host/inflate.ts";
import type { ByteSource } from "../store/byte_source.ts";
import type { DirectoryReader, SegmentFile } from "../store/directory_reader.ts";
import type { Terminal } from "./command.ts";
import type { Report, ReportRow } from "./report.ts";

export interface DumpOptions {
  readonly dataDir: string;
  readonly reader: DirectoryReader;
  readonly core: Core;
  readonly terminal: Terminal;
  readonly report: Report;
  readonly records: boolean;
  readonly json: boolean;
}

interface Batch {
  readonly position: number;
  readonly header: BatchHeader;
}

interface Damage {
  readonly position: number;
  readonly sizeBytes: number;
  readonly state: string;
}

/** Rows of one table: a segment of small batches has hundreds of thousands. */
const ROWS_AT_ONCE = 10_000;
/** Bytes looked through at once for a batch. */
const SEARCH_BYTES = 1024 * 1024;

export async function dumpPartition(segment: SegmentFile, options: DumpOptions): Promise<void> {
  const { dataDir, reader, core, terminal, report, records, json } = options;
  const path = `${dataDir}/${segment.path}`;
  if (segment.bytes === null) return terminal.remark(`Cannot open ${path}`);
  const { source, close } = reader.source(segment.path);
  try {
    if (records) return await dumpRecords(source, core, terminal);
    await report.line(path);
    const rows: ReportRow[] = [];
    for (const found of scan(core, source)) {
      rows.push(rowOf(found, json));
      if (rows.length === ROWS_AT_ONCE) await report.rows("batch", rows.splice(0));
    }
    await report.rows("batch", rows.splice(0));
    if (source.unreadableBytes > 0) {
      terminal.remark(`${source.unreadableBytes} bytes of ${path} cannot be read`);
    }
  } finally {
    close();
  }
}

/** Batches in order; where none begins, the bytes up to the next one that is whole. */
function* scan(core: Core, source: ByteSource): Generator<Batch | Damage> {
  for (let position = 0; position < source.end;) {
    const size = core.verifyBatch(source.batchWindow(position));
    if (size > 0) {
      yield { position, header: readBatchHeader(source.read(position, HEADER_SIZE)) };
      position += size;
      continue;
    }
    const next = nextBatch(core, source, position + 1);
    yield { position, sizeBytes: next - position, state: statusName(size) };
    position = next;
  }
}

/** Where the next whole batch begins; the end of the file where there is none. */
function nextBatch(core: Core, source: ByteSource, from: number): number {
  for (let at = from; at < source.end;) {
    const window = source.read(at, SEARCH_BYTES);
    const places = window.length - HEADER_SIZE;
    const within = firstHeader(window, places);
    if (within > places || within < 0) {
      if (at + window.length >= source.end) return source.end;
      at += Math.max(1, places + 1);
      continue;
    }
    if (core.verifyBatch(source.read(at + within, BATCH_BYTES_MAX)) > 0) return at + within;
    at += within + 1;
  }
  return source.end;
}

/** The magic and the high bytes of offset and length: cheap, and rarely right by chance. */
function firstHeader(window: Uint8Array, places: number): number {
  for (let at = 0; at <= places; at++) {
    if (window[at + 16] === 2 && window[at] === 0 && window[at + 8] === 0) return at;
  }
  return places + 1;
}

function rowOf(found: Batch | Damage, json: boolean): ReportRow {
  if (!("header" in found)) {
    const { position, sizeBytes, state } = found;
    if (json) return { position, size: sizeBytes, crc_ok: false, damage: state };
    const none = { records: null, epoch: null, codec: null, crc: null, log_id: null, source: null };
    return { position, size: sizeBytes, offsets: state, ...none };
  }
  const { position, header } = found;
  const { baseOffset, lastOffset, leaderEpoch: epoch, logId, sourceOffset: source } = header;
  const crc = header.crc.toString(16).padStart(8, "0");
  const [size, records, codec] = [
    header.sizeBytes,
    header.recordsCount,
    codecOf(header.attributes),
  ];
  if (json) {
    const offsets = { base_offset: baseOffset, last_offset: lastOffset };
    const origin = { log_id: logId, source_offset: source };
    return { position, size, ...offsets, records, epoch, codec, crc, crc_ok: true, ...origin };
  }
  const offsets = `${baseOffset}..${lastOffset}`;
  return { position, size, offsets, records, epoch, codec, crc, log_id: logId, source };
}

async function dumpRecords(source: ByteSource, core: Core, terminal: Terminal): Promise<void> {
  for (const found of scan(core, source)) {
    if (!("header" in found)) {
      terminal.remark(`${found.sizeBytes} damaged bytes at ${found.position}: ${found.state}`);
      continue;
    }
    const { position, header } = found;
    try {
      await terminal.out(linesOf(core, source.read(position, header.sizeBytes).slice()));
    } catch (error) {
      terminal.remark(`Cannot show the records of ${header.baseOffset}: ${messageOf(error)}`);
    }
  }
}

function linesOf(core: Core, bytes: Uint8Array): string {
  const { attributes } = readBatchHeader(bytes);
  const compressed = { attributes, records: bytes.subarray(HEADER_SIZE) };
  const inflated = inflatedRecords(compressed, inflate, DECOMPRESSED_BYTES_MAX);
  return core.decode(bytes, inflated).map((record) =>
    JSON.stringify({
      offset: record.offset,
      timestamp: record.timestamp,
      key: shown(record.key),
      value: shown(record.value),
      headers: record.headers.map(([key, value]) => ({ key, value: shown(value) })),
    }) + "\n"
  ).join("");
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text where it is text; else base64, said to be that. */
function shown(bytes: Uint8Array | null): string | { readonly base64: string } | null {
  if (bytes === null) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return { base64: bytes.toBase64() };
  }
}
