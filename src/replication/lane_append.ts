/**
 * One lane of one append request, at the receiver: each frame is checked, judged and queued in
 * order; the first that cannot be taken ends the lane, and what came before it stays. A live lane
 * may begin islands where it says so.
 *
 * Checked means: a whole batch with a good checksum, of a log that was announced, by this peer.
 * Nothing a sender says is believed about any log but its own.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { ISLANDS_MAX, OPEN_RANGES_MAX } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import { statusName } from "../core/status.ts";
import { type BatchHeader, readBatchHeader } from "../format/record_batch.ts";
import type { SkipAnswer } from "../protocol/replication/append_answer.ts";
import type {
  Frame,
  LaneFrames,
  LogPlace,
  Skip,
  SkipReason,
} from "../protocol/replication/append_frames.ts";
import type { Refusal } from "../protocol/replication/refusal.ts";
import { VERSION_WITH_ISLANDS } from "../protocol/replication/version.ts";
import type { Openings } from "../store/lane_rules.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { lostWithin } from "../store/received_log.ts";
import type { ReceivedLog, ReceivedRanges } from "../store/received_ranges.ts";
import { PendingCommit } from "./pending_commit.ts";
import type { PeerName } from "./sessions.ts";
import type { Turnstile } from "./turnstile.ts";

export interface LaneAppendContext {
  readonly core: Core;
  readonly ranges: ReceivedRanges;
  readonly turnstile: Turnstile;
  readonly peer: PeerName;
  /** What its session speaks. */
  readonly protocol: number;
  readonly partition: (log: ReceivedLog) => PartitionLog;
  /** The commit that queued batches last in a partition, by handle; later ones end after it. */
  readonly latest: Map<number, PendingCommit>;
  /** Logs with a skip on its way to the ledger: nothing else may happen to them meanwhile. */
  readonly skipping: Map<LogId, Promise<unknown>>;
  /** Ordinal of the commit cycle that gathers now. */
  readonly cycle: () => number;
  /** A log ends there at its sender. */
  readonly told: (end: LogPlace) => void;
  readonly counted: (outcome: "appended" | "duplicate", bytes: number) => void;
}

export interface LaneOutcome {
  /** Logs the lane named, known or not. */
  readonly logs: ReadonlySet<LogId>;
  readonly skips: readonly SkipAnswer[];
  readonly refusal: Refusal | null;
}

/** A log is in no more pieces, at an honest sender as here. */
const OPENINGS_MAX = ISLANDS_MAX + OPEN_RANGES_MAX;
const REASONS_SINCE_2: readonly SkipReason[] = ["elsewhere", "wiped"];

export class LaneAppend {
  readonly #context: LaneAppendContext;
  readonly #lane: LaneFrames;
  readonly #logs = new Set<LogId>();
  readonly #skips: SkipAnswer[] = [];
  readonly #commits = new Set<PendingCommit>();
  /** Where a live lane may begin islands; empty in any other. */
  readonly #openings = new Map<LogId, Offset[]>();

  constructor(context: LaneAppendContext, lane: LaneFrames) {
    this.#context = context;
    this.#lane = lane;
  }

