/**
 * The lanes of this node: which have something to send, which must announce their logs first, and
 * which have to wait, because the upstream refuses them while it takes others.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isOperatingError, type OperatingError } from "../base/errors.ts";
import { REPLICATION_ANNOUNCE_LOGS_MAX } from "../base/link_limits.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { LogAnnouncement } from "../protocol/replication/announce.ts";
import type { Refusal } from "../protocol/replication/refusal.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { backoffMs } from "./backoff.ts";
import type { ForwarderOptions, ForwarderSettings } from "./forwarder_options.ts";
import { Lane } from "./lane.ts";
import type { LanePart } from "./lane_request.ts";
import type { LinkFacts } from "./live_first.ts";
import type { Load } from "./load.ts";
import type { RejectedRange, StoreBooks } from "./store_books.ts";
import { Turns } from "./turns.ts";
import { Waiting } from "./waiting.ts";

export interface LaneTableOptions {
  readonly store: Pick<ForwarderOptions["store"], "openLogs" | "forwarded">;
  readonly books: StoreBooks;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Pick<ForwarderSettings, "backoff" | "refusedRetryMs">;
  readonly link: () => LinkFacts;
  /** A lane wants something. */
  readonly roused: () => void;
}

/** Of all lanes together; see ForwarderStatus. */
export interface Amounts {
  readonly lagRecords: number;
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  readonly lanesSplit: number;
}

export class LaneTable {
  readonly turns = new Turns();
  readonly waiting: Waiting;
  readonly #options: LaneTableOptions;
  readonly #lanes = new Map<number, Lane>();
  /** Those whose logs must be announced. */
  readonly #stale = new Set<Lane>();
  /** What was refused for good, and is sent once more. */
  readonly #rejected = new WeakMap<Lane, Set<string>>();
  /** What the books were when it was last looked for what is owed. */
  #owingSeen = -1;

  constructor(options: LaneTableOptions) {
    this.#options = options;
    this.waiting = new Waiting(options.clock);
  }

  get size(): number {
    return this.#lanes.size;
  }

  /** Every partition that holds something is a lane, or that did when its topic was deleted. */
  takeUp(): void {
    for (const log of this.#options.store.openLogs()) {
      if (log.highWatermark > 0) this.advanced(log);
    }
    this.#owingSeen = -1;
    this.#takeUpOwing();
  }

