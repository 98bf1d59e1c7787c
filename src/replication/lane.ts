/**
 * One partition on its way upstream, in strict order. A lane knows how far it has read, what is
 * under way, and what the receiver holds; when to read and send is the forwarder's.
 *
 *     stale ──announced──▶ ready ──load()──▶ ready, with loads under way
 *       ▲                    │
 *       └── all answered ── broken   a load failed or was refused: nothing more is sent
 *
 * A stale lane announces its logs, and goes on from what the receiver says it holds, whatever was
 * thought before: that is the whole of resuming, rewinding, and making good a restored centre.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { isOperatingError, OperatingError } from "../base/errors.ts";
import type { LogId, Offset } from "../base/types.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";
import { laneNameOf } from "../protocol/replication/lane_name.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { type LaneBooks, LaneLogs } from "./lane_logs.ts";
import { Load } from "./load.ts";
import type { LogCursor } from "./log_cursor.ts";

/** What a lane needs of its partition. */
export type LaneLog = Pick<
  PartitionLog,
  "topic" | "index" | "handle" | "logStartOffset" | "highWatermark" | "read"
>;

export class Lane {
  readonly name: string;
  readonly log: LaneLog;
  /** Offsets of the partition below it are held by the receiver, or accounted for. */
  forwarded: Offset;
  readonly #logs: LaneLogs;
  /** Where to read next. */
  #cursor: Offset;
  #loads: Load[] = [];
  #underWay = 0;
  #state: "stale" | "ready" | "broken" = "stale";
  #reading = false;
  /** Ranges the receiver has passed and must say what it lacks of. */
  #asking = false;

  constructor(log: LaneLog, books: LaneBooks, forwarded: Offset) {
    this.log = log;
    this.name = laneNameOf({ topic: log.topic, partition: log.index });
    this.forwarded = this.#cursor = forwarded;
    this.#logs = new LaneLogs(books);
  }

  /** Whether its logs must be announced, and may be. */
  get stale(): boolean {
    return this.#state === "stale" && this.#underWay === 0 && !this.#reading;
  }

