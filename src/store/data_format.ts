/**
 * Opens `format.json`, or makes it in a directory without data.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import { type Random, randomHex } from "../base/random.ts";
import {
  type DataFormat,
  decodeFormat,
  encodeFormat,
  FORMAT_VERSION,
} from "../format/format_json.ts";
import { parsePartitionDirectory } from "../format/partition_directory.ts";
import type { Disk } from "./disk.ts";

const PATH = "format.json";
const NODE_ID_BYTES = 8;

/**
 * @throws {OperatingError} format_too_new, or data_dir_unusable, with a sentence that says what
 *         to do
 */
export async function openFormat(disk: Disk, random: Random): Promise<DataFormat> {
  if (disk.exists(PATH)) return decodeFormat(readText(disk, PATH));
  if (disk.list("").some((name) => parsePartitionDirectory(name) !== null)) {
    throw new OperatingError(
      "data_dir_unusable",
      "Cannot open the data directory: it holds partitions but no format.json. Restore that file " +
        "from a backup of this directory, or choose another --data-dir.",
      { path: PATH },
    );
  }
  const format = { formatVersion: FORMAT_VERSION, nodeId: randomHex(random, NODE_ID_BYTES) };
  await writeFormat(disk, format);
  return format;
}

/** Whole or not at all: it is written beside, synced, and renamed. */
export async function writeFormat(disk: Disk, format: DataFormat): Promise<void> {
  const unfinished = `${PATH}.new`;
  const file = disk.open(unfinished, { create: true });
  try {
    const bytes = utf8(encodeFormat(format));
    file.writeAt(0, bytes);
    file.truncate(bytes.length);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(unfinished, PATH);
  await disk.syncDirectory("");
}

function readText(disk: Disk, path: string): string {
  const file = disk.open(path);
  try {
    const bytes = new Uint8Array(file.size());
    file.readAtNow(0, bytes);
    return new TextDecoder().decode(bytes);
  } finally {
    file.close();
  }
}