  /** Resolves once everything it queued, and what it found queued before it, is durable or not. */
  async run(): Promise<LaneOutcome> {
    let trouble: OperatingError | null = null;
    try {
      this.#checkVersion();
      const { frames } = this.#lane;
      for (let at = 0; at < frames.length;) {
        const frame = frames[at]!;
        if (frame.kind === "skip") {
          at += await this.#skip(skipsOfLog(frames, at, frame.skip.logId));
          continue;
        }
        if (frame.kind === "batches") await this.#batches(frame.bytes);
        else if (frame.kind === "open") this.#open(frame.opening);
        else this.#end(frame.end);
        at++;
      }
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      trouble = error;
    }
    for (const commit of this.#commits) trouble = await commit.done ?? trouble;
    const refusal = trouble === null ? null : refusalOf(this.#lane.lane, trouble);
    return { logs: this.#logs, skips: this.#skips, refusal };
  }

  /** What the session's version does not know is no request of it. */
  #checkVersion(): void {
    if (this.#context.protocol >= VERSION_WITH_ISLANDS) return;
    const { lane, mode, frames } = this.#lane;
    const unknown = (frame: Frame) =>
      frame.kind === "open" || frame.kind === "end" ||
      frame.kind === "skip" && REASONS_SINCE_2.includes(frame.skip.reason);
    if (mode === "strict" && !frames.some(unknown)) return;
    throw new OperatingError(
      "malformed_body",
      `Cannot take lane ${lane}: it speaks version ${VERSION_WITH_ISLANDS}, its session does not`,
      { lane, protocol: this.#context.protocol },
    );
  }

  async #batches(bytes: Uint8Array): Promise<void> {
    // Looked up once for neighbours, as long as nothing else can happen in between.
    let known: ReceivedLog | null = null;
    for (let position = 0; position < bytes.length;) {
      const size = this.#verified(bytes, position);
      // One view for each batch, and no more: a backlog may be of batches of a record.
      const batch = bytes.subarray(position, position + size);
      const header = readBatchHeader(batch);
      this.#logs.add(header.logId);
      const from = header.sourceOffset;
      const range = { from, to: from + header.lastOffset - header.baseOffset + 1 };
      const log: ReceivedLog = known?.logId === header.logId ? known : this.#known(header.logId);
      known = log;
      // Judged and queued in one turn: between the two, another request could do the same.
      const take = () => {
        const verdict = this.#judge(header, range);
        if (verdict === "append") this.#append(log, batch, range);
        else this.#awaitEarlier(log);
        this.#context.counted(verdict === "append" ? "appended" : verdict, size);
      };
      if (!this.#inTurnNow(header.logId, take)) {
        await this.#inTurn(header.logId, take);
        known = null;
      }
      position += size;
    }
  }

  /** Size of the whole, undamaged batch at `position`. */
  #verified(bytes: Uint8Array, position: number): number {
    const size = this.#context.core.verifyBatchAt(bytes, position);
    if (size > 0) return size;
    const { lane } = this.#lane;
    throw new OperatingError(
      "malformed_body",
      `Cannot take the batch of lane ${lane} at position ${position}: ${statusName(size)}`,
      { lane, position },
    );
  }

  /** The log, announced by the very peer that sends for it now. */
  #known(logId: LogId): ReceivedLog {
    const log = this.#context.ranges.get(logId);
    if (log === undefined) {
      const message = `Cannot take from log ${logId}: it was not announced`;
      throw new OperatingError("log_not_announced", message, { log_id: logId });
    }
    if (!log.paths.includes(this.#context.peer)) {
      const message = `Cannot take from log ${logId}: it belongs to another peer`;
      throw new OperatingError("peer_mismatch", message, { log_id: logId });
    }
    return log;
  }

  /** Does it without a wait, which is nearly always; false where it must wait for its turn. */
  #inTurnNow(logId: LogId, attempt: () => void): boolean {
    if (this.#context.skipping.has(logId)) return false;
    try {
      attempt();
      return true;
    } catch (error) {
      if (isOperatingError(error, "lane_out_of_order")) return false;
      throw error;
    }
  }

  #judge(header: BatchHeader, { from, to }: OffsetRange): "append" | "duplicate" {
    if (header.recordsCount !== to - from || from < 0 || from >= to) {
      throw new OperatingError(
        "malformed_body",
        `Cannot take a batch of log ${header.logId}: its offsets are not dense`,
        { log_id: header.logId, from, to, records: header.recordsCount },
      );
    }
    return this.#context.ranges.judge(header.logId, { from, to }, this.#openingsOf(header.logId));
  }

  #end(end: LogPlace): void {
    this.#known(end.logId);
    this.#context.told(end);
  }

