/**
 * The logs of other nodes that are known, by log id, and their chains: which comes before which.
 *
 * @module
 */
import type { LogId, Offset, TopicName } from "../base/types.ts";
import type { OrderCheckpoint, RangeCheckpoint } from "../format/checkpoint.ts";
import type { AnnouncedLogRow } from "./catalogue.ts";
import { outOfOrder } from "./lane_rules.ts";
import { RangeSet } from "./range_set.ts";
import { newEntry, type RangeEntry } from "./received_log.ts";
import { doneOf, EMPTY_RUNS_MAX } from "./source_order.ts";
import { VoidRuns } from "./void_runs.ts";

/** Of a log that is whole and has a successor: all the catalogue keeps of its ranges. */
export interface Closed {
  readonly to: Offset;
  /** Offsets of it that never held a record. */
  readonly voids?: number;
}

/** Logs, and how often one was added: it only grows. */
class OpenedLogs {
  readonly logs = new Set<LogId>();
  times = 0;

  add(logId: LogId): void {
    this.logs.add(logId);
    this.times++;
  }
}

export class ReceivedLogs {
  /** Those of which some lies elsewhere, or did. */
  readonly opened = new OpenedLogs();
  readonly #entries = new Map<LogId, RangeEntry>();
  /** Those announced with it as their predecessor, known or not: one, mostly. */
  readonly #successors = new Map<LogId, LogId | LogId[]>();

  get size(): number {
    return this.#entries.size;
  }

  get(logId: LogId): RangeEntry | undefined {
    return this.#entries.get(logId);
  }

  has(logId: LogId): boolean {
    return this.#entries.has(logId);
  }

  all(): Iterable<RangeEntry> {
    return this.#entries.values();
  }

