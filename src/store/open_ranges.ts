/**
 * Received ranges over the other books: what the catalogue and the checkpoint know of the logs of
 * other nodes, and what the ledger's journal holds of ranges that will never come.
 *
 * @module
 */
import type { Logger } from "../base/log.ts";
import type { TopicName } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { RangeCheckpoint } from "../format/checkpoint.ts";
import type { AnnouncedLogRow, Catalogue } from "./catalogue.ts";
import type { Ledger, LedgerReason } from "./ledger.ts";
import { ReceivedRanges } from "./received_ranges.ts";
import type { Topic } from "./topic.ts";

export interface OpenRangesOptions {
  readonly catalogue: Pick<Catalogue, "putAnnouncedLogs">;
  readonly core: Pick<Core, "murmur2">;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly createTopic: (name: TopicName) => Promise<Topic>;
  readonly announced: readonly AnnouncedLogRow[];
  readonly checkpointed: readonly RangeCheckpoint[];
}

/** The ranges as of the checkpoint; recovery adds what the logs hold past it. */
export function openRanges(options: OpenRangesOptions): ReceivedRanges {
  const { catalogue, core, logger, ledger, createTopic } = options;
  const ranges = new ReceivedRanges({
    catalogue,
    logger,
    murmur2: (bytes) => core.murmur2(bytes),
    partitionsOf: async (topic) => (await createTopic(topic)).partitions.length,
    persistLost: async (log, { from, to, reason }, loss) => {
      const { logId, source: { topic, partition } } = log;
      if (loss === null) {
        await ledger.change({ void: { logId, from, to } });
        return;
      }
      const range = { logId, topic, partition, from, to };
      const entry = { ...range, ...loss, reason: reason as LedgerReason, state: "final" as const };
      await ledger.change({ entries: [entry] });
    },
  });
  ranges.load(options.announced, options.checkpointed);
  for (const { logId, from, to, reason, state } of ledger.entries()) {
    if (logId === null || state === "reversed" || !ranges.has(logId)) continue;
    ranges.lost(logId, { from, to, reason }, true);
  }
  for (const { logId, from, to } of ledger.voids()) {
    ranges.lost(logId, { from, to, reason: "void" }, false);
  }
  return ranges;
}
