/**
 * The store's books, as the lanes ask them and as the forwarder writes them.
 *
 * @module
 */
import type { LogId, OffsetRange } from "../base/types.ts";
import { NO_FACTS, type Skip } from "../protocol/replication/append_frames.ts";
import type { SkipAnswer } from "../protocol/replication/append_answer.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { OwnLogRow } from "../store/catalogue.ts";
import { isOnly } from "../store/holders.ts";
import type { LedgerEntry, NewLedgerEntry } from "../store/ledger.ts";
import type { ReceivedLog } from "../store/received_ranges.ts";
import type { Store } from "../store/store.ts";
import type { Lane, LaneLog } from "./lane.ts";
import type { LaneBooks, LogIdentity } from "./lane_books.ts";
import type { LogCursor } from "./log_cursor.ts";
import { recut } from "./recut.ts";

export interface RejectedRange extends OffsetRange {
  readonly logId: LogId;
}

/** What replication upstream asks of the store's books. */
export type ForwardedStore = Pick<Store, "core" | "ledger" | "logs" | "ranges" | "forwarded">;

type PartitionPlace = Pick<LaneLog, "topic" | "index" | "logStartOffset">;

export class StoreBooks {
  readonly #store: ForwardedStore;
  readonly #nodeName: string;
  /** By target; found once, when the first lane asks: only a start forgets. */
  #unremembered: ReadonlyMap<string, readonly LogId[]> | null = null;

  constructor(store: ForwardedStore, nodeName: string) {
    this.#store = store;
    this.#nodeName = nodeName;
  }

  of(log: PartitionPlace): LaneBooks {
    const { core, ledger, logs, ranges, forwarded } = this.#store;
    const [nodeName, topic, partition] = [this.#nodeName, log.topic, log.index];
    const unremembered = () => this.#unrememberedIn(log);
    return {
      nodeName,
      topic,
      partition,
      ownLogs: () =>
        logs.chain(topic, partition).map((row) => ({
          ...identityOfOwn(row, nodeName),
          pathKey: logs.pathKeyOf(row.logId),
        })),
      foreignLog(logId) {
        const received = ranges.get(logId);
        return received === undefined ? null : identityOfReceived(received);
      },
      hasForeign: () => ranges.size > 0,
      // As it was when the last of what is gone was given up: since then it may have been passed over.
      delivered: () => ledger.logStart(partitionDirectory(topic, partition))?.held ?? 0,
      acknowledged: (logId) => forwarded.logHere(logId),
      elsewhere(logId) {
        return [...forwarded.elsewhere(logId), ...ranges.get(logId)?.elsewhere ?? []];
      },
      open: (logId) => ranges.get(logId)?.elsewhere ?? [],
      upstream: () => forwarded.upstream,
      everAcknowledged: () => [...forwarded.logsHere(topic, partition), ...unremembered()],
      passedHere: (logId) => ranges.watermarkOf(logId) ?? 0,
      endHere(logId) {
        const log = ranges.get(logId);
        // Void offsets at its end are told with the next record of it only.
        if (log === undefined || log.voids.all > 0) return null;
        let end = log.islands.at(-1)?.to ?? log.watermark;
        const elsewhere = [...forwarded.elsewhere(logId), ...log.elsewhere];
        // So is what lies elsewhere.
        for (const { from, to } of elsewhere.sort((a, b) => b.to - a.to)) {
          if (from < end && end <= to) end = from;
        }
        return end;
      },
      cameEarly: (logId, offset) => ranges.inOrder(topic, partition).aside(logId, offset),
      ledgered(logId, own, range) {
        if (ledger.size === 0) return [];
        const entries = ledger.standing(logId, range);
        // Damage may have left no way to tell whose the records were; the offsets still do.
        const nobodys = own ? ledger.standing(null, range).filter(isHere) : [];
        if (nobodys.length === 0) return entries;
        return [...entries, ...nobodys].sort((a, b) => a.from - b.from);
      },
      owing: () => this.#owing(isTarget).map(({ logId }) => logId),
      recut: (batch, parts) => recut(core, batch, parts),
      changes: () => this.changes,
      provisional: (logId) => ledger.size === 0 ? [] : ledger.standing(logId).filter(isProvisional),
    };

    function isTarget({ target }: ReceivedLog): boolean {
      return target.topic === topic && target.partition === partition;
    }

    function isHere(entry: LedgerEntry): boolean {
      return entry.topic === topic && entry.partition === partition;
    }
  }

  /** Changes whenever there may be more that the upstream has to learn. */
  get changes(): number {
    const { ledger, ranges } = this.#store;
    return ledger.made + ranges.opened.times;
  }

  /** Directories of the partitions in which the upstream has to learn something of other nodes' logs. */
  owingPartitions(): Set<string> {
    const targets = this.#owing(() => true).map(({ target }) => target);
    return new Set(targets.map(({ topic, partition }) => partitionDirectory(topic, partition)));
  }

  /** Logs of other nodes of which the upstream has to learn that some will not come. */
  #owing(isWanted: (log: ReceivedLog) => boolean): ReceivedLog[] {
    const { ledger, ranges, forwarded } = this.#store;
    if (ranges.size === 0) return [];
    const { upstream } = forwarded;
    const owing: ReceivedLog[] = [];
    for (const logId of ranges.opened.logs) {
      const log = ranges.get(logId);
      if (log === undefined || !isWanted(log)) continue;
      if (log.elsewhere.some(({ holders }) => isOnly(holders, upstream))) owing.push(log);
    }
    for (const logId of ledger.logIds()) {
      const log = logId === null ? undefined : ranges.get(logId);
      if (log === undefined || !isWanted(log)) continue;
      // What those below gave up is final here, and the upstream has to be told of it all the same.
      const held = forwarded.logHere(log.logId)?.held ?? 0;
      const isOwed = (entry: LedgerEntry) => isProvisional(entry) || entry.to > held;
      if (ledger.standing(log.logId).some(isOwed)) owing.push(log);
    }
    return owing;
  }