  /** Makes it known, or its row. */
  put(entry: RangeEntry): void {
    this.#entries.set(entry.logId, entry);
    const predecessor = entry.row?.predecessor;
    if (predecessor === null || predecessor === undefined) return;
    const known = listOf(this.#successors.get(predecessor));
    if (known.includes(entry.logId)) return;
    const successors = [...known, entry.logId].sort();
    this.#successors.set(predecessor, successors.length === 1 ? entry.logId : successors);
  }

  /**
   * One whose batches are in its partition. The catalogue need not know it, where that was restored
   * from an older copy: what is here stays known, so that an announcement to come finds it.
   */
  found(log: Pick<RangeEntry, "logId" | "firstOffset" | "target">): {
    readonly entry: RangeEntry;
    readonly isNew: boolean;
  } {
    const known = this.get(log.logId);
    if (known !== undefined) return { entry: known, isNew: false };
    const entry = newEntry(log, new RangeSet(log.firstOffset));
    this.put(entry);
    return { entry, isNew: true };
  }

  /** The predecessor, where it is known here, and where it ends. */
  before(logId: LogId): { readonly log: RangeEntry; readonly end: Offset } | null {
    const entry = this.get(logId);
    const row = entry?.row ?? null;
    const log = row === null || row.predecessor === null ? undefined : this.get(row.predecessor);
    // Chains have an order only within a partition.
    if (log === undefined || !sameTarget(log, entry!)) return null;
    return { log, end: row!.predecessorEnd };
  }

  /** The successors of a known log. */
  after(logId: LogId): RangeEntry[] {
    const entry = this.get(logId);
    return this.successorsOf(logId).filter((each) => sameTarget(each, entry!));
  }

  /** Logs announced with that one as their predecessor, which need not be known itself. */
  successorsOf(logId: LogId): RangeEntry[] {
    return listOf(this.#successors.get(logId)).map((each) => this.get(each)!);
  }

  /**
   * A predecessor's batches precede its successor's. One never announced here has none to come; and
   * a successor that was begun before its predecessor came, by another path, does not wait for it.
   *
   * @throws {OperatingError} lane_out_of_order, with the predecessor and what it expects
   */
  checkPredecessor(entry: RangeEntry): void {
    let at = entry;
    for (let steps = 0; steps < EMPTY_RUNS_MAX; steps++) {
      if (doneOf(at) > at.firstOffset) return;
      const before = this.before(at.logId);
      if (before === null) return;
      const { watermark } = before.log.noted;
      if (watermark < before.end) throw outOfOrder(before.log.logId, watermark);
      if (before.end > before.log.firstOffset) return;
      at = before.log;
    }
  }

  haveTarget(topic: TopicName, partition: number): boolean {
    for (const { target } of this.#entries.values()) {
      if (target.topic === topic && target.partition === partition) return true;
    }
    return false;
  }

  /** Partitions a topic has at the least, for its logs go where they went. */
  partitionsMin(topic: TopicName): number {
    let min = 0;
    for (const { target } of this.#entries.values()) {
      if (target.topic === topic) min = Math.max(min, target.partition + 1);
    }
    return min;
  }

  /** What the catalogue and the checkpoint know; returns the orders, to be loaded. */
  load(
    rows: readonly AnnouncedLogRow[],
    checkpoints: readonly RangeCheckpoint[],
  ): Map<RangeEntry, OrderCheckpoint> {
    const orders = new Map<RangeEntry, OrderCheckpoint>();
    for (const range of checkpoints) {
      const { logId, firstOffset, watermark, islands, open, localEnd } = range;
      const target = { topic: range.targetTopic, partition: range.targetPartition };
      const set = new RangeSet(watermark, islands, open);
      const entry = newEntry({ logId, firstOffset, target }, set);
      entry.localEnd = localEnd;
      if (range.voids !== undefined) entry.voids = new VoidRuns(range.voids);
      this.put(entry);
      if (open.length > 0) this.opened.add(logId);
      const order = range.order ?? foundOrder(set);
      if (order !== null) orders.set(entry, order);
    }
    for (const row of rows) {
      const { logId, firstOffset } = row;
      const target = { topic: row.targetTopic, partition: row.targetPartition };
      const closed = closedOf(row);
      const set = new RangeSet(closed?.to ?? firstOffset);
      const entry = this.get(logId) ?? newEntry({ logId, firstOffset, target }, set);
      entry.row = row;
      if (closed !== null) entry.end = closed.to;
      if (set === entry.committed && closed !== null) {
        entry.voids = voidsOfClosed(firstOffset, closed);
      }
      reopenIfGrown(entry);
      this.put(entry);
    }
    return orders;
  }

  /** What has to be in the checkpoint: every log but those the catalogue knows all of. */
  checkpoint(): RangeCheckpoint[] {
    const rows: RangeCheckpoint[] = [];
    for (const entry of this.#entries.values()) {
      const { logId, row, firstOffset, committed, target, localEnd, order } = entry;
      const { watermark, islands, open } = committed;
      if (row?.closed && order === null) continue;
      rows.push({
        ...{ logId, firstOffset, watermark, islands, open, localEnd },
        ...(entry.voids === null ? {} : { voids: entry.voids.all }),
        order: order ?? (islands.length === 0 ? null : emptyOrder(committed)),
        targetTopic: target.topic,
        targetPartition: target.partition,
      });
    }
    return rows;
  }
}

/** What the catalogue is to say of a log that is whole and has a successor; null of any other. */
export function closedRowOf({ row, end, queued, committed, order, voids }: RangeEntry):
  | AnnouncedLogRow
  | null {
  if (row === null || row.closed !== null || end === null || queued > 0) return null;
  if (committed.contiguous < end || committed.islands.length > 0) return null;
  // While something may be read in another place than it lies, the checkpoint has to tell where.
  if (order !== null) return null;
  const count = voids?.total ?? 0;
  const closed: Closed = { to: committed.watermark, ...(count === 0 ? {} : { voids: count }) };
  return { ...row, closed: JSON.stringify(closed) };
}

/** The catalogue holds all of it, unless it went on meanwhile. */
export function noteClosed(entry: RangeEntry, closed: string): void {
  entry.row = { ...entry.row!, closed };
  reopenIfGrown(entry);
}

/**
 * A log goes on behind the end its successor named where its data directory was copied, and original
 * and copy both live. What is known of it then has to be in the checkpoint again.
 */
export function reopenIfGrown(entry: RangeEntry): void {
  const { row, committed } = entry;
  const closed = row === null ? null : closedOf(row);
  if (row === null || closed === null) return;
  if (committed.contiguous <= closed.to && committed.islands.length === 0) return;
  entry.row = { ...row, closed: null };
  entry.end = null;
}

const NONE: readonly LogId[] = [];

function listOf(known: LogId | readonly LogId[] | undefined): readonly LogId[] {
  return known === undefined ? NONE : typeof known === "string" ? [known] : known;
}

function sameTarget({ target: a }: RangeEntry, { target: b }: RangeEntry): boolean {
  return a.topic === b.topic && a.partition === b.partition;
}

export function closedOf({ closed }: AnnouncedLogRow): Closed | null {
  return closed === null ? null : JSON.parse(closed) as Closed;
}

/** All of it is one run. */
export function voidsOfClosed(from: Offset, { to, voids = 0 }: Closed): VoidRuns | null {
  return voids === 0 ? null : new VoidRuns([{ from, to, voids }]);
}

/** There are islands, and nothing to be read in them. */
function emptyOrder(set: RangeSet): OrderCheckpoint {
  return { done: set.contiguous, runs: [], splices: [] };
}

/** Checkpoints of old do not say where islands lie. */
function foundOrder(set: RangeSet): OrderCheckpoint | null {
  if (set.islands.length === 0) return null;
  const runs = set.islands.map(({ from, to }) => ({ from, to, localStart: 0 }));
  return { ...emptyOrder(set), runs };
}