  /** Whether there is something to read and nothing in the way. */
  get ready(): boolean {
    if (this.#state !== "ready" || this.#reading) return false;
    return this.#cursor < this.log.highWatermark || this.#asking ||
      this.#logs.owes(this.#cursor);
  }

  /** Records not yet held by the receiver. */
  get lag(): number {
    return Math.max(0, this.log.highWatermark - Math.max(this.forwarded, this.log.logStartOffset));
  }

  /** Records not yet put into a load. */
  get pending(): number {
    return Math.max(0, this.log.highWatermark - this.#cursor);
  }

  /** The logs the receiver must be told of, or asked about, before the lane can go on. */
  toAnnounce(): LogAnnouncement[] {
    this.#logs.refresh();
    const logs: LogAnnouncement[] = [];
    for (const cursor of this.#logs.all()) {
      if (cursor.announced && cursor.sent === cursor.held) continue;
      const { firstOffset } = cursor.announcement;
      const endOffset = Math.max(firstOffset, cursor.own ? this.log.highWatermark : cursor.sent);
      logs.push({ ...cursor.announcement, endOffset });
    }
    return logs;
  }

  /** Takes the receiver's word for where it stands, and goes on from there. */
  resume(standings: ReadonlyMap<LogId, LogStanding>): void {
    assert(this.stale, "nothing is under way when the receiver's word is taken");
    let complete = true;
    for (const cursor of this.#logs.all()) {
      const standing = standings.get(cursor.logId);
      if (standing !== undefined) cursor.restart(standing);
      complete &&= cursor.announced && cursor.sent === cursor.held;
    }
    if (!complete) return;
    const { logStartOffset, highWatermark } = this.log;
    const at = this.#logs.resumeAt(this.forwarded, logStartOffset);
    this.#cursor = Math.min(highWatermark, Math.max(logStartOffset, at));
    this.forwarded = this.#cursor;
    this.#loads = [];
    this.#state = "ready";
    this.ask();
  }

  /** Puts what is provisional in the ledger to the receiver, with the next load. */
  ask(): void {
    for (const _ of this.#logs.questions()) {
      this.#asking = true;
      return;
    }
  }

  /** The receiver forgot the session: every log is announced again. */
  forget(): void {
    for (const cursor of this.#logs.all()) cursor.announced = false;
    this.break();
  }

  /** Stops sending until what is under way is answered; then the logs are announced again. */
  break(): void {
    this.#state = this.#underWay === 0 ? "stale" : "broken";
  }

  /**
   * Reads on and fills a load of about `bytesMax`; null when there is nothing to send now. The load
   * counts as under way until {@linkcode answered} or {@linkcode failed}.
   */
  async load(bytesMax: number): Promise<Load | null> {
    assert(this.ready, "a lane is asked for a load when it has one");
    this.#reading = true;
    try {
      const load = await this.#read(bytesMax);
      // Broken meanwhile: what was read is read again later.
      if (this.#state !== "ready") return null;
      if (load.empty) {
        this.#passed(load.to);
        return null;
      }
      this.#loads.push(load);
      this.#underWay++;
      return load;
    } catch (error) {
      this.#state = "broken";
      throw error;
    } finally {
      this.#reading = false;
      if (this.#state === "broken") this.break();
    }
  }

  /** What the receiver holds after a load. @returns whether the forwarded offset moved */
  answered(load: Load, standings: ReadonlyMap<LogId, LogStanding>): boolean {
    this.#underWay--;
    for (const cursor of load.ends.keys()) {
      const standing = standings.get(cursor.logId);
      if (standing !== undefined) cursor.raise(standing);
    }
    const before = this.forwarded;
    while (this.#loads[0]?.held === true) this.forwarded = this.#loads.shift()!.to;
    if (!load.held || this.#state === "broken") this.break();
    return this.forwarded !== before;
  }

  failed(load: Load): void {
    assert(load !== null && this.#underWay > 0, "a load fails once");
    this.#underWay--;
    this.break();
  }

  /** Every log of the lane, with what is to be remembered of it. */
  cursors(): Iterable<LogCursor> {
    return this.#logs.all();
  }

  /** As {@linkcode forwarded}, at the root of the chain of nodes. */
  get settled(): Offset {
    return this.#logs.settledBelow(this.forwarded);
  }

  async #read(bytesMax: number): Promise<Load> {
    const load = new Load(this.#cursor);
    if (this.#asking) this.#question(load);
    const { batches, nextOffset } = await this.#readLog(bytesMax);
    if (this.#state !== "ready") return load;
    for (const batch of batches) {
      if (this.#add(load, batch) !== "added") return this.#ended(load);
    }
    if (this.#cover(load, nextOffset)) load.to = nextOffset;
    return this.#ended(load);
  }

  #question(load: Load): void {
    this.#asking = false;
    for (const { cursor, range } of this.#logs.questions()) {
      if (load.full) {
        this.#asking = true;
        return;
      }
      load.ask(cursor, range);
    }
  }

  async #readLog(maxBytes: number) {
    for (;;) {
      // Nothing to read, but skips may be owed.
      if (this.#cursor >= this.log.highWatermark) return { batches: [], nextOffset: this.#cursor };
      try {
        return await this.log.read(this.#cursor, { maxBytes });
      } catch (error) {
        const { logStartOffset } = this.log;
        const evicted = isOperatingError(error, "offset_out_of_range");
        if (!evicted || this.#cursor >= logStartOffset) throw error;
        // Evicted under our feet: what is gone travels as a skip.
        this.#cursor = logStartOffset;
      }
    }
  }

  /** Puts one batch into the load, with what must be skipped before it. */
  #add(load: Load, batch: Uint8Array): "added" | "full" | "unannounced" {
    const header = readBatchHeader(batch);
    const next = header.lastOffset + 1;
    if (!this.#cover(load, header.baseOffset)) return "full";
    const cursor = this.#logs.find(header);
    if (!cursor.announced) {
      // Drawn, or announced here, since the logs were. What was read is read again afterwards.
      this.#state = "broken";
      return "unannounced";
    }

    const from = header.sourceOffset;
    const to = from + (next - header.baseOffset);
    if (!cursor.own) {
      if (!this.#logs.coverForeign(load, cursor, from)) return "full";
      this.#logs.took(header.baseOffset, next);
    }
    if (from < cursor.sent && cursor.sent < to) {
      throw new OperatingError(
        "lane_out_of_order",
        `Cannot forward ${this.name}: the upstream holds log ${cursor.logId} up to ` +
          `${cursor.sent}, inside the batch [${from}, ${to})`,
        { topic: this.log.topic, partition: this.log.index, log_id: cursor.logId },
      );
    }
    // What the receiver holds already is passed over, not sent.
    if (to > cursor.sent) load.batch(cursor, batch, to);
    load.to = next;
    return "added";
  }

  #cover(load: Load, upTo: Offset): boolean {
    return this.#logs.coverOwn(load, upTo, this.log.logStartOffset);
  }

  #ended(load: Load): Load {
    this.#cursor = load.to;
    return load;
  }

  /** Everything below `to` was held already: that moves the forwarded offset, or the last load's. */
  #passed(to: Offset): void {
    const last = this.#loads.at(-1);
    if (last === undefined) this.forwarded = to;
    else last.to = to;
  }
}
