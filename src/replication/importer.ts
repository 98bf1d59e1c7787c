/**
 * Brings what an export carries to an upstream, by speaking the replication protocol itself: the same
 * announcements, the same frames. So the same rules hold as on the link, what the upstream has already
 * is not sent, and a link that comes up later sends nothing twice. It speaks for the node the file
 * comes from, and names no run: that node may be live meanwhile.
 *
 * @module
 */
import { sleep, type Timers } from "../base/clock.ts";
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { BATCH_BYTES_MAX } from "../base/limits.ts";
import type { LogId, OffsetRange } from "../base/types.ts";
import { BATCH_LENGTH_AT, PREFIX_SIZE, readBatchHeader } from "../format/record_batch.ts";
import type { ExportSection } from "../format/export_file.ts";
import { decodeLogs, type LogStanding } from "../protocol/replication/announce.ts";
import { decodeAppend } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import type { Refusal } from "../protocol/replication/refusal.ts";
import { viewOf } from "../base/bytes.ts";
import { RangeSet } from "../store/range_set.ts";
import type { LinkClass } from "./budget/link_class.ts";
import type { Link } from "./link.ts";
import { LinkTroubleError } from "./link_trouble.ts";

export interface ImporterOptions {
  readonly link: Link;
  readonly timers: Timers;
  readonly crc32c: Checksum;
}

/** Records, by what became of them. */
export interface ImportTally {
  appended: number;
  /** The upstream had them. */
  duplicate: number;
  refused: number;
}

interface SourceBatch extends OffsetRange {
  readonly logId: LogId;
}

const TRIES = 6;
const FIRST_WAIT_MS = 500;
const IMPORT_CLASS: LinkClass = { kind: "backlog", priority: 5 };

export class Importer {
  readonly tally: ImportTally = { appended: 0, duplicate: 0, refused: 0 };
  /** The first of each lane, and of each log. */
  readonly refusals: Refusal[] = [];
  readonly #options: ImporterOptions;
  /** What the upstream holds of each log, as it said last. */
  readonly #held = new Map<LogId, RangeSet>();
  /** Announced in this file, to be announced again to a new session. */
  readonly #announced: Uint8Array[] = [];
  /** Lanes it refused: what follows would not fit. */
  readonly #refused = new Set<string>();

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /** @throws {OperatingError} when the upstream cannot be reached, or wants none of it */
  async take({ kind, payload }: ExportSection): Promise<void> {
    if (kind === "announce") {
      await this.#persist(() => this.#announce(payload));
      this.#announced.push(payload);
    } else {
      await this.#append(payload);
    }
  }

  async #announce(payload: Uint8Array): Promise<void> {
    const { logs, refused } = await this.#options.link.announce(decodeLogs(payload));
    for (const standing of logs) this.#note(standing, true);
    for (const refusal of refused) this.#noteRefusal(refusal);
  }

  async #append(payload: Uint8Array): Promise<void> {
    const { crc32c, link } = this.#options;
    const lanes = decodeAppend(payload, crc32c);
    const batches = lanes.flatMap(({ frames }) =>
      frames.flatMap((frame) => frame.kind === "batches" ? [...sourceBatches(frame.bytes)] : [])
    );
    const fresh = batches.filter((batch) => !this.#holds(batch));
    this.tally.duplicate += countOf(batches) - countOf(fresh);
    const skips = lanes.some(({ frames }) => frames.some(({ kind }) => kind === "skip"));
    if (fresh.length === 0 && !skips) return;
    if (lanes.some(({ lane }) => this.#refused.has(lane))) {
      this.tally.refused += countOf(fresh);
      return;
    }
    const body = new Uint8Array(payload);
    const answer = await this.#persist(() => link.append(body, IMPORT_CLASS));
    for (const standing of answer.logs) this.#note(standing, false);
    for (const refusal of answer.refused) this.#noteRefusal(refusal);
    const refused = fresh.filter((batch) => !this.#holds(batch));
    this.tally.refused += countOf(refused);
    this.tally.appended += countOf(fresh) - countOf(refused);
  }

  /** Until it succeeds, or has failed for a while: the import can be run again, and goes on. */
  async #persist<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    const { link, timers } = this.#options;
    for (let tried = 1;; tried++) {
      try {
        if (link.session === null) await this.#greet();
        return await request();
      } catch (error) {
        if (!(error instanceof LinkTroubleError) || !canPass(error) || tried === TRIES) throw error;
        if (error.kind === "session_lost") link.session = null;
        await sleep(timers, Math.max(error.retryAfterMs, FIRST_WAIT_MS * 2 ** (tried - 1)));
      }
    }
  }

  async #greet(): Promise<void> {
    await this.#options.link.hello();
    for (const payload of this.#announced) await this.#announce(payload);
  }

  #note({ logId, held, islands }: LogStanding, isWhole: boolean): void {
    const set = this.#held.get(logId);
    if (set === undefined || isWhole) {
      this.#held.set(logId, new RangeSet(held, islands));
      return;
    }
    set.add(set.watermark, Math.max(held, set.watermark));
    for (const { from, to } of islands ?? []) set.add(from, to);
  }

  #noteRefusal(refusal: Refusal): void {
    this.refusals.push(refusal);
    if (refusal.lane !== null) this.#refused.add(refusal.lane);
  }

  #holds({ logId, from, to }: SourceBatch): boolean {
    return this.#held.get(logId)?.covers(from, to) ?? false;
  }
}

/** Logs and source offsets of batches that lie back to back. */
export function* sourceBatches(bytes: Uint8Array): Iterable<SourceBatch> {
  for (let position = 0; position < bytes.length;) {
    const rest = bytes.length - position;
    const size = rest < PREFIX_SIZE
      ? 0
      : PREFIX_SIZE + viewOf(bytes).getUint32(position + BATCH_LENGTH_AT);
    if (size <= PREFIX_SIZE || size > Math.min(rest, BATCH_BYTES_MAX)) {
      throw new OperatingError("malformed_body", "Cannot read an export's batches: one is torn");
    }
    const header = readBatchHeader(bytes.subarray(position, position + size));
    const from = header.sourceOffset;
    yield { logId: header.logId, from, to: from + header.lastOffset - header.baseOffset + 1 };
    position += size;
  }
}

function canPass(error: LinkTroubleError): boolean {
  return ["unreachable", "timeout", "busy", "session_lost"].includes(error.kind) ||
    isOperatingError(error, "unknown_session");
}

function countOf(batches: readonly SourceBatch[]): number {
  return batches.reduce((sum, { from, to }) => sum + to - from, 0);
}
