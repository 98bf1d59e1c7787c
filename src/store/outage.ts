/**
 * A dry run: what is lost when nothing is delivered for a while and records go on coming as they do.
 * Pure: it goes through the rules of retention.ts on copies of what is known of the logs.
 *
 * Time passes in steps. In each, every log grows at its rate into segments of its own; where room
 * falls to the line at which eviction begins, it is made as the keeper makes it; where there is
 * none to be made, what comes is refused.
 *
 * @module
 */
import type { Offset, TopicName } from "../base/types.ts";
import type { Rate } from "./append_rates.ts";
import type { KeptLog, SegmentInfo } from "./books.ts";
import { closable, nextEviction, type RetainedLog, retentionStart } from "./retention.ts";

export interface OutageLog extends RetainedLog {
  readonly rate: Rate;
  /** Of a segment that keeps errors, the part that thinning takes. */
  readonly thinnedShare: number;
}

export interface OutageOptions {
  readonly logs: readonly OutageLog[];
  readonly roomBytes: number;
  readonly aheadBytes: number;
  readonly capacityBytes: number;
  /** The age clock's. */
  readonly nowMs: number;
  readonly durationS: number;
}

/** What becomes of one topic's records. */
export interface OutageLoss {
  readonly topic: TopicName;
  /** Refused is not lost: it was never acknowledged, and its publishers know. */
  readonly reason: "evicted" | "retention" | "refused";
  readonly records: number;
  readonly bytes: number;
  /** Seconds until the first of them. */
  readonly afterS: number;
}

/** Steps of a dry run, all logs together: it runs on the event loop. */
const LOG_STEPS_MAX = 200_000;
/** What comes during it, and what there is room for, is cut into about so many pieces. */
const PIECES = 2_000;
/** However much comes, what there is room for is so many pieces. */
const PIECES_MIN = 20;

export function outageLosses(options: OutageOptions): OutageLoss[] {
  return new Outage(options).run();
}

class Outage {
  readonly #options: OutageOptions;
  readonly #logs: readonly DryLog[];
  readonly #losses = new Map<string, OutageLoss>();
  readonly #bytesPerS: number;
  #room: number;
  #atS = 0;

  constructor(options: OutageOptions) {
    const { capacityBytes, logs, roomBytes } = options;
    this.#options = options;
    this.#room = roomBytes;
    this.#bytesPerS = logs.reduce((sum, { rate }) => sum + rate.bytesPerS, 0);
    const grows = Math.max(capacityBytes, this.#bytesPerS * options.durationS);
    const segmentBytesMin = Math.min(capacityBytes / PIECES_MIN, grows / PIECES);
    this.#logs = logs.map((log) => new DryLog(log, segmentBytesMin));
  }

  run(): OutageLoss[] {
    const { aheadBytes, durationS } = this.#options;
    const stepsMax = Math.max(100, LOG_STEPS_MAX / this.#logs.length);
    // No step takes more than an eighth of the room that is kept ahead, if that can be.
    const finest = this.#bytesPerS > 0 ? aheadBytes / 8 / this.#bytesPerS : durationS;
    const stepS = Math.max(durationS / stepsMax, Math.min(durationS / 100, finest));
    while (this.#atS < durationS && this.#bytesPerS > 0) {
      const passedS = Math.min(stepS, durationS - this.#atS);
      this.#atS += passedS;
      this.#grow(passedS);
      this.#retain();
      this.#makeRoom();
    }
    return [...this.#losses.values()].map((loss) => ({
      ...loss,
      records: Math.round(loss.records),
      bytes: Math.round(loss.bytes),
    }));
  }

  #grow(seconds: number): void {
    for (const log of this.#logs) {
      const bytes = log.rate.bytesPerS * seconds;
      const records = log.rate.recordsPerS * seconds;
      if (bytes === 0 && records === 0) continue;
      const mayRefuse = log.settings.diskPolicy === "reject" || this.#next() === null;
      if (this.#room <= 0 && mayRefuse) {
        this.#lose(log.topic, "refused", { bytes, records });
        continue;
      }
      log.grow(bytes, records, this.#nowMs);
      this.#room -= bytes;
    }
  }

  #retain(): void {
    for (const log of this.#logs) {
      const start = retentionStart(log, this.#nowMs);
      if (start > log.log.logStartOffset) this.#drop(log, start, "retention");
    }
  }

  #makeRoom(): void {
    while (this.#room <= this.#options.aheadBytes) {
      const [oldest] = closable(this.#logs);
      const spared = oldest === undefined ? this.#next(0, false) : null;
      const eviction = this.#next() ?? spared;
      if (eviction !== null) {
        const log = eviction.retained as DryLog;
        if (eviction.thins === null) this.#drop(log, eviction.logStart, "evicted");
        else this.#thin(log, eviction.thins);
        continue;
      }
      if (oldest === undefined) return;
      oldest.roll(this.#nowMs);
    }
  }

  #next(capacityBytes = this.#options.capacityBytes, thinsFirst = true) {
    return nextEviction(this.#logs, { capacityBytes, thinsFirst });
  }

  #drop(log: DryLog, logStart: Offset, reason: "evicted" | "retention"): void {
    for (const { freed, lost } of log.drop(logStart)) {
      this.#room += freed;
      if (lost.records > 0) this.#lose(log.topic, reason, lost);
    }
  }

  #thin(log: DryLog, segment: SegmentInfo): void {
    const { freed, lost } = log.thin(segment);
    this.#room += freed;
    if (lost.records > 0) this.#lose(log.topic, "evicted", lost);
  }

