/**
 * `dump`: what lies in a partition of a data directory, without a node. It reads only, so it may run
 * beside one. Damage is shown where it is, and the next good batch is looked for.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { messageOf, OperatingError } from "../base/errors.ts";
import { BATCH_BYTES_MAX, DECOMPRESSED_BYTES_MAX } from "../base/limits.ts";
import { Core } from "../core/core.ts";
import { statusName } from "../core/status.ts";
import { codecOf, inflatedRecords } from "../format/codec.ts";
import { type BatchHeader, HEADER_SIZE, readBatchHeader } from "../format/record_batch.ts";
import { baseOffsetOf } from "../format/segment_name.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { inflate } from "../host/inflate.ts";
import type { Command, CommandContext, Terminal } from "./command.ts";
import { formatTable } from "./table.ts";

export const DUMP: Command = {
  usage: "DATA_DIR TOPIC [--partition P] [--records]",
  summary: "show the batches, or the records, in a data directory; needs no node",
  positionals: { min: 2, max: 2 },
  valued: ["--partition"],
  bare: ["--records"],
  run: dump,
};

interface Batch {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
}

interface Damage {
  readonly position: number;
  readonly sizeBytes: number;
  readonly state: string;
}

async function dump({ args, terminal }: CommandContext): Promise<void> {
  const [dataDir, topic] = args.positionals as [string, string];
  const directory = `${dataDir}/${topic}-${args.count("--partition") ?? 0}`;
  const core = Core.create(loadCoreFile());
  for (const name of segmentsIn(directory)) {
    const path = `${directory}/${name}`;
    const found = [...scan(core, readFileSync(path))];
    if (args.has("--records")) await dumpRecords(core, found, terminal);
    else await terminal.out(`${path}\n${batchTable(found)}`);
  }
}

function segmentsIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => baseOffsetOf(name) !== null).sort();
  } catch (error) {
    const message = `Cannot read ${directory}: ${messageOf(error)}`;
    throw new OperatingError("not_found", message, {}, error);
  }
}

/** Batches in order; where none begins, the bytes up to the next one that is whole. */
function* scan(core: Core, bytes: Uint8Array): Generator<Batch | Damage> {
  for (let position = 0; position < bytes.length;) {
    const size = verify(core, bytes, position);
    if (size > 0) {
      const batch = bytes.subarray(position, position + size);
      yield { position, bytes: batch, header: readBatchHeader(batch) };
      position += size;
      continue;
    }
    let next = position + 1;
    while (next < bytes.length && !(mayBegin(bytes, next) && verify(core, bytes, next) > 0)) next++;
    yield { position, sizeBytes: next - position, state: statusName(size) };
    position = next;
  }
}

function verify(core: Core, bytes: Uint8Array, position: number): number {
  return core.verifyBatch(bytes.subarray(position, position + BATCH_BYTES_MAX));
}

/** The magic and the high bytes of offset and length: cheap, and rarely right by chance. */
function mayBegin(bytes: Uint8Array, at: number): boolean {
  return at + HEADER_SIZE <= bytes.length && bytes[at + 16] === 2 && bytes[at] === 0 &&
    bytes[at + 8] === 0;
}

function batchTable(found: readonly (Batch | Damage)[]): string {
  const head = ["POSITION", "SIZE", "OFFSETS", "RECORDS", "CODEC", "CRC", "LOG ID", "SOURCE"];
  const rows = found.map((one) => {
    if (!("header" in one)) return [one.position, one.sizeBytes, one.state, ...Array(5).fill(null)];
    const { header } = one;
    return [
      one.position,
      header.sizeBytes,
      `${header.baseOffset}..${header.lastOffset}`,
      header.recordsCount,
      codecOf(header.attributes),
      header.crc.toString(16).padStart(8, "0"),
      header.logId,
      header.sourceOffset,
    ];
  });
  return formatTable(head, rows);
}

async function dumpRecords(
  core: Core,
  found: readonly (Batch | Damage)[],
  terminal: Terminal,
): Promise<void> {
  for (const one of found) {
    if (!("header" in one)) {
      terminal.remark(`${one.sizeBytes} damaged bytes at ${one.position}: ${one.state}`);
      continue;
    }
    const compressed = {
      attributes: one.header.attributes,
      records: one.bytes.subarray(HEADER_SIZE),
    };
    const inflated = inflatedRecords(compressed, inflate, DECOMPRESSED_BYTES_MAX);
    const lines = core.decode(one.bytes, inflated).map((record) =>
      JSON.stringify({
        offset: record.offset,
        timestamp: record.timestamp,
        key: shown(record.key),
        value: shown(record.value),
        headers: record.headers.map(([key, value]) => ({ key, value: shown(value) })),
      }) + "\n"
    );
    await terminal.out(lines.join(""));
  }
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
