/**
 * The keeper looks after space: retention now and then, eviction when room runs short. It works
 * beside the commits; a commit waits for it only at the headroom line itself.
 *
 * @module
 */
import { sleep, type Timers } from "../base/clock.ts";
import { messageOf, type OperatingError } from "../base/errors.ts";
import { EVICTION_RETRY_MS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { TopicName } from "../base/types.ts";
import type { AgeClock } from "./age_clock.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { DiskBudget } from "./disk_budget.ts";
import type { Evictor } from "./evictor.ts";
import type { PartitionLog } from "./partition_log.ts";
import {
  activeIsOver,
  closable,
  type Eviction,
  nextEviction,
  type RetainedLog,
  retentionStart,
} from "./retention.ts";
import type { TopicSettings } from "./settings.ts";

/** How often, and how long each time, a commit waits for what was given up to become free. */
const LATE_TURNS_MAX = 20;
const LATE_TURN_MS = 100;
/** While another checkpoint is being written, both together cover nothing: then once more. */
const COVERS_MAX = 3;

export interface KeeperOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly age: AgeClock;
  /** How often retention is applied. */
  readonly intervalMs: number;
  readonly budget: DiskBudget;
  readonly evictor: Evictor;
  readonly checkpointer: Checkpointer;
  /** Whether the ledger has as many entries as it should. */
  readonly ledgerFull?: () => boolean;
  /** Called with each look at what retention may remove. */
  readonly everyLook?: () => void;
  /** All partitions, with what retention has to know of them. */
  readonly retained: () => Iterable<RetainedLog & { readonly log: PartitionLog }>;
}

/** Who asks for room. */
export interface RoomFor {
  readonly topic: TopicName;
  readonly settings: Pick<TopicSettings, "diskPolicy">;
}

export class Keeper {
  readonly #options: KeeperOptions;
  #working: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;
  /** On the age clock: it is no use to look again before. */
  #retryMs = 0;
  #cancelRetry: (() => void) | null = null;
  #stuck = false;
  /** Priorities that the last eviction spared. */
  #spared = "";

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.timers.after(this.#options.intervalMs, () => {
      this.#options.everyLook?.();
      void this.retain().finally(() => this.#closed || this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancelRetry?.();
    await this.#working;
  }

  /**
   * Null when there is room to append `bytes` to the topic. Otherwise a promise that resolves to
   * null once room was made, or to the refusal.
   */
  roomFor(
    { topic, settings }: RoomFor,
    bytes: number,
  ): Promise<OperatingError | null> | null {
    const { budget } = this.#options;
    const left = budget.roomBytes - bytes;
    if (left > budget.aheadBytes) return null;
    const making = this.makeRoom();
    if (left > 0) return null;
    if (settings.diskPolicy === "reject") {
      // What was delivered may still go in its favour, but it does not wait for that.
      return budget.look() > 0 ? null : Promise.resolve(budget.refusal(topic));
    }
    return making.then(() => budget.look() > 0 ? null : this.#awaitRoom(topic));
  }

  /** What was given up may become free a little later: that is waited for, rather than refused. */
  async #awaitRoom(topic: TopicName): Promise<OperatingError | null> {
    const { budget, timers } = this.#options;
    for (let turn = 0; turn < LATE_TURNS_MAX && !this.#stuck && !this.#closed; turn++) {
      await sleep(timers, LATE_TURN_MS);
      if (budget.look() > 0) return null;
      this.#retryMs = 0;
      await this.makeRoom();
    }
    return budget.look() > 0 ? null : budget.refusal(topic);
  }

  /** Whether an append of any size to a topic with those settings would be refused now. */
  refuses(settings: Pick<TopicSettings, "diskPolicy">): boolean {
    if (this.#options.budget.roomBytes > 0) return false;
    return settings.diskPolicy === "reject" || this.stuck;
  }

  /** Nothing more may go, of any topic: until something is delivered, the disk stays as full. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /** Evicts until there is room ahead; never rejects. Callers at the same time share the work. */
  makeRoom(): Promise<void> {
    if (this.#working === null && this.#options.age.nowMs() < this.#retryMs) {
      return Promise.resolve();
    }
    this.#working ??= this.#makeRoom()
      .catch((error) => {
        this.#options.logger.error("eviction_failed", { error: messageOf(error) });
        this.#tryLater(true);
      })
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
    const { budget } = this.#options;
    const roomAndUsed = budget.look() + budget.usedBytes;
    let freed = 0;
    let covers = 0;
    while (!this.#closed && budget.look() <= budget.aheadBytes) {
      const eviction = this.#next();
      if (eviction === null) {
        if (covers < COVERS_MAX && this.#next(false) !== null) {
          // Only the checkpoints stand in the way.
          covers++;
          await this.#options.checkpointer.cover();
        } else if (await this.#closeOldest(budget.aheadBytes - budget.look())) {
          covers = 0;
        } else {
          // Rather than nothing, what was to be spared.
          const options = { capacityBytes: 0, thinsFirst: false };
          const spared = nextEviction(this.#options.retained(), options);
          if (spared === null) return this.#tryLater(true);
          freed += await this.#evict(spared);
        }
        continue;
      }
      freed += await this.#evict(eviction);
      covers = 0;
      const room = roomAndUsed - budget.usedBytes;
      if (room > budget.aheadBytes && budget.look() < room - freed / 2) {
        // Some file systems tell late what a removed file made free: no more is given up for that.
        return this.#tryLater(false);
      }
    }
    this.#stuck = false;
  }

  #next(coveredOnly = true): Eviction | null {
    const { budget: { capacityBytes }, ledgerFull, retained } = this.#options;
    const options = { capacityBytes, coveredOnly, ledgerFull: ledgerFull?.() === true };
    return nextEviction(retained(), options);
  }

  /** Returns the bytes freed. */
  #evict({ retained, logStart, thins, spared }: Eviction): Promise<number> {
    const { evictor, logger } = this.#options;
    const { deliveredBelow, settings: { priority } } = retained;
    const log = retained.log as PartitionLog;
    if (spared.join() !== this.#spared && spared.length > 0) {
      logger.warn("eviction_spares_lower_priorities", { topic: log.topic, priority, spared });
    }
    this.#spared = spared.join();
    if (thins !== null) return evictor.thin(log, thins, deliveredBelow);
    return evictor.moveStart(log, logStart, { deliveredBelow, reason: "evicted" });
  }

  /**
   * It is no use to look again before a while. When nothing may go, someone must all the same: who
   * waits for room may have stopped asking, and what is delivered meanwhile makes some.
   */
  #tryLater(stuck: boolean): void {
    const { age, budget, timers, logger } = this.#options;
    this.#retryMs = age.nowMs() + EVICTION_RETRY_MS;
    if (stuck && !this.#stuck) logger.warn("disk_full", { room_bytes: budget.look() });
    this.#stuck = stuck;
    if (!stuck || this.#closed) return;
    this.#cancelRetry ??= timers.after(EVICTION_RETRY_MS, () => {
      this.#cancelRetry = null;
      if (this.#closed) return;
      this.#retryMs = 0;
      void this.makeRoom();
    });
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
