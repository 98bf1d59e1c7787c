/**
 * The commit loop: many appends, one sync. A cycle
 *
 *   1  seals the open batch of every partition that was appended to
 *   2  waits until new log ids and origin entries are durable, where there are any
 *   3  writes the batches and syncs the files, several at a time; or the only small one on the
 *      event loop itself, where that has been measured to be quicker than handing it to a thread
 *   4  releases each partition's waiters with its own sync
 *
 * While a cycle syncs, the next one gathers. Nothing waits for a timer unless `lingerMs` says so, or
 * a slow disk makes it pay; see CrowdPause.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Clock, Timers } from "../base/clock.ts";
import {
  CONCURRENT_SYNCS_MAX,
  CROWD_PAUSE_MS_MAX,
  CROWD_WAITERS_MIN,
  GATHER_TURNS_MAX,
  SLOW_COMMIT_MS,
  SYNC_NOW_BYTES_MAX,
  SYNC_NOW_MS_MAX,
  SYNC_NOW_WAITERS_MAX,
  SYNC_PROBE_INTERVAL_MS,
} from "../base/limits.ts";
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";
import type { Core } from "../core/core.ts";
import type { IdentityHook, OriginHook } from "./books.ts";
import type { SealedBatch } from "./commit.ts";
import type { LogCommit } from "./log_commit.ts";
import type { PartitionLog } from "./partition_log.ts";

export interface CommitLoopOptions {
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly origins: OriginHook;
  readonly identity: IdentityHook;
  readonly lingerMs: number;
}

/** Hears of the batches that readers see from now on; their bytes do not change any more. */
export type CommitObserver = (log: PartitionLog, batches: readonly SealedBatch[]) => void;

const SYNC_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];

export class CommitLoop {
  readonly #core: Core;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #origins: OriginHook;
  readonly #identity: IdentityHook;
  readonly #lingerMs: number;
  readonly #logs = new Map<number, PartitionLog>();
  readonly #pace: SyncPace;
  readonly #crowd: CrowdPause;
  readonly #batches: Counter;
  readonly #bytes: Counter;
  readonly #commitSeconds: Histogram;
  readonly #observers = new Set<CommitObserver>();
  #dirty: PartitionLog[] = [];
  #cycle = 0;
  #scheduled: "no" | "linger" | "soon" = "no";
  #cancelLinger: (() => void) | null = null;
  #running = false;
  #idle: (() => void)[] = [];
  /** Who waits for the end of the cycle that runs. */
  #over: (() => void)[] = [];

