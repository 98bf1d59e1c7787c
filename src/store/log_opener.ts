/**
 * Opens the partitions of a store: hands recovery what the books know of each, and the books what
 * recovery found in it.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Core } from "../core/core.ts";
import type { Checkpoint, Gap } from "../format/checkpoint.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { AgeClock } from "./age_clock.ts";
import type { IdentityHook, PartitionName, RecoveryHook } from "./books.ts";
import type { CommitLoop } from "./commit_loop.ts";
import type { Disk } from "./disk.ts";
import { COPY_SUFFIX } from "./durable_file.ts";
import type { FileCache } from "./file_cache.ts";
import type { Forwarded } from "./forwarded.ts";
import type { IndexCache } from "./index_cache.ts";
import type { Ledger } from "./ledger.ts";
import type { LogRegistry } from "./log_registry.ts";
import type { OriginJournal } from "./origin_journal.ts";
import { PartitionLog } from "./partition_log.ts";
import type { Quarantine } from "./quarantine.ts";
import type { ReceivedRanges } from "./received_ranges.ts";
import { recoverLog } from "./recovery.ts";
import type { TopicSettings } from "./settings.ts";
import { THINNED_SUFFIX } from "./thinner.ts";

/** The books, as far as opening a log depends on them. */
export interface OpenerBooks {
  readonly leaderEpoch: number;
  readonly age: AgeClock;
  readonly ledger: Ledger;
  readonly forwarded: Forwarded;
  readonly logs: LogRegistry;
  readonly ranges: ReceivedRanges;
  readonly origins: OriginJournal;
  readonly commits: CommitLoop;
}

export interface LogOpenerOptions {
  readonly disk: Disk;
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly quarantine: Quarantine;
  readonly identity: IdentityHook;
  readonly books: OpenerBooks;
  /** What the start goes by; null where there is no whole checkpoint. */
  readonly checkpoint: Checkpoint | null;
  /** Reads every log from its start, whatever the checkpoint covers. */
  readonly deep: boolean;
  /** The settings of a topic, within what the disk can do with. */
  readonly within: (settings: TopicSettings) => TopicSettings;
  /** A range became unreadable, at recovery or later. */
  readonly quarantined: (log: PartitionName, gap: Gap) => void;
}

export class LogOpener {
  readonly #options: LogOpenerOptions;
  /** By directory: what the ledger says was corrupt, which the checkpoint may not know yet. */
  #ledgered: Map<string, Gap[]> | null = null;
  #recovering = true;
  /** Whether recovery found damage that no checkpoint holds. */
  damaged = false;

  constructor(options: LogOpenerOptions) {
    this.#options = options;
  }

  /** Logs opened from here on are new ones. */
  recovered(): void {
    this.#recovering = false;
    this.#ledgered = null;
  }

  async open(name: PartitionName, settings: TopicSettings): Promise<PartitionLog> {
    const { books, checkpoint, logger, ...options } = this.#options;
    const { ledger, forwarded, leaderEpoch, age, commits } = books;
    const directory = partitionDirectory(name.topic, name.index);
    const start = ledger.logStart(directory);
    if (start !== undefined) forwarded.raise(directory, start);
    const common = {
      ...{ directory, logger, leaderEpoch },
      ...{ disk: options.disk, core: options.core, files: options.files },
      ...{ indexes: options.indexes, quarantine: options.quarantine, identity: options.identity },
      ageMs: () => age.nowMs(),
    };
    if (this.#recovering) this.#removeUnfinished(directory);
    const known = this.#recovering ? checkpoint?.partitions.get(directory) ?? null : null;
    books.logs.countTakenFrom(name, known?.recoveryPoint ?? 0);
    const recovered = await recoverLog({
      ...common,
      rewritten: ledger.rewritten(directory),
      name,
      hook: this.#hook,
      checkpoint: known,
      logStartOffset: start?.offset ?? 0,
      knownGaps: this.#recovering ? this.#gapsOf(directory) : [],
      deep: this.#recovering && options.deep,
    });
    this.damaged ||= recovered.damaged;
    const log = new PartitionLog({
      ...common,
      ...name,
      ...{ clock: options.clock, timers: options.timers, commits },
      settings: options.within(settings),
      quarantined: (name, gap) => options.quarantined(name, gap),
    }, recovered);
    try {
      // Clean-up that a crash may have cut short. What is left only takes space.
      log.removeBelowLogStart();
    } catch (error) {
      logger.warn("segment_remove_failed", { path: directory, error: messageOf(error) });
    }
    return log;
  }

  /** Of segments that were being thinned, or copied: it is done again. */
  #removeUnfinished(directory: string): void {
    const { disk, logger } = this.#options;
    try {
      const names = disk.list(directory)
        .filter((name) => name.endsWith(THINNED_SUFFIX) || name.endsWith(COPY_SUFFIX));
      for (const name of names) disk.remove(`${directory}/${name}`);
    } catch (error) {
      logger.warn("thinned_not_removed", { path: directory, error: messageOf(error) });
    }
  }

  /** Own records stand at their own offsets, and what nobody knows the owner of is named by ours. */
  #gapsOf(directory: string): readonly Gap[] {
    this.#ledgered ??= this.#gapsInLedger();
    return this.#ledgered.get(directory) ?? [];
  }

  #gapsInLedger(): Map<string, Gap[]> {
    const { ledger, logs } = this.#options.books;
    const gaps = new Map<string, Gap[]>();
    for (const { logId, topic, partition, from, to, reason, state } of ledger.entries()) {
      if (reason !== "corrupt" || state === "reversed") continue;
      if (logId !== null && logs.get(logId) === undefined) continue;
      const directory = partitionDirectory(topic, partition);
      const known = gaps.get(directory) ?? [];
      known.push({ from, to, reason });
      gaps.set(directory, known);
    }
    return gaps;
  }

  readonly #hook: RecoveryHook = {
    scanned: (log, header) => this.#scanned(log, header),
    quarantined: (log, gap) => this.#options.quarantined(log, gap),
  };

  #scanned(log: PartitionName, header: BatchHeader): void {
    const { origins, logs, ranges } = this.#options.books;
    origins.scanned(log, header);
    if (logs.isOwn(log, header.logId)) return;
    if (!ranges.has(header.logId) && header.sourceOffset === header.baseOffset) {
      // Stands where only an own batch stands, and nobody announced it.
      logs.adopt(log, header.logId, header.baseOffset);
    } else {
      ranges.scanned(log, header);
      const target = { topic: log.topic, partition: log.index };
      logs.took(target, { from: header.baseOffset, to: header.lastOffset + 1 });
    }
  }
}