  #open({ logId, offset }: LogPlace): void {
    const { lane, mode } = this.#lane;
    if (mode !== "live") {
      throw new OperatingError(
        "malformed_body",
        `Cannot begin an island of log ${logId} in lane ${lane}: it is ${mode}, not live`,
        { lane, log_id: logId },
      );
    }
    this.#known(logId);
    const openings = this.#openings.get(logId) ?? [];
    if (openings.includes(offset)) return;
    if (openings.length === OPENINGS_MAX) {
      throw new OperatingError(
        "malformed_body",
        `Cannot begin log ${logId} in more than ${OPENINGS_MAX} places of lane ${lane}`,
        { lane, log_id: logId, limit: OPENINGS_MAX },
      );
    }
    openings.push(offset);
    this.#openings.set(logId, openings);
  }

  #openingsOf(logId: LogId): Openings {
    return this.#lane.mode === "live" ? this.#openings.get(logId) ?? [] : null;
  }

  #append(received: ReceivedLog, batch: Uint8Array, { from, to }: OffsetRange): void {
    const { partition, turnstile } = this.#context;
    const log = partition(received);
    const commit = this.#commitOf(log);
    const baseOffset = log.appendReplicated(batch, commit);
    commit.add({ logId: received.logId, from, to, localEnd: baseOffset + (to - from) });
    this.#commits.add(commit);
    turnstile.moved(received.logId, from);
  }

  /** One for all requests, so that what they brought is counted in the order in which it lies. */
  #commitOf(log: PartitionLog): PendingCommit {
    const { ranges, latest, cycle } = this.#context;
    const known = latest.get(log.handle);
    if (known?.cycle === cycle() && !known.ended) return known;
    const commit = new PendingCommit(ranges, cycle());
    latest.set(log.handle, commit);
    void commit.done.then(() => {
      if (latest.get(log.handle) === commit) latest.delete(log.handle);
    });
    return commit;
  }

  /** A duplicate is acknowledged when its original is durable, and that may still be on its way. */
  #awaitEarlier(received: ReceivedLog): void {
    const earlier = this.#context.latest.get(this.#context.partition(received).handle);
    if (earlier !== undefined) this.#commits.add(earlier);
  }

  /** Takes as many of them as can be decided at once. @returns how many */
  async #skip(skips: readonly Skip[]): Promise<number> {
    const { ranges, turnstile, skipping, peer } = this.#context;
    const { logId } = skips[0]!;
    this.#logs.add(logId);
    this.#known(logId);
    const ofLog = skips.map(({ from, to, reason, facts, holders }) => {
      const loss = reason === "void" || reason === "elsewhere" ? null : {
        count: to - from,
        bytes: facts.bytes ?? 0,
        minTimestamp: facts.minTimestamp ?? -1,
        maxTimestamp: facts.maxTimestamp ?? -1,
      };
      return { from, to, reason, loss, holders };
    });
    const taken = await this.#inTurn(logId, () => {
      const openings = this.#openingsOf(logId);
      const skipped = ranges.skipRun(logId, ofLog, { openings, peer });
      skipping.set(logId, skipped);
      return skipped.finally(() => skipping.delete(logId));
    });
    turnstile.moved(logId);
    const known = ranges.get(logId)?.lost ?? [];
    taken.forEach((lacking, at) => {
      const { from, to, loss } = ofLog[at]!;
      if (loss === null) return;
      // Asked again after an answer that got lost: what was lacking then is lacking still.
      const lost = lostWithin(known, { from, to });
      this.#skips.push({ logId, from, to, lacking: joined([...lacking, ...lost]) });
    });
    return taken.length;
  }

  /** Does it when nothing else happens to the log, after a wait where it came early. */
  async #inTurn<Result>(logId: LogId, attempt: () => Result | Promise<Result>): Promise<Result> {
    const { skipping, turnstile } = this.#context;
    for (;;) {
      // Whether it was made durable is its own sender's business; here it only must be over.
      while (skipping.has(logId)) await skipping.get(logId)!.then(() => {}, () => {});
      try {
        return await attempt();
      } catch (error) {
        if (!isOperatingError(error, "lane_out_of_order")) throw error;
        const { log_id: awaited, expected } = error.detail;
        if (typeof awaited !== "string" || typeof expected !== "number") throw error;
        if (!await turnstile.wait(awaited, expected)) throw error;
      }
    }
  }
}

/** The skips of a log that stand one after another from `at` on. */
function skipsOfLog(frames: readonly Frame[], at: number, logId: LogId): Skip[] {
  const skips: Skip[] = [];
  for (let next = at; next < frames.length; next++) {
    const frame = frames[next]!;
    if (frame.kind !== "skip" || frame.skip.logId !== logId) break;
    skips.push(frame.skip);
  }
  return skips;
}

function refusalOf(lane: string, error: OperatingError): Refusal {
  const { code, message: detail, retriable } = error;
  const { log_id, expected, from, to } = error.detail;
  const isRange = code === "batch_rejected" && typeof from === "number" && typeof to === "number";
  return {
    lane,
    logId: typeof log_id === "string" ? log_id : null,
    code,
    detail,
    retriable,
    expected: typeof expected === "number" ? expected : null,
    range: isRange ? { from, to } : null,
  };
}

/** The same offsets, sorted, without overlaps. */
function joined(ranges: readonly OffsetRange[]): OffsetRange[] {
  const apart: { from: Offset; to: Offset }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else apart.push({ from, to });
  }
  return apart;
}