  constructor(options: CommitLoopOptions) {
    this.#core = options.core;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#origins = options.origins;
    this.#identity = options.identity;
    this.#lingerMs = options.lingerMs;
    this.#crowd = new CrowdPause(options.clock);
    this.#pace = new SyncPace(options.clock);
    const { metrics } = options;
    this.#batches = metrics.counter("logboom_batches_committed_total", "Record batches committed.");
    this.#bytes = metrics.counter("logboom_bytes_committed_total", "Bytes of batches committed.");
    this.#commitSeconds = metrics.histogram(
      "logboom_commit_duration_seconds",
      "Time from the seal of a commit to the release of all who waited for it.",
      SYNC_BUCKETS,
    );
  }

  /**
   * Ordinal of the cycle that gathers now. Whatever is handed to `appended()` under one ordinal is
   * sealed in the same turn, so one waiter per ordinal is enough.
   */
  get cycle(): number {
    return this.#cycle;
  }

  get origins(): OriginHook {
    return this.#origins;
  }

  register(log: PartitionLog): void {
    assert(!this.#logs.has(log.handle), "a handle belongs to one partition");
    this.#logs.set(log.handle, log);
  }

  unregister(log: PartitionLog): void {
    this.#logs.delete(log.handle);
  }

  /**
   * Calls `observer` whenever a high watermark moved, until the returned function is called. For
   * who follows every partition; it must not throw, and must be quick.
   */
  observe(observer: CommitObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Called by a log whose high watermark moved. */
  noteAdvance(log: PartitionLog, batches: readonly SealedBatch[]): void {
    for (const observer of this.#observers) observer(log, batches);
  }

  /** Called by a log with the first append of a cycle. */
  markDirty(log: PartitionLog): void {
    this.#dirty.push(log);
    if (!this.#running) this.#schedule();
  }

  /** Does not wait out the linger: a batch is full. */
  hurry(): void {
    if (this.#scheduled === "linger") this.#scheduleSoon();
  }

  /** Frees a slot of the core for another partition: seals the largest open batch. */
  sealLargest(): void {
    let largest = -1;
    let size = -1;
    for (const handle of this.#core.openHandles()) {
      const bytes = this.#core.openBytes(handle);
      if (bytes <= size || !this.#logs.has(handle)) continue;
      largest = handle;
      size = bytes;
    }
    this.#logs.get(largest)?.sealOpen();
  }

  /** Resolves when nothing is left to commit. */
  idle(): Promise<void> {
    if (!this.#running && this.#dirty.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when the cycle that runs now is over, if one does; what gathers goes on. */
  underWay(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#over.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled !== "no") return;
    const pauseMs = this.#crowd.pauseMs();
    if (this.#lingerMs <= 0 && pauseMs <= 0) return this.#scheduleSoon();
    this.#scheduled = "linger";
    if (pauseMs > this.#lingerMs) return this.#awaitCrowd(this.#clock.monotonicMs() + pauseMs);
    this.#cancelLinger = this.#timers.after(this.#lingerMs, () => this.#start());
  }

  /** Looks each millisecond whether most of those whom the last commit released are back. */
  #awaitCrowd(untilMs: number): void {
    const back = this.#gatheredWaiters() >= 0.9 * this.#crowd.waiters;
    if (back || this.#clock.monotonicMs() >= untilMs) return this.#scheduleSoon();
    this.#cancelLinger = this.#timers.after(1, () => this.#awaitCrowd(untilMs));
  }

  #gatheredWaiters(): number {
    return this.#dirty.reduce((sum, log) => sum + log.gatheredWaiters, 0);
  }

  #scheduleSoon(): void {
    this.#cancelLinger?.();
    this.#scheduled = "soon";
    this.#timers.soon(() => this.#gather(0, 1));
  }

  /**
   * Looks round again for as long as more of a crowd comes: the event loop reads some hundred
   * sockets a turn, and a commit of all of them costs no more than one of the first.
   */
  #gather(before: number, turns: number): void {
    const waiters = this.#gatheredWaiters();
    const crowd = Math.max(waiters, this.#crowd.waiters) >= CROWD_WAITERS_MIN;
    const comes = turns < 3 || waiters > before;
    if (!crowd || !comes || turns > GATHER_TURNS_MAX) return this.#start();
    this.#timers.soon(() => this.#gather(waiters, turns + 1));
  }

  #start(): void {
    this.#scheduled = "no";
    this.#cancelLinger = null;
    this.#running = true;
    const dirty = this.#dirty;
    this.#dirty = [];
    this.#cycle++;
    // Whatever is thrown past the commits is a bug, and stops the process.
    void this.#commit(dirty.map((log) => log.beginCommit())).then(() => this.#ended());
  }

  #ended(): void {
    this.#running = false;
    for (const resolve of this.#over.splice(0)) resolve();
    if (this.#dirty.length > 0) return this.#schedule();
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  async #commit(all: readonly LogCommit[]): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const prelude = this.#prelude(all);
    if (prelude !== null) await prelude;

    const [only] = all;
    if (all.length === 1 && only !== undefined) await this.#writeOnly(only);
    else if (all.length > 1) await this.#writeAll(all);
    const tookMs = this.#clock.monotonicMs() - startedMs;
    this.#commitSeconds.observe(tookMs / 1000);
    this.#crowd.released(all, tookMs);
  }

  /** What must be durable before the data is; null when there is nothing to wait for. */
  #prelude(commits: readonly LogCommit[]): Promise<unknown> | null {
    let waits: Promise<unknown>[] | null = null;
    let claimed: LogCommit[] | null = null;
    for (const commit of commits) {
      const { refusal } = commit.log;
      if (refusal !== null) commit.refuse(refusal);
      else if (commit.origins.length > 0) (claimed ??= []).push(commit);
      const writes = commit.gathering.batches.length > 0;
      // The id was drawn all the same, and others go by the catalogue.
      const bytes = refusal === null ? commit.gathering.bytes : 0;
      const registered = writes ? this.#identity.registered(commit.log, bytes) : null;
      if (registered !== null) {
        (waits ??= []).push(registered.catch((error) => commit.refuse(error)));
      }
    }
    if (claimed !== null) (waits ??= []).push(this.#writeOrigins(claimed));
    return waits === null ? null : Promise.all(waits);
  }

  async #writeOrigins(commits: readonly LogCommit[]): Promise<void> {
    try {
      await this.#origins.write(commits.flatMap((commit) => commit.origins));
      for (const commit of commits) commit.noteOriginsWritten();
    } catch (error) {
      for (const commit of commits) commit.refuse(error);
    }
  }

  /** Returns whether the batches were written, and still need a sync. */
  #write(commit: LogCommit): boolean {
    commit.write();
    if (!commit.open) return false;
    const { batches, bytes } = commit.gathering;
    this.#batches.value += batches.length;
    this.#bytes.value += bytes;
    if (commit.durable && batches.length > 0) return true;
    commit.succeed();
    return false;
  }

  async #writeOnly(commit: LogCommit): Promise<void> {
    if (!this.#write(commit)) return;
    const { bytes, waiters } = commit.gathering;
    const crowded = waiters.size > SYNC_NOW_WAITERS_MAX;
    if (crowded || !commit.oneFile || !this.#pace.quick(bytes)) return await commit.sync();
    const startedMs = this.#clock.monotonicMs();
    const error = commit.syncNow();
    this.#pace.took(this.#clock.monotonicMs() - startedMs);
    if (error === null) commit.succeed();
    else await commit.syncElsewhere(error);
  }

  /** Few at a time, so that a thousand partitions do not need a thousand open files. */
  async #writeAll(commits: readonly LogCommit[]): Promise<void> {
    let next = 0;
    const writeSome = async () => {
      while (next < commits.length) {
        const commit = commits[next++]!;
        if (this.#write(commit)) await commit.sync();
      }
    };
    const lanes = Math.min(CONCURRENT_SYNCS_MAX, commits.length);
    await Promise.all(Array.from({ length: lanes }, writeSome));
  }
}

/**
 * On a slow disk, those whom one commit released answer it together, a moment later. A cycle that
 * starts with the first of them leaves the rest to the next, and each then carries half: so it
 * waits until most of them are back, at the most for a part of what the last one took. Nobody
 * waits on a quick disk, or alone.
 */
class CrowdPause {
  readonly #clock: Clock;
  #tookMs = 0;
  #waiters = 0;
  #endedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many the last commit released. */
  get waiters(): number {
    return this.#waiters;
  }

  released(commits: readonly LogCommit[], tookMs: number): void {
    this.#waiters = commits.reduce((sum, { gathering }) => sum + gathering.waiters.size, 0);
    this.#tookMs = this.#waiters > 1 ? tookMs : 0;
    this.#endedMs = this.#clock.monotonicMs();
  }

  pauseMs(): number {
    if (this.#tookMs < SLOW_COMMIT_MS) return 0;
    // Whoever is quiet for as long as a commit takes was not waiting for it.
    if (this.#clock.monotonicMs() - this.#endedMs > this.#tookMs) return 0;
    return Math.min(this.#tookMs / 3, CROWD_PAUSE_MS_MAX);
  }
}

/** Whether a sync on the event loop is quicker than handing it to a thread, by what was measured. */
class SyncPace {
  readonly #clock: Clock;
  #syncMs = 0;
  #probedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  quick(bytes: number): boolean {
    if (bytes > SYNC_NOW_BYTES_MAX) return false;
    if (this.#syncMs < SYNC_NOW_MS_MAX) return true;
    // A slow disk is asked again now and then: one sync in a second cannot hurt.
    return this.#clock.monotonicMs() - this.#probedMs >= SYNC_PROBE_INTERVAL_MS;
  }

  took(syncMs: number): void {
    this.#probedMs = this.#clock.monotonicMs();
    this.#syncMs = this.#syncMs < SYNC_NOW_MS_MAX ? this.#syncMs * 0.875 + syncMs * 0.125 : syncMs;
  }
}
