/**
 * The keeper looks after space: retention now and then, eviction when room runs short. It works
 * beside the commits; a commit waits for it only at the headroom line itself.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";
import { messageOf, type OperatingError } from "../base/errors.ts";
import { EVICTION_RETRY_MS, RETENTION_INTERVAL_MS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { AgeClock } from "./age_clock.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { DiskBudget } from "./disk_budget.ts";
import type { Evictor } from "./evictor.ts";
import type { PartitionLog } from "./partition_log.ts";
import {
  activeIsOver,
  closable,
  nextEviction,
  type RetainedLog,
  retentionStart,
} from "./retention.ts";
import type { TopicSettings } from "./settings.ts";

export interface KeeperOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly age: AgeClock;
  readonly budget: DiskBudget;
  readonly evictor: Evictor;
  readonly checkpointer: Checkpointer;
  /** All partitions, with what retention has to know of them. */
  readonly retained: () => Iterable<RetainedLog & { readonly log: PartitionLog }>;
}

export class Keeper {
  readonly #options: KeeperOptions;
  #working: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;
  /** On the age clock: nothing could be evicted, and it is no use to look again before. */
  #retryMs = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.timers.after(RETENTION_INTERVAL_MS, () => {
      void this.retain().finally(() => this.#closed || this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#working;
  }

  /**
   * Null when there is room to append to the topic. Otherwise a promise that resolves to null once
   * room was made, or to the refusal.
   */
  roomFor(topic: string, settings: TopicSettings): Promise<OperatingError | null> | null {
    const { budget } = this.#options;
    const room = budget.roomBytes;
    if (room > budget.aheadBytes) return null;
    const making = this.makeRoom();
    if (room > 0) return null;
    if (settings.diskPolicy === "reject" && budget.look() <= 0) {
      // What was delivered may still go in its favour, but it does not wait for that.
      return Promise.resolve(budget.refusal(topic));
    }
    return making.then(() => budget.look() > 0 ? null : budget.refusal(topic));
  }

  /** Whether appends to topics that reject would be refused now: to stop early, at the door. */
  get full(): boolean {
    return this.#options.budget.roomBytes <= 0;
  }

  /** Evicts until there is room ahead; never rejects. Callers at the same time share the work. */
  makeRoom(): Promise<void> {
    if (this.#working === null && this.#options.age.nowMs() < this.#retryMs) {
      return Promise.resolve();
    }
    this.#working ??= this.#makeRoom()
      .catch((error) => this.#options.logger.error("eviction_failed", { error: messageOf(error) }))
      .finally(() => this.#working = null);
    return this.#working;
  }

  /** Applies retention by time and by bytes; never rejects. */
  async retain(): Promise<void> {
    const { age, evictor, logger, retained } = this.#options;
    age.watchWallClock();
    await this.#working;
    for (const each of retained()) {
      const { log, deliveredBelow } = each;
      try {
        // It can go once the checkpoints cover it.
        if (activeIsOver(each, age.nowMs())) await log.roll();
        const start = retentionStart(each, age.nowMs());
        if (start <= log.logStartOffset) continue;
        await evictor.moveStart(log, start, { deliveredBelow, reason: "retention" });
      } catch (error) {
        const { topic, index: partition } = log;
        logger.error("retention_failed", { topic, partition, error: messageOf(error) });
      }
    }
  }

  async #makeRoom(): Promise<void> {
    const { age, budget, checkpointer, evictor, retained } = this.#options;
    const roomAndUsed = budget.look() + budget.usedBytes;
    let freed = 0;
    let covered = false;
    while (!this.#closed && budget.look() <= budget.aheadBytes) {
      const eviction = nextEviction(retained());
      if (eviction === null) {
        if (covered && !await this.#closeOldest(budget.aheadBytes - budget.look())) {
          this.#retryMs = age.nowMs() + EVICTION_RETRY_MS;
          return;
        }
        // Perhaps only the checkpoints stand in the way, or that segments are active.
        covered = true;
        await checkpointer.cover();
        continue;
      }
      const { deliveredBelow } = eviction.retained;
      const log = eviction.retained.log as PartitionLog;
      freed += await evictor.moveStart(log, eviction.logStart, {
        deliveredBelow,
        reason: "evicted",
      });
      const room = roomAndUsed - budget.usedBytes;
      if (room > budget.aheadBytes && budget.look() < room - freed / 2) {
        // Some file systems tell late what a removed file made free: no more is given up for that.
        this.#retryMs = age.nowMs() + EVICTION_RETRY_MS;
        return;
      }
    }
  }

  /** Closes active segments that hold `bytes`, the oldest first; false when none may go. */
  async #closeOldest(bytes: number): Promise<boolean> {
    let closed = 0;
    for (const { log } of closable(this.#options.retained())) {
      if (closed > bytes) break;
      closed += log.segments().at(-1)?.bytes ?? 0;
      await log.roll();
    }
    return closed > 0;
  }
}
