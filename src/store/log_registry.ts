/**
 * The log ids of this node. A log id is one run of one partition: drawn at the partition's first
 * own append of a run, never again used by a later run. So a data directory that was restored,
 * cloned, or lost a tail it was told was synced, cannot give an old identity to new records.
 *
 * The ids of a partition form a chain: each names its predecessor and where that one ended.
 *
 * @module
 */
import { OWN_LOGS_KEPT_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { type Random, randomPositive63 } from "../base/random.ts";
import type { LogId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { IdentityHook, PartitionName } from "./books.ts";
import type { Catalogue, OwnLogRow } from "./catalogue.ts";
import type { OwnLogCheckpoint } from "../format/checkpoint.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import { pathKeyOf } from "./path_secret.ts";
import type { ReceivedLog } from "./received_log.ts";
import { TakenOffsets } from "./taken_offsets.ts";

export interface LogRegistryOptions {
  readonly catalogue: Pick<Catalogue, "putOwnLogs" | "deleteOwnLogs">;
  readonly random: Random;
  readonly logger: Logger;
  /** Of this node; see path_secret.ts. */
  readonly pathSecret: string;
}

/** Log ids of each partition that the checkpoint holds: those of the last few runs. */
const CHECKPOINTED_OWN_LOGS = 3;

export class LogRegistry implements IdentityHook {
  readonly #options: LogRegistryOptions;
  readonly #chains = new Map<string, OwnLogRow[]>();
  readonly #ids = new Map<LogId, OwnLogRow>();
  /** Of those of them that were asked for: each announcement names all of them. */
  readonly #pathKeys = new Map<LogId, string>();
  /** Drawn in this run, by partition. */
  readonly #current = new Map<string, OwnLogRow>();
  /** Drawn, and not yet known to be durable. */
  readonly #undurable = new Set<OwnLogRow>();
  #flushing: Promise<void> | null = null;
  readonly #taken = new TakenOffsets();

  constructor(options: LogRegistryOptions, rows: readonly OwnLogRow[]) {
    this.#options = options;
    for (const row of [...rows].sort((a, b) => a.firstOffset - b.firstOffset)) this.#add(row);
  }

  /** The chain of a partition, oldest first. */
  chain(topic: TopicName, partition: number): readonly OwnLogRow[] {
    return this.#chains.get(partitionDirectory(topic, partition)) ?? [];
  }

  /**
   * The last few of a chain, which the checkpoint holds too, and those of which other nodes' records
   * took offsets: so many below its recovery point.
   */
  latest(log: PartitionName, recoveryPoint: Offset): readonly OwnLogCheckpoint[] {
    const chain = this.chain(log.topic, log.index);
    this.#taken.count(partitionDirectory(log.topic, log.index), chain, recoveryPoint);
    const rows: OwnLogCheckpoint[] = [];
    for (const [at, row] of chain.entries()) {
      const taken = this.#taken.counted(row.logId);
      const isLatest = at >= chain.length - CHECKPOINTED_OWN_LOGS;
      if (taken > 0) rows.push({ ...row, taken });
      else if (isLatest) rows.push(row);
    }
    return rows;
  }

  /** Records of another node took those offsets of a partition. */
  took({ topic, partition }: ReceivedLog["target"], range: OffsetRange): void {
    const directory = partitionDirectory(topic, partition);
    if (this.#chains.has(directory)) this.#taken.took(directory, range);
  }

  /** Recovery is about to read a partition from there on. */
  countTakenFrom(log: PartitionName, recoveryPoint: Offset): void {
    this.#taken.countFrom(partitionDirectory(log.topic, log.index), recoveryPoint);
  }

  /** How many offsets of an own log records of other nodes took. */
  takenOf(row: OwnLogRow): number {
    const chain = this.chain(row.topic, row.partition);
    const directory = partitionDirectory(row.topic, row.partition);
    return this.#taken.of(directory, chain, chain.indexOf(row));
  }

  /** All of them, partition by partition, oldest first. */
  *all(): Iterable<OwnLogRow> {
    for (const chain of this.#chains.values()) yield* chain;
  }

  get(logId: LogId): OwnLogRow | undefined {
    return this.#ids.get(logId);
  }

  /** What a peer must show to be a path of that log, if it is one of this node's. */
  pathKeyOf(logId: LogId): string {
    let key = this.#pathKeys.get(logId);
    if (key === undefined) {
      key = pathKeyOf(this.#options.pathSecret, logId);
      this.#pathKeys.set(logId, key);
    }
    return key;
  }

  /** Where a log of a chain ends, exclusive: where the next begins, else `logEndOffset`. */
  endOf(row: OwnLogRow, logEndOffset: Offset): Offset {
    const chain = this.chain(row.topic, row.partition);
    return chain[chain.indexOf(row) + 1]?.predecessorEnd ?? logEndOffset;
  }

  isOwn(log: PartitionName, logId: LogId): boolean {
    const row = this.#ids.get(logId);
    return row !== undefined && row.topic === log.topic && row.partition === log.index;
  }

  current(log: PartitionName, logEndOffset: Offset): LogId {
    const directory = partitionDirectory(log.topic, log.index);
    const drawn = this.#current.get(directory);
    if (drawn !== undefined) return drawn.logId;
    const logId = randomPositive63(this.#options.random);
    return this.#draw(log, logId, logEndOffset).logId;
  }

  registered(log: PartitionName): Promise<void> | null {
    const row = this.#current.get(partitionDirectory(log.topic, log.index));
    if (row === undefined || !this.#undurable.has(row)) return null;
    return this.#flush(row);
  }

  /**
   * Forgets ids that lie more than the last few runs back and are `done`: a node that starts daily
   * would draw them without end.
   */
  async prune(done: (row: OwnLogRow, end: Offset) => boolean): Promise<void> {
    const gone: LogId[] = [];
    for (const chain of this.#chains.values()) {
      while (chain.length > OWN_LOGS_KEPT_MAX && done(chain[0]!, chain[1]!.predecessorEnd)) {
        const { logId } = chain.shift()!;
        this.#ids.delete(logId);
        this.#pathKeys.delete(logId);
        this.#taken.forget(logId);
        gone.push(logId);
      }
    }
    if (gone.length > 0) await this.#options.catalogue.deleteOwnLogs(gone);
  }

  /** Takes in what the checkpoint knew of a partition, and the catalogue does not. */
  restore(topic: TopicName, partition: number, logs: readonly OwnLogCheckpoint[]): void {
    for (const { taken = 0, ...log } of logs) {
      this.#taken.restore(log.logId, taken);
      if (this.#ids.has(log.logId)) continue;
      const row = { ...log, topic, partition };
      this.#add(row);
      this.#keep(row);
    }
  }

  /**
   * Takes in an id that recovery found in the log and the catalogue does not know: the catalogue
   * was restored from an older copy.
   */
  adopt(log: PartitionName, logId: LogId, firstOffset: Offset): void {
    const { topic, index: partition } = log;
    this.#options.logger.warn("log_id_adopted", { topic, partition, log_id: logId });
    const row = this.#rowFor(log, logId, firstOffset);
    this.#add(row);
    this.#keep(row);
  }

  /** Nobody waits for it: should it fail, the next recovery finds the row again. */
  #keep(row: OwnLogRow): void {
    this.#undurable.add(row);
    this.#flush(row).catch(() => {});
  }

  #draw(log: PartitionName, logId: LogId, firstOffset: Offset): OwnLogRow {
    const row = this.#rowFor(log, logId, firstOffset);
    this.#add(row);
    this.#current.set(partitionDirectory(log.topic, log.index), row);
    this.#undurable.add(row);
    return row;
  }

  #rowFor(log: PartitionName, logId: LogId, firstOffset: Offset): OwnLogRow {
    const predecessor = this.chain(log.topic, log.index).at(-1);
    return {
      logId,
      topic: log.topic,
      partition: log.index,
      firstOffset,
      predecessor: predecessor?.logId ?? null,
      predecessorEnd: predecessor === undefined ? 0 : firstOffset,
      root: predecessor?.root ?? logId,
    };
  }

  #add(row: OwnLogRow): void {
    const directory = partitionDirectory(row.topic, row.partition);
    const chain = this.#chains.get(directory) ?? [];
    chain.push(row);
    this.#chains.set(directory, chain);
    this.#ids.set(row.logId, row);
  }

  /** After a start every partition draws one: those that come while a change runs share the next. */
  async #flush(row: OwnLogRow): Promise<void> {
    while (this.#undurable.has(row)) {
      this.#flushing ??= this.#write().finally(() => this.#flushing = null);
      await this.#flushing;
    }
  }

  async #write(): Promise<void> {
    // Lets the other partitions of this commit draw theirs first.
    await Promise.resolve();
    const rows = [...this.#undurable];
    await this.#options.catalogue.putOwnLogs(rows);
    for (const row of rows) this.#undurable.delete(row);
  }
}
