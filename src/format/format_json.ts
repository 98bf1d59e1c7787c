/**
 * `format.json`: which format the data directory is in, and whose it is. Written once, first of
 * all; JSON with keys in snake_case:
 *
 *     format_version   1
 *     node_id          16 hex digits, drawn when the directory was made
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { NodeId } from "../base/types.ts";

export const FORMAT_VERSION = 1;

export interface DataFormat {
  readonly formatVersion: number;
  readonly nodeId: NodeId;
}

const NODE_ID = /^[0-9a-f]{16}$/;

export function encodeFormat(format: DataFormat): string {
  const row = { format_version: format.formatVersion, node_id: format.nodeId };
  return `${JSON.stringify(row, null, 2)}\n`;
}

/**
 * @throws {OperatingError} format_too_new for a format only a newer logboom knows;
 *         data_dir_unusable when the text is not what {@linkcode encodeFormat} writes.
 */
export function decodeFormat(text: string): DataFormat {
  const row = parse(text);
  const version = row?.["format_version"];
  const nodeId = row?.["node_id"];
  if (typeof version === "number" && Number.isInteger(version) && version > FORMAT_VERSION) {
    throw new OperatingError(
      "format_too_new",
      `Cannot open the data directory: it is in format ${version} and this logboom knows formats ` +
        `up to ${FORMAT_VERSION}. Run the newer logboom that wrote it, or choose another --data-dir.`,
      { format_version: version, supported_version: FORMAT_VERSION },
    );
  }
  if (version !== FORMAT_VERSION || typeof nodeId !== "string" || !NODE_ID.test(nodeId)) {
    throw new OperatingError(
      "data_dir_unusable",
      "Cannot open the data directory: its format.json is not readable. Restore that file from a " +
        "backup of this directory, or choose another --data-dir.",
      { path: "format.json" },
    );
  }
  return { formatVersion: version, nodeId };
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const row: unknown = JSON.parse(text);
    return typeof row === "object" && row !== null ? row as Record<string, unknown> : null;
  } catch {
    return null;
  }
}
