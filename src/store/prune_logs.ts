/**
 * At the start: log ids and acknowledgements of runs long ago are forgotten. Every start draws some.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { LogId, TopicName } from "../base/types.ts";
import type { PartitionLog } from "./partition_log.ts";
import type { SpaceBooks } from "./space.ts";

export interface PruneOptions {
  readonly logOf: (
    topic: TopicName,
    partition: number,
  ) => Pick<PartitionLog, "logStartOffset"> | undefined;
  readonly logger: Logger;
}

/** Nobody waits for it: what fails is tried again at the next start. Unknown logs are own ones. */
export function pruneLogs(
  { logs, ranges, forwarded, hasUpstream }: Pick<
    SpaceBooks,
    "logs" | "ranges" | "forwarded" | "hasUpstream"
  >,
  { logOf, logger }: PruneOptions,
): void {
  const known = (logId: LogId) => logs.get(logId) !== undefined || ranges.has(logId);
  logs.prune(({ topic, partition }, end) => {
    const log = logOf(topic, partition);
    if (log === undefined || end > log.logStartOffset) return false;
    return !hasUpstream || end <= forwarded.of(topic, partition).settled;
  }).catch((error) => logger.warn("log_ids_kept", { error: messageOf(error) }));
  forwarded.prune((topic, partition, { logId, held }) => {
    const start = logOf(topic, partition)?.logStartOffset ?? -1;
    const { settled } = forwarded.of(topic, partition);
    return !known(logId) && held <= Math.min(start, settled);
  });
}