  #lose(topic: TopicName, reason: OutageLoss["reason"], { bytes, records }: Lost): void {
    const key = `${reason} ${topic}`;
    const known = this.#losses.get(key) ??
      { topic, reason, records: 0, bytes: 0, afterS: this.#atS };
    this.#losses.set(key, {
      ...known,
      records: known.records + records,
      bytes: known.bytes + bytes,
    });
  }

  get #nowMs(): number {
    return this.#options.nowMs + 1_000 * this.#atS;
  }
}

interface Lost {
  readonly bytes: number;
  readonly records: number;
}

/** A segment of a dry run; `records` are those still in it. */
interface DrySegment extends SegmentInfo {
  bytes: number;
  endOffset: Offset;
  receivedMs: number;
  thinned: boolean;
  records: number;
}

/** A log that only grows and shrinks in numbers. */
class DryLog implements RetainedLog {
  readonly topic: TopicName;
  readonly rate: Rate;
  readonly settings: RetainedLog["settings"];
  readonly deliveredBelow: Offset;
  readonly coveredBelow = Infinity;
  readonly log: KeptLog;
  readonly #thinnedShare: number;
  readonly #segments: DrySegment[];
  readonly #segmentBytes: number;
  #logStartOffset: Offset;
  #bytes: number;

  constructor(from: OutageLog, segmentBytesMin: number) {
    const { log, settings, deliveredBelow } = from;
    this.topic = log.topic;
    this.rate = from.rate;
    this.settings = settings;
    this.deliveredBelow = deliveredBelow;
    this.#thinnedShare = from.thinnedShare;
    this.#segmentBytes = Math.max(settings.segmentBytes, segmentBytesMin);
    this.#logStartOffset = log.logStartOffset;
    this.#bytes = log.bytes;
    this.#segments = log.segments().map((segment) => ({
      ...segment,
      thinned: segment.thinned === true,
      records: segment.endOffset - segment.baseOffset,
    }));
    this.log = this.#asKept();
  }

  grow(bytes: number, records: number, nowMs: number): void {
    const active = this.#segments.at(-1);
    if (active === undefined || active.bytes + bytes > this.#segmentBytes && active.bytes > 0) {
      this.roll(nowMs);
    }
    const last = this.#segments.at(-1)!;
    last.bytes += bytes;
    last.records += records;
    last.endOffset += records;
    last.receivedMs = nowMs;
    this.#bytes += bytes;
  }

  roll(nowMs: number): void {
    const end = this.#segments.at(-1)?.endOffset ?? this.#logStartOffset;
    const times = { minTimestamp: 0, maxTimestamp: 0, receivedMs: nowMs };
    const range = { baseOffset: end, endOffset: end };
    this.#segments.push({ ...range, ...times, bytes: 0, records: 0, thinned: false });
  }

  *drop(logStart: Offset): Iterable<{ readonly freed: number; readonly lost: Lost }> {
    while (this.#segments.length > 1 && this.#segments[0]!.endOffset <= logStart) {
      const segment = this.#segments.shift()!;
      this.#bytes -= segment.bytes;
      yield { freed: segment.bytes, lost: this.#undelivered(segment, 1) };
    }
    this.#logStartOffset = logStart;
  }

  thin({ baseOffset }: SegmentInfo): { readonly freed: number; readonly lost: Lost } {
    const segment = this.#segments.find((one) => one.baseOffset === baseOffset)!;
    const lost = this.#undelivered(segment, this.#thinnedShare);
    const freed = segment.bytes * this.#thinnedShare;
    segment.thinned = true;
    segment.bytes -= freed;
    segment.records *= 1 - this.#thinnedShare;
    this.#bytes -= freed;
    return { freed, lost };
  }

  #undelivered({ baseOffset, endOffset, bytes, records }: DrySegment, share: number): Lost {
    const size = endOffset - baseOffset;
    const delivered = Math.min(size, Math.max(0, this.deliveredBelow - baseOffset));
    const part = size === 0 ? 0 : share * (size - delivered) / size;
    return { bytes: bytes * part, records: records * part };
  }

  #asKept(): KeptLog {
    const start = () => this.#logStartOffset;
    const bytes = () => this.#bytes;
    return {
      topic: this.topic,
      segments: () => this.#segments,
      get logStartOffset() {
        return start();
      },
      get bytes() {
        return bytes();
      },
    } as Partial<KeptLog> as KeptLog;
  }
}
