/**
 * Lines of a body into the open batch of one partition, by the core, making room where there is
 * none. The log does not know of them until `log.appended()` is called.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import type { TimestampMs } from "../../base/types.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { AppendTarget } from "../record_appender.ts";

export interface LineOptions {
  readonly timestamp: TimestampMs;
  readonly key: Uint8Array | null;
}

/** Sealing makes room at once, so a third refusal without a line taken would be a bug. */
const REFUSALS_MAX = 2;

/** Returns how many records the lines became. The size of each was checked before. */
export function appendLines(
  { core, commits }: AppendTarget,
  log: PartitionLog,
  { bytes, ...options }: LineOptions & { readonly bytes: Uint8Array },
): number {
  let total = 0;
  let from = 0;
  for (let refusals = 0; refusals <= REFUSALS_MAX; refusals++) {
    const { status, records, consumed } = core.appendLines(log.handle, bytes, { ...options, from });
    total += records;
    from = consumed;
    if (status === "ok") return total;
    if (records > 0) refusals = 0;
    assert(status !== "too_large", "lines are measured before they are appended");
    if (status === "batch_full") log.sealOpen();
    else commits.sealLargest();
  }
  assert(false, "a sealed batch makes room for a line");
}
