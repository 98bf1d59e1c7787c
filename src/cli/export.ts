/**
 * `export`: what a node has that its upstream does not, in sealed files, to be carried by hand. From a
 * data directory whose node does not run, or from a running node. Nothing counts as delivered by it.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { randomHex } from "../base/random.ts";
import { Misfit } from "../config/reader.ts";
import { bytes } from "../config/values.ts";
import { Core } from "../core/core.ts";
import { EXPORT_MEDIA_TYPE, type ExportHead, ExportReader } from "../format/export_file.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { HOST_RANDOM } from "../host/random.ts";
import { decodeLogs } from "../protocol/replication/announce.ts";
import { decodeAppend } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import { type ExportPart, exportParts } from "../replication/export_source.ts";
import { sourceBatches } from "../replication/importer.ts";
import type { Command, CommandContext } from "./command.ts";
import { openExportDirectory } from "./export_directory.ts";
import { ExportFiles } from "./export_files.ts";
import { readerOf } from "./export_stream.ts";
import { formatBytes } from "./table.ts";

const RUN_BYTES = 8;
/** Less would not hold one append section. */
const FILE_BYTES_MIN = 4 * 1024 * 1024;

export const EXPORT: Command = {
  usage: "--data-dir D [--node-name NAME] | --url URL   --to FILE|DIR [--max-bytes SIZE]",
  summary: "write sealed files of what a node has not delivered, to be carried to its centre",
  positionals: { min: 0, max: 0 },
  valued: ["--data-dir", "--node-name", "--to", "--max-bytes"],
  bare: [],
  run,
};

interface Source {
  readonly head: Omit<ExportHead, "part">;
  readonly parts: AsyncIterable<ExportPart>;
}

async function run(context: CommandContext): Promise<void> {
  const { args, terminal } = context;
  const to = args.text("--to");
  if (to === null) throw invalid("Cannot export: --to FILE or --to DIR is missing");
  const dataDir = args.text("--data-dir");
  if (dataDir !== null && args.has("--url")) {
    throw invalid("Cannot export from --data-dir and --url at once: give one of them");
  }
  const maxBytes = maxBytesOf(args.text("--max-bytes"));
  const core = Core.create(loadCoreFile());
  const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);

  await using opened = new AsyncDisposableStack();
  const { head, parts } = dataDir === null
    ? await sourceOfNode(context, crc32c)
    : await sourceOfDirectory(context, dataDir, opened);
  const files = new ExportFiles({ to, maxBytes, head, crc32c });
  try {
    for await (const part of parts) await files.add(part);
    await files.finish();
  } catch (error) {
    await files.abandon();
    throw error;
  }
  for (const { path, bytes, records } of files.written) {
    await terminal.out(`${path}  ${records} records, ${formatBytes(bytes)}\n`);
  }
  if (files.leftOut > 0) {
    terminal.remark(
      `${files.leftOut} records found no place in --max-bytes: name a directory to get them all.`,
    );
  }
}

async function sourceOfDirectory(
  { args }: CommandContext,
  dataDir: string,
  opened: AsyncDisposableStack,
): Promise<Source> {
  const store = await openExportDirectory(dataDir, opened);
  const nodeName = args.text("--node-name") ?? Deno.hostname();
  const run = randomHex(HOST_RANDOM, RUN_BYTES);
  const head = { nodeId: store.nodeId, nodeName, run, createdMs: Date.now() };
  return { head, parts: exportParts({ store, nodeName }) };
}

/** A running node writes one file; it is sealed anew here, in as many as are wanted. */
async function sourceOfNode({ api }: CommandContext, crc32c: Checksum): Promise<Source> {
  const body = await api().stream("/v1/export", EXPORT_MEDIA_TYPE);
  const reader = new ExportReader(readerOf(body), { path: "the node's export", crc32c });
  const head = await reader.head();
  return { head, parts: partsOf(reader, crc32c) };
}

async function* partsOf(reader: ExportReader, crc32c: Checksum): AsyncGenerator<ExportPart> {
  for await (const { kind, payload } of reader.sections()) {
    if (kind === "announce") yield { kind, logs: decodeLogs(payload) };
    else yield { kind, body: payload, records: recordsOf(payload, crc32c) };
  }
}

function recordsOf(body: Uint8Array, crc32c: Checksum): number {
  let records = 0;
  for (const { frames } of decodeAppend(body, crc32c)) {
    for (const frame of frames) {
      if (frame.kind !== "batches") continue;
      for (const { from, to } of sourceBatches(frame.bytes)) records += to - from;
    }
  }
  return records;
}

function maxBytesOf(text: string | null): number | null {
  if (text === null) return null;
  try {
    return bytes(FILE_BYTES_MIN)(text);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw invalid(`Cannot use --max-bytes "${text}": ${error.message}`);
  }
}

function invalid(message: string): OperatingError {
  return new OperatingError("invalid_argument", message);
}
