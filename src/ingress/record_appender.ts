/**
 * Puts one record into the open batch of its partition, making room where there is none. The record
 * is not durable, and the partition's log does not know of it, until `log.appended()` is called.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { OperatingError } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import type { RecordParts } from "../core/record.ts";
import type { CommitLoop } from "../store/commit_loop.ts";
import type { PartitionLog } from "../store/partition_log.ts";

/** What it needs of a Store. */
export interface AppendTarget {
  readonly core: Core;
  readonly commits: CommitLoop;
}

/** Sealing makes room at once, so a third refusal would be a bug. */
const ATTEMPTS_MAX = 3;

/** @throws {OperatingError} record_too_large when no batch could hold it. */
export function appendRecord(
  { core, commits }: AppendTarget,
  log: PartitionLog,
  record: RecordParts,
): void {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const status = core.append(log.handle, record);
    if (status === "ok") return;
    if (status === "too_large") throw tooLarge(log, record);
    if (status === "batch_full") log.sealOpen();
    else commits.sealLargest();
  }
  assert(false, "a sealed batch makes room for a record");
}

function tooLarge(log: PartitionLog, record: RecordParts): OperatingError {
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  return new OperatingError(
    "record_too_large",
    `Cannot append record to ${log.topic}-${log.index}: its ${bytes} bytes fit no batch`,
    { topic: log.topic, partition: log.index, bytes },
  );
}
