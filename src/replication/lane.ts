/**
 * One partition on its way upstream. A lane knows how far it has read, what is under way, and what
 * the receiver holds; when to read and send is the forwarder's.
 *
 *     stale ──announced──▶ ready ──load()──▶ ready, with loads under way
 *       ▲                    │
 *       └── all answered ── broken   a load failed or was refused: nothing more is sent
 *
 * A stale lane announces its logs, and goes on from what the receiver says it holds, whatever was
 * thought before: that is the whole of resuming, rewinding, and making good a restored centre.
 *
 * It keeps strict order, but for a topic that wants live records first while there is a backlog:
 * then it is two streams, see live_first.ts, until the backlog has come to where the live one began.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { ISLANDS_MAX } from "../base/limits.ts";
import { LIVE_PLAN_MS } from "../base/link_limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";
import { VERSION_WITH_ISLANDS } from "../protocol/replication/version.ts";
import { laneNameOf } from "../protocol/replication/lane_name.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { type FillAmount, LaneFill } from "./lane_fill.ts";
import type { LaneBooks } from "./lane_books.ts";
import { LaneLogs } from "./lane_logs.ts";
import { CONTROL, type LinkClass } from "./budget/link_class.ts";
import { bytesBetween, isBehind, type LinkFacts, splitOf } from "./live_first.ts";
import { Load } from "./load.ts";
import type { LogCursor } from "./log_cursor.ts";
import { Stream } from "./stream.ts";

/** What a lane needs of its partition. */
export type LaneLog = Pick<
  PartitionLog,
  | "topic"
  | "index"
  | "handle"
  | "logStartOffset"
  | "highWatermark"
  | "read"
  | "segments"
  | "settings"
>;

export class Lane {
  readonly name: string;
  readonly log: LaneLog;
  readonly #logs: LaneLogs;
  /** All of the partition, or what lies before the live stream's start. */
  #backlog: Stream;
  #live: Stream | null = null;
  #liveSinceMs = Number.NEGATIVE_INFINITY;
  #advancedMs = 0;
  #plannedMs = Number.NEGATIVE_INFINITY;
  /** What waits is more than the link takes at once. */
  #behind = false;
  /** The receiver knows islands. */
  #islands = true;
  #underWay = 0;
  #state: "stale" | "ready" | "broken" = "stale";
  #reading = false;
  /** Ranges the receiver has passed and must say what it lacks of. */
  #asking = false;
  /** The receiver lacks what it once held: what of it is not here is told once all here was read. */
  #regressed = false;
  /** Where the partition began, and what the ledger was, when it was last looked what is owed. */
  #owingSeen = "";

  constructor(log: LaneLog, books: LaneBooks, forwarded: Offset) {
    this.log = log;
    this.name = laneNameOf({ topic: log.topic, partition: log.index });
    this.#backlog = new Stream(forwarded);
    this.#logs = new LaneLogs(books);
  }

  /** Whether its logs must be announced, and may be. */
  get stale(): boolean {
    return this.#state === "stale" && this.#underWay === 0 && !this.#reading;
  }

  /** Whether there is something to read and nothing in the way. */
  get ready(): boolean {
    return this.streams().length > 0;
  }