  /**
   * Logs of other nodes that came here, and of which no acknowledgement is remembered: it was heard
   * after the last checkpoint. Where all of such a log was given up since, no batch brings it up.
   */
  #unrememberedIn({ topic, index, logStartOffset }: PartitionPlace): readonly LogId[] {
    const { ranges, forwarded } = this.#store;
    if (logStartOffset === 0 || ranges.size === 0) return [];
    if (this.#unremembered === null) {
      const found = new Map<string, LogId[]>();
      for (const { logId, target, firstOffset, watermark } of ranges.all()) {
        if (watermark === firstOffset || forwarded.ofLog(logId) !== null) continue;
        const directory = partitionDirectory(target.topic, target.partition);
        const logs = found.get(directory);
        if (logs === undefined) found.set(directory, [logId]);
        else logs.push(logId);
      }
      this.#unremembered = found;
    }
    const logs = this.#unremembered.get(partitionDirectory(topic, index)) ?? [];
    return logs.filter((logId) => forwarded.ofLog(logId) === null);
  }

  /** Remembers how far a lane has come, for retention and for the next start. */
  noteForwarded(lane: Lane, cursors: Iterable<LogCursor>): void {
    const { forwarded } = this.#store;
    const { topic, index } = lane.log;
    for (const cursor of cursors) {
      const { logId, acknowledged: held, settled, settledVoids, settledLost } = cursor;
      const { acknowledgedIslands: islands } = cursor;
      const known = {
        ...{ held, settled },
        ...(settledVoids > 0 ? { settledVoids } : {}),
        ...(settledLost > 0 ? { settledLost } : {}),
        ...(islands.length > 0 ? { islands } : {}),
      };
      forwarded.setLog(topic, index, logId, known);
    }
    forwarded.set(topic, index, { held: lane.forwarded, settled: lane.settled });
  }

  /** Makes entries, still provisional, for what will not come: ahead of telling the receiver. */
  async ledger(log: LaneLog, skips: readonly Skip[]): Promise<void> {
    const entries = skips.map((skip) => entryOf(log, skip));
    await this.#store.ledger.change({ entries });
  }

  /** The receiver will never take it: that is on record before the lane goes on without it. */
  async reject(lane: Lane, { logId, from, to }: RejectedRange): Promise<void> {
    const skip = { logId, from, to, reason: "rejected", facts: NO_FACTS } as const;
    const isNew = this.#store.ledger.standing(logId, { from, to }).length === 0;
    if (isNew) await this.#store.ledger.change({ entries: [entryOf(lane.log, skip)] });
    lane.reject(logId, { from, to });
  }

  /** The receiver said what it lacks of what was skipped: of entries, perhaps of parts of them. */
  async resolve(log: LaneLog, answers: readonly SkipAnswer[]): Promise<void> {
    const { ledger, ranges } = this.#store;
    const made = await ledger.resolve(answers, { topic: log.topic, partition: log.index });
    for (const entry of made) {
      // What lay at the upstream alone, and is lost there, nobody waits for any more.
      if (entry.state === "final" && entry.logId !== null) ranges.lose(entry.logId, entry);
    }
  }
}

function isProvisional(entry: LedgerEntry): boolean {
  return entry.state === "provisional";
}

function entryOf(log: LaneLog, { logId, from, to, reason, facts }: Skip): NewLedgerEntry {
  return {
    logId,
    topic: log.topic,
    partition: log.index,
    from,
    to,
    count: to - from,
    bytes: facts.bytes ?? 0,
    minTimestamp: facts.minTimestamp ?? -1,
    maxTimestamp: facts.maxTimestamp ?? -1,
    reason: reason === "void" || reason === "elsewhere" ? "rejected" : reason,
    state: "provisional",
  };
}

function identityOfOwn(row: OwnLogRow, gateway: string): LogIdentity {
  const { logId, topic, partition, firstOffset, predecessor, predecessorEnd, root } = row;
  return { logId, gateway, topic, partition, firstOffset, predecessor, predecessorEnd, root };
}

function identityOfReceived(log: ReceivedLog): LogIdentity {
  const { logId, gateway, source, firstOffset, predecessor, predecessorEnd, root, pathKey } = log;
  return { logId, gateway, ...source, firstOffset, predecessor, predecessorEnd, root, pathKey };
}
