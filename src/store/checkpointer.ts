/**
 * Writes checkpoints: when enough was committed, when it has gone quiet, and when asked to. What it
 * writes is captured in one turn of the event loop, so that recovery points, range sets and origins
 * speak of the same moment.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { CHECKPOINT_IDLE_MS, CHECKPOINT_REST_MS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { Offset } from "../base/types.ts";
import {
  type CheckpointParts,
  encodePartition,
  type OwnLogCheckpoint,
} from "../format/checkpoint.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { KeptLog } from "./books.ts";
import type { CarriedPartition } from "./carried_partitions.ts";
import type { CheckpointFiles } from "./checkpoint.ts";

export interface CheckpointerOptions {
  readonly files: CheckpointFiles;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Bytes committed that make a checkpoint due. */
  readonly checkpointBytes: number;
  readonly logs: () => readonly KeptLog[];
  /** Partitions out of reach, as the checkpoint before knew them; by directory. */
  readonly carried?: () => ReadonlyMap<string, CarriedPartition>;
  /** The latest log ids of a partition, as of its recovery point. */
  readonly ownLogs: (log: KeptLog, recoveryPoint: Offset) => readonly OwnLogCheckpoint[];
  /** Everything but the partitions. */
  readonly rest: () => Omit<CheckpointParts, "generation" | "partitions">;
  /** Called after each checkpoint, with what it holds. */
  readonly written: () => void;
}

interface Encoded {
  readonly key: string;
  readonly text: string;
  readonly recoveryPoint: Offset;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #written: Counter;
  /** Of each partition what was encoded last: most do not change between two checkpoints. */
  readonly #encoded = new Map<string, Encoded>();
  readonly #lastBytes = new Map<KeptLog, number>();
  #bytes = 0;
  #dirty = false;
  #cancelIdle: (() => void) | null = null;
  /** Set for a while after one that nothing but a change made due. */
  #cancelRest: (() => void) | null = null;
  #cancelUrge: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  #closed = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#written = options.metrics.counter(
      "logboom_checkpoints_total",
      "Checkpoints written.",
    );
  }

  /** The high watermark of `log` moved. Only takes note: the turn's books are not yet closed. */
  advanced(log: KeptLog): void {
    this.#bytes += Math.max(0, log.bytes - (this.#lastBytes.get(log) ?? log.bytes));
    this.#lastBytes.set(log, log.bytes);
    this.changed();
    if (this.#bytes < this.#options.checkpointBytes || this.#writing !== null) return;
    this.#bytes = 0;
    this.#options.timers.soon(() => void this.tryNow());
  }

  /** Something the checkpoint holds has changed: one is due a little later. */
  changed(): void {
    this.#dirty = true;
    if (this.#closed || this.#cancelRest !== null) return;
    this.#cancelIdle ??= this.#options.timers.after(CHECKPOINT_IDLE_MS, () => {
      this.#cancelIdle = null;
      if (this.#dirty) void this.tryNow().then((written) => written && this.#rest());
    });
  }

  /** Readers wait for what it will hold: one is due a little later, however lately one was written. */
  urge(): void {
    if (this.#closed) return;
    this.#cancelUrge ??= this.#options.timers.after(CHECKPOINT_IDLE_MS, () => {
      this.#cancelUrge = null;
      void this.tryNow();
    });
  }

  /** Writes a checkpoint of now. */
  async write(): Promise<void> {
    while (this.#writing !== null) await this.#writing.catch(() => {});
    this.#writing = this.#write().finally(() => this.#writing = null);
    await this.#writing;
  }

  /** The same; what fails is logged, and tried again later. @returns whether it was written */
  async tryNow(): Promise<boolean> {
    if (this.#closed) return false;
    try {
      await this.write();
      return true;
    } catch (error) {
      // The older generation stands; recovery reads further back.
      this.#options.logger.error("checkpoint_failed", { error: messageOf(error) });
      this.changed();
      return false;
    }
  }

  /** Writes until both generations hold what is durable now. */
  async cover(): Promise<void> {
    await this.write();
    await this.write();
  }

  /** No checkpoint begins any more of itself. */
  close(): void {
    this.#closed = true;
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    this.#cancelRest?.();
    this.#cancelRest = null;
    this.#cancelUrge?.();
    this.#cancelUrge = null;
  }

  #rest(): void {
    if (this.#closed) return;
    this.#cancelRest?.();
    this.#cancelRest = this.#options.timers.after(CHECKPOINT_REST_MS, () => {
      this.#cancelRest = null;
      if (this.#dirty) this.changed();
    });
  }

  async #write(): Promise<void> {
    const { files, rest, written } = this.#options;
    this.#dirty = false;
    this.#bytes = 0;
    const partitions = new Map<string, string>();
    const recoveryPoints = new Map<string, Offset>();
    for (const log of this.#options.logs()) {
      const directory = partitionDirectory(log.topic, log.index);
      const { text, recoveryPoint } = this.#encode(directory, log);
      partitions.set(directory, text);
      recoveryPoints.set(directory, recoveryPoint);
    }
    // What could not be opened in this run is found as it was by the next.
    for (const [directory, { text, recoveryPoint }] of this.#options.carried?.() ?? []) {
      if (partitions.has(directory)) continue;
      partitions.set(directory, text);
      recoveryPoints.set(directory, recoveryPoint);
    }
    await files.write({ ...rest(), partitions }, recoveryPoints);
    this.#written.value++;
    written();
  }

  #encode(directory: string, log: KeptLog): Encoded {
    const { highWatermark, logStartOffset, gaps, bytes } = log;
    const missing = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    const key = `${highWatermark} ${logStartOffset} ${gaps.length} ${missing} ${bytes}`;
    const known = this.#encoded.get(directory);
    if (known?.key === key) return known;
    const partition = log.checkpoint();
    const { recoveryPoint } = partition;
    const encoded = {
      key,
      text: encodePartition(partition, this.#options.ownLogs(log, recoveryPoint)),
      recoveryPoint,
    };
    // What is not synced yet (`durability: os`) changes without a sign.
    if (recoveryPoint === highWatermark) this.#encoded.set(directory, encoded);
    return encoded;
  }
}
