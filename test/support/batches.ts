/** Builders of records and whole batches. */
import { utf8 } from "../../src/base/bytes.ts";
import type { LogId, Offset } from "../../src/base/types.ts";
import type { Core } from "../../src/core/core.ts";
import type { RecordParts } from "../../src/core/record.ts";

/** A handle of the core that no test gives to a partition. */
const BUILDER_HANDLE = 1_999;

export interface BatchOptions {
  readonly baseOffset?: Offset;
  readonly leaderEpoch?: number;
  readonly logId?: LogId;
  readonly compression?: "none" | "lz4";
  readonly timestamp?: number;
}

/** A record without key and headers. */
export function recordOf(value: string | Uint8Array, timestamp = 1_700_000_000_000): RecordParts {
  return { timestamp, value: typeof value === "string" ? utf8(value) : value };
}

/** A whole batch that holds `values`, one record each. */
export function batchOf(
  core: Core,
  values: readonly (string | Uint8Array)[],
  options: BatchOptions = {},
): Uint8Array {
  for (const value of values) {
    const status = core.append(BUILDER_HANDLE, recordOf(value, options.timestamp));
    if (status !== "ok") throw new Error(`cannot build a batch: ${status}`);
  }
  return core.seal(BUILDER_HANDLE, {
    baseOffset: options.baseOffset ?? 0,
    leaderEpoch: options.leaderEpoch ?? 0,
    logId: options.logId ?? "00000000000000ff",
    compression: options.compression ?? "none",
  });
}