  /**
   * And where nothing ever came here but the word that other nodes gave something up: no batch makes
   * a lane of that partition.
   */
  #takeUpOwing(): void {
    const { store, books } = this.#options;
    if (this.#owingSeen === books.changes) return;
    this.#owingSeen = books.changes;
    const owing = books.owingPartitions();
    for (const log of owing.size === 0 ? [] : store.openLogs()) {
      if (this.#lanes.has(log.handle)) continue;
      if (owing.has(partitionDirectory(log.topic, log.index))) this.advanced(log);
    }
  }

  /** Another upstream: what is under way to the one before no longer counts. */
  renew(): void {
    this.waiting.reset();
    this.turns.clear();
    this.#stale.clear();
    this.#lanes.clear();
    this.takeUp();
  }

  /** The upstream forgot the session. */
  forgetSession(): void {
    this.waiting.reset();
    for (const lane of this.#lanes.values()) {
      lane.forget();
      this.queue(lane);
    }
  }

  advanced(log: PartitionLog): void {
    const { store, books, clock } = this.#options;
    let lane = this.#lanes.get(log.handle);
    if (lane === undefined) {
      const { held } = store.forwarded.here(log.topic, log.index);
      lane = new Lane(log, books.of(log), Math.min(held, log.highWatermark));
      this.#lanes.set(log.handle, lane);
    }
    lane.advanced(clock.monotonicMs());
    this.queue(lane);
  }

  /** Looks for what the receiver has to learn: what nodes below gave up wakes no lane of its own. */
  ask(): void {
    this.#takeUpOwing();
    for (const lane of this.#lanes.values()) {
      lane.ask();
      this.queue(lane);
    }
  }

  /** Puts a lane where it belongs now. */
  queue(lane: Lane): void {
    // Of an earlier upstream: what is under way for it no longer counts.
    if (this.#lanes.get(lane.log.handle) !== lane || this.waiting.has(lane)) return;
    if (lane.stale) {
      this.#stale.add(lane);
    } else {
      lane.plan(this.#options.link());
      if (!lane.ready) return;
      this.turns.put(lane);
    }
    this.#options.roused();
  }

  /** Those that waited long enough. */
  wakeDue(): void {
    for (const lane of this.waiting.due()) this.queue(lane);
  }

  get hasStale(): boolean {
    return this.#stale.size > 0;
  }

  /** Takes some off whose logs must be announced, with these. */
  takeStale(): { readonly lanes: readonly Lane[]; readonly logs: readonly LogAnnouncement[] } {
    const lanes: Lane[] = [];
    const logs: LogAnnouncement[] = [];
    for (const lane of this.#stale) {
      this.#stale.delete(lane);
      if (!lane.stale) continue;
      lanes.push(lane);
      logs.push(...lane.toAnnounce());
      if (logs.length >= REPLICATION_ANNOUNCE_LOGS_MAX) break;
    }
    return { lanes, logs };
  }

  putStale(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#stale.add(lane);
  }

  /** It made no headway: it waits, longer each time. */
  setBack(lane: Lane): void {
    const { random, settings } = this.#options;
    const setbacks = this.waiting.setbacks(lane);
    // The first is as a rule a request that overtook another: no reason to wait.
    const waitMs = setbacks === 0 ? 0 : backoffMs(setbacks, random.next(), settings.backoff);
    this.waiting.setBack(lane, waitMs);
  }

  /** One lane is refused; the others go on. */
  async refused({ lane, load }: LanePart, refusal: Refusal): Promise<void> {
    const rejected = rejectedOf(refusal, load);
    if (rejected !== null) {
      // A part of it may have come another way since that was asked: then the others go.
      if (!this.#isRefusedAgain(lane, rejected)) return this.setBack(lane);
      this.tell(refusal);
      try {
        return await this.#options.books.reject(lane, rejected);
      } catch (error) {
        // Not on record, so it is not skipped; the other lanes of the request go on.
        if (!isOperatingError(error)) throw error;
        return this.cannotRead(lane, error);
      }
    }
    if (refusal.code === "log_not_announced") lane.forget();
    // Damage on the way is bad luck, not a verdict.
    if (refusal.retriable || refusal.code === "malformed_body") return this.setBack(lane);
    this.tell(refusal);
    lane.break();
    this.waiting.add(lane, this.#options.settings.refusedRetryMs, refusal);
  }

  /** Whether that is what was refused before, after the receiver said what it has. */
  #isRefusedAgain(lane: Lane, { logId, from, to }: RejectedRange): boolean {
    const name = `${logId} ${from}-${to}`;
    const refused = this.#rejected.get(lane) ?? new Set();
    if (refused.delete(name)) return true;
    this.#rejected.set(lane, refused.add(name));
    return false;
  }

  cannotRead(lane: Lane, error: OperatingError): void {
    const { topic, index: partition } = lane.log;
    const { logger, settings } = this.#options;
    const { code, message: detail } = error;
    logger.error("cannot_forward", { topic, partition, code, error: detail });
    this.waiting.add(lane, settings.refusedRetryMs, { code, detail });
  }

  tell({ lane, logId, code, detail }: Refusal): void {
    this.#options.logger.warn("lane_refused", { lane, log_id: logId, code, error: detail });
  }

  amounts(): Amounts {
    let [lagRecords, backlogRecords, backlogBytes, lanesSplit] = [0, 0, 0, 0];
    for (const lane of this.#lanes.values()) {
      lagRecords += lane.lag;
      backlogRecords += lane.backlogRecords;
      backlogBytes += lane.backlogBytes;
      if (lane.split) lanesSplit++;
    }
    return { lagRecords, backlogRecords, backlogBytes: Math.round(backlogBytes), lanesSplit };
  }
}

/** What the receiver will never take, as far as the load brought it. */
function rejectedOf({ code, logId, range }: Refusal, load: Load): RejectedRange | null {
  if (code !== "batch_rejected" || logId === null || !range) return null;
  return load.brings(logId, range) ? { logId, ...range } : null;
}
