/**
 * Received ranges over the other books: what the catalogue and the checkpoint know of the logs of
 * other nodes, and what the ledger's journal holds of ranges that will never come.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Logger } from "../base/log.ts";
import type { OffsetRange, TopicName } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { RangeCheckpoint } from "../format/checkpoint.ts";
import type { AnnouncedLogRow, Catalogue } from "./catalogue.ts";
import type { ClosedLogs } from "./closed_logs.ts";
import type { Ledger, LedgerReason, NewLedgerEntry } from "./ledger.ts";
import { within, without } from "./ledger_entry.ts";
import type { PersistedSkip } from "./received_log.ts";
import { type Loss, type ReceivedLog, ReceivedRanges } from "./received_ranges.ts";
import type { Topic } from "./topic.ts";
import type { VoidRange } from "./void_range.ts";

export interface OpenRangesOptions {
  readonly catalogue: Pick<Catalogue, "putAnnouncedLogs">;
  readonly closedLogs: ClosedLogs;
  readonly core: Pick<Core, "murmur2">;
  readonly logger: Logger;
  readonly ledger: Ledger;
  /** Records of another node stand there. */
  readonly took: (target: ReceivedLog["target"], range: OffsetRange) => void;
  readonly createTopic: (name: TopicName) => Promise<Topic>;
  readonly announced: readonly AnnouncedLogRow[];
  readonly checkpointed: readonly RangeCheckpoint[];
  /** Something that a checkpoint holds has changed; `late`: readers wait for it to be written. */
  readonly changed: (late: boolean) => void;
  /** Writes a checkpoint of now. */
  readonly checkpoint: () => Promise<void>;
}

/** The ranges as of the checkpoint; recovery adds what the logs hold past it. */
export function openRanges(options: OpenRangesOptions): ReceivedRanges {
  const { catalogue, closedLogs, core, logger, ledger, createTopic } = options;
  const announced = closedLogs.complete(
    options.announced,
    (rows) => catalogue.putAnnouncedLogs(rows),
  );
  const ranges = new ReceivedRanges({
    catalogue: {
      // A log that is closed leaves the checkpoints: it has to be in both places first.
      async putAnnouncedLogs(rows) {
        await closedLogs.add(rows);
        await catalogue.putAnnouncedLogs(rows);
      },
    },
    logger,
    murmur2: (bytes) => core.murmur2(bytes),
    partitionsOf: async (topic) => (await createTopic(topic)).partitions.length,
    persistSkips: async (log, skips) => {
      const entries = skips.flatMap((skip) =>
        skip.loss === null ? [] : [entryOf(log, skip.loss, skip)]
      );
      const voids = skips.map((skip) => voidOf(log, skip)).filter((one) => one !== null);
      assert(voids.length <= 1, "skips that are not of losses alone are decided one by one");
      await ledger.change({ entries, ...(voids[0] === undefined ? {} : { void: voids[0] }) });
    },
    took: options.took,
    changed: options.changed,
    checkpoint: options.checkpoint,
  });
  ranges.load(announced, options.checkpointed);
  const plain = { loss: null, late: false, peer: "" };
  for (const { logId, from, to, kind, by, holders } of ledger.voids()) {
    const skipped = { ...plain, late: kind === "late", peer: by ?? "" };
    if (kind === "open") {
      const known = holders && { holders };
      ranges.skipped(logId, { ...skipped, from, to, reason: "elsewhere", ...known });
      continue;
    }
    // What is late may be lost, or void: for what is lost there is an entry, or was.
    const entries = kind === "late" ? ledger.of(logId).sort((a, b) => a.from - b.from) : [];
    for (const range of without({ from, to }, entries)) {
      ranges.skipped(logId, { ...skipped, ...range, reason: "void" });
    }
    for (const range of within({ from, to }, entries)) {
      ranges.skipped(logId, { ...skipped, ...range, reason: "late" });
    }
  }
  for (const entry of ledger.entries()) {
    const { logId, from, to, reason, state } = entry;
    if (logId === null || state === "reversed" || !ranges.has(logId)) continue;
    // What this node gave up itself had come: whether it is lost, the upstream has yet to say.
    const loss = state === "final" ? entry : null;
    ranges.skipped(logId, { ...plain, from, to, reason, loss });
  }
  return ranges;
}

function entryOf(
  { logId, source: { topic, partition } }: ReceivedLog,
  loss: Loss,
  { from, to, reason }: PersistedSkip,
): NewLedgerEntry {
  return {
    ...{ logId, from, to, ...loss, topic, partition },
    ...{ reason: reason as LedgerReason, state: "final" as const },
  };
}

/** What the ledger keeps of it until the checkpoints hold it; null where the entry says it all. */
function voidOf({ logId }: ReceivedLog, skip: PersistedSkip): VoidRange | null {
  const { from, to, reason, loss, late, peer, holders } = skip;
  if (reason === "elsewhere") {
    return { logId, from, to, kind: "open", by: peer, ...(holders && { holders }) };
  }
  if (late) return { logId, from, to, kind: "late" };
  return loss === null ? { logId, from, to } : null;
}