  /** Its streams with something to read. */
  streams(): Stream[] {
    if (this.#state !== "ready" || this.#reading) return [];
    const streams = this.#hasMore(this.#backlog) || this.urgent ? [this.#backlog] : [];
    if (this.#live !== null && this.#hasMore(this.#live)) streams.push(this.#live);
    return streams;
  }

  /** Whether it has skips to send, which go ahead of data. */
  get urgent(): boolean {
    return this.#asking || this.#logs.owes(this.#backlog.cursor) || this.#tellsLost;
  }

  isLive(stream: Stream): boolean {
    return stream === this.#live;
  }

  /** How the link is to treat it: a strict lane without a backlog to speak of counts as live. */
  classOf(stream: Stream): LinkClass {
    const { priority } = this.log.settings;
    if (this.isLive(stream)) return { kind: "live", priority };
    if (this.urgent) return CONTROL;
    return { kind: this.split || this.#behind ? "backlog" : "live", priority };
  }

  /** Whether live records go ahead of a backlog now. */
  get split(): boolean {
    return this.#live !== null;
  }

  /** Offsets of the partition below it are held by the receiver, or accounted for. */
  get forwarded(): Offset {
    return this.#backlog.done;
  }

  /** Records not yet held by the receiver. */
  get lag(): number {
    const { logStartOffset, highWatermark } = this.log;
    const backlogEnd = Math.min(this.#backlog.until, highWatermark);
    const live = this.#live === null ? 0 : highWatermark - this.#live.done;
    return Math.max(0, backlogEnd - Math.max(this.forwarded, logStartOffset)) + Math.max(0, live);
  }

  /** Records not yet put into a load. */
  get pending(): number {
    const { highWatermark } = this.log;
    const live = this.#live === null ? 0 : highWatermark - this.#live.cursor;
    return Math.max(0, Math.min(this.#backlog.until, highWatermark) - this.#backlog.cursor) +
      Math.max(0, live);
  }

  /** Records not yet held, live ones left out. */
  get backlogRecords(): number {
    const { done, until } = this.#backlog;
    const { logStartOffset, highWatermark } = this.log;
    return Math.max(0, Math.min(until, highWatermark) - Math.max(done, logStartOffset));
  }

  /** Bytes on disk that are not yet held, live records left out; an estimate. */
  get backlogBytes(): number {
    const { done, until } = this.#backlog;
    return bytesBetween(this.log.segments(), done, Math.min(until, this.log.highWatermark));
  }

  /** The logs the receiver must be told of, or asked about, before the lane can go on. */
  toAnnounce(): LogAnnouncement[] {
    this.#logs.refresh();
    this.#findOwing();
    const logs: LogAnnouncement[] = [];
    for (const cursor of this.#logs.all()) {
      if (cursor.announced && cursor.inStep) continue;
      logs.push(this.announcementOf(cursor));
    }
    return logs;
  }

  /** What the receiver is told of a log. */
  announcementOf(cursor: LogCursor): LogAnnouncement {
    const endOffset = this.#logs.endHere(cursor, this.log.highWatermark);
    return { ...cursor.announcement, endOffset };
  }

  /** Takes the receiver's word for where it stands, and goes on from there. */
  resume(standings: ReadonlyMap<LogId, LogStanding>): void {
    assert(this.stale, "nothing is under way when the receiver's word is taken");
    let complete = true;
    for (const cursor of this.#logs.all()) {
      const standing = standings.get(cursor.logId);
      if (standing !== undefined) cursor.restart(standing);
      complete &&= cursor.announced && cursor.inStep;
    }
    if (!complete) return;
    const { logStartOffset, highWatermark } = this.log;
    const at = this.#logs.resumeAt(this.forwarded, logStartOffset);
    const backlog = new Stream(Math.min(highWatermark, Math.max(logStartOffset, at)));
    const live = this.#live;
    // What the live stream brought is there still, unless the receiver lost something.
    // With no island to spare the backlog fills the gaps: the live one would be refused for ever.
    const goesOn = live !== null && live.start > backlog.start && !this.#logs.regressed &&
      this.#logs.islands < ISLANDS_MAX;
    if (goesOn) backlog.until = live.start;
    this.#backlog = backlog;
    this.#live = goesOn ? new Stream(live.start, live.done) : null;
    this.#regressed = this.#logs.regressed;
    this.#state = "ready";
    this.#plannedMs = Number.NEGATIVE_INFINITY;
    this.ask();
  }

  /** Records became durable. */
  advanced(nowMs: number): void {
    this.#advancedMs = nowMs;
  }

  /** Lets live records go ahead, or ends that, as the topic wants and the link is. */
  plan(link: LinkFacts): void {
    this.#islands = link.islands;
    if (this.#state !== "ready" || this.#reading) return;
    if (link.nowMs - this.#plannedMs < LIVE_PLAN_MS) return;
    this.#plannedMs = link.nowMs;
    this.#behind = isBehind(this.log, this.#backlog.cursor, link);
    const decision = splitOf({
      log: this.log,
      backlog: this.#backlog,
      live: this.#live,
      liveSinceMs: this.#liveSinceMs,
      mixed: this.#logs.mixed,
      islands: () => this.#logs.islands,
    }, link);
    if (decision === "open") this.#openLive(this.log.highWatermark, link.nowMs);
    else if (decision === "end") this.#endLive();
  }

  /** Puts what is provisional in the ledger to the receiver, with the next load. */
  ask(): void {
    this.#findOwing();
    for (const { cursor } of this.#logs.debts()) {
      this.#asking = true;
      // Never told of: nothing of it stands here any more.
      if (!cursor.announced) this.break();
      return;
    }
    for (const _ of this.#logs.questions()) {
      this.#asking = true;
      return;
    }
  }

  /** The receiver forgot the session: every log is announced again. */
  forget(): void {
    for (const cursor of this.#logs.all()) cursor.announced = false;
    this.#owingSeen = "";
    this.break();
  }

  /** Some of it will never be taken: it travels as a skip from now on. */
  reject(logId: LogId, range: OffsetRange): void {
    for (const cursor of this.#logs.all()) if (cursor.logId === logId) cursor.reject(range);
    this.break();
  }

  /** Stops sending until what is under way is answered; then the logs are announced again. */
  break(): void {
    this.#state = this.#underWay === 0 ? "stale" : "broken";
  }

  /**
   * Reads on and fills a load of about `bytesMax`; null when there is nothing to send now. The load
   * counts as under way until {@linkcode answered} or {@linkcode failed}.
   *
   * @param into memory for what is read: the load must be written before it is used again
   */
  async load(
    bytesMax: number,
    stream = this.#backlog,
    into?: Uint8Array,
  ): Promise<Load | null> {
    assert(
      this.#state === "ready" && !this.#reading,
      "a lane is asked for a load when it is ready",
    );
    assert(Number.isSafeInteger(bytesMax), "bytes are whole");
    this.#reading = true;
    try {
      const load = await this.#read(stream, { bytesMax, into });
      // Broken meanwhile: what was read is read again later.
      if (this.#state !== "ready") return null;
      stream.push(load);
      if (!this.#hasMore(stream)) stream.goBack();
      this.#merge();
      if (load.empty) return null;
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
    for (const cursor of load.cursors()) {
      const standing = standings.get(cursor.logId);
      if (standing !== undefined) cursor.raise(standing);
    }
    const before = this.forwarded;
    this.#backlog.settle();
    this.#live?.settle();
    this.#merge();
    if (!load.taken || this.#state === "broken") this.break();
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

  /** Logs of which nothing stands here any more, once something was given up. */
  #findOwing(): void {
    const seen = `${this.log.logStartOffset} ${this.#logs.ledgerChanges}`;
    if (this.#owingSeen === seen) return;
    this.#owingSeen = seen;
    this.#logs.findOwing();
  }

  #hasMore({ cursor, until }: Stream): boolean {
    return cursor < Math.min(until, this.log.highWatermark);
  }

  /** All that stands here was read, and the receiver was found to lack some of what it held. */
  get #tellsLost(): boolean {
    const { again } = this.#backlog;
    return this.#regressed && this.#live === null && again === Number.POSITIVE_INFINITY &&
      !this.#hasMore(this.#backlog);
  }

  /** From `at` on records are live; what was live before and is not sent is backlog now. */
  #openLive(at: Offset, nowMs: number): void {
    this.#backlog.until = at;
    this.#live = new Stream(at);
    this.#liveSinceMs = nowMs;
  }

  #endLive(): void {
    this.#backlog.until = Number.POSITIVE_INFINITY;
    this.#live = null;
  }

  /** The backlog has come to where the live stream began: one strict lane again. */
  #merge(): void {
    if (this.#live === null || !this.#backlog.over) return;
    this.#backlog = this.#live;
    this.#live = null;
  }

  async #read(stream: Stream, amount: FillAmount): Promise<Load> {
    const isLive = this.isLive(stream);
    const mode = isLive ? "live" : this.split ? "backlog" : "strict";
    const load = new Load(stream.cursor, mode, this.#islands ? VERSION_WITH_ISLANDS : 1);
    if (!isLive && this.#asking) this.#question(load);
    const { name, log } = this;
    const isWanted = () => this.#state === "ready";
    const common = { name, log, logs: this.#logs, islands: this.#islands };
    const fill = new LaneFill(load, { ...common, stream, isLive, isWanted });
    const end = await fill.run(amount);
    stream.cursor = load.to;
    if (end.kind === "unannounced") this.#state = "broken";
    if (end.kind === "gap") this.#goOnBehind(end.at);
    if (end.kind === "read" && this.#tellsLost) this.#regressed = !this.#logs.skipLost(load);
    if (this.isLive(stream) && !this.#hasMore(stream)) load.newestMs = this.#advancedMs;
    if (this.#islands) load.ends = this.#logs.endsFor(load, this.log.highWatermark);
    return load;
  }

  /** Records are missing in the live stream: it begins anew behind them, or ends. */
  #goOnBehind(at: Offset): void {
    if (this.#logs.islands < ISLANDS_MAX) this.#openLive(at, this.#liveSinceMs);
    else this.#endLive();
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
    for (const debt of this.#logs.debts()) {
      if (!debt.cursor.announced || this.#logs.pay(load, debt)) continue;
      this.#asking = true;
      return;
    }
  }
}
