/**
 * One read's worth of a tail: batches from the logs that are followed, decoded, filtered, and made
 * into events, each with the cursor behind it. What is passed and holds no records stands between
 * them as a gap, where it lies.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { isOperatingError } from "../../base/errors.ts";
import { TAIL_PIECE_BYTES, TAIL_READ_BYTES, TAIL_SLICE_BYTES_MAX } from "../../base/tail_limits.ts";
import type { Offset } from "../../base/types.ts";
import type { Core } from "../../core/core.ts";
import type { Inflate } from "../../format/codec.ts";
import { gapEvent, recordEvent } from "../../protocol/http/event_stream.ts";
import type { PageGap } from "../../protocol/http/fetch_body.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { ReadResult } from "../../store/log_reader.ts";
import { epochBefore } from "../leader_epoch.ts";
import { type LossBook, lossNamer } from "../ledgered_losses.ts";
import type { RecordFilter } from "../record_filter.ts";
import { PageBuilder, type SourceOf } from "../record_page.ts";
import type { Piece } from "./piece_ring.ts";
import {
  cursorText,
  followedLogs,
  standingIn,
  type TailPlace,
  type TailScope,
} from "./tail_place.ts";

export interface SliceOptions {
  readonly core: Core;
  readonly inflate: Inflate;
  readonly scope: TailScope;
  readonly filter?: RecordFilter | undefined;
  readonly sourceOf?: SourceOf | undefined;
  /** Knows what was lost before it came here. */
  readonly losses: LossBook;
  /** Nothing from here on is read; else up to what is durable. */
  readonly upTo?: TailPlace;
  /** Bytes of stored batches to be read, about. */
  readonly readBytes?: number;
  /** Bytes of records it may come to, about. */
  readonly bytesMax?: number;
  /** How often a slice was read before: each time another log is first. */
  readonly turn: number;
}

export interface Slice {
  readonly pieces: readonly Piece[];
  readonly place: TailPlace;
  readonly gaps: number;
}

/** @throws {OperatingError} (rejects) trouble of the disk; offset_out_of_range never */
export async function readSlice(place: TailPlace, options: SliceOptions): Promise<Slice> {
  const logs = followedLogs(options.scope);
  const events = new EventWriter(options.scope, place);
  const { turn, readBytes = TAIL_READ_BYTES } = options;
  for (let nth = 0; nth < logs.length && events.bytesRead < readBytes; nth++) {
    await readLog(logs[(nth + turn) % logs.length]!, events, options);
  }
  return events.end();
}

async function readLog(
  log: PartitionLog,
  events: EventWriter,
  options: SliceOptions,
): Promise<void> {
  const { core, inflate, filter, sourceOf, losses, upTo } = options;
  const { bytesMax = TAIL_SLICE_BYTES_MAX, readBytes = TAIL_READ_BYTES } = options;
  const offset = events.offsetIn(log);
  const limit = upTo === undefined ? log.highWatermark : standingIn(upTo, log).offset;
  if (offset >= limit) return;
  const maxBytes = Math.max(1, readBytes - events.bytesRead);
  const read = await readBatches(log, offset, { limit, maxBytes, events });
  if (read === null) return;
  const page = new PageBuilder(log, {
    ...{ core, inflate, filter, sourceOf },
    lossesBefore: lossNamer(losses),
    maxRecords: Infinity,
    maxBytes: bytesMax,
  });
  const whole = read.batches.every((batch) => page.add(batch, { from: offset, to: limit }));
  const { records, gaps, nextOffset } = whole
    ? { ...page, gaps: page.gaps, nextOffset: Math.min(read.nextOffset, limit) }
    : page.cut([], offset);
  const passed = [...read.gaps, ...gaps]
    .filter(({ from }) => from < nextOffset)
    .sort((a, b) => a.from - b.from);
  let next = 0;
  for (const record of records) {
    while (next < passed.length && passed[next]!.to <= record.offset) {
      events.gap(log, passed[next++]!);
    }
    events.moveTo(log, record.offset + 1);
    events.add((id) => recordEvent(id, record));
  }
  for (; next < passed.length; next++) events.gap(log, passed[next]!);
  events.moveTo(log, nextOffset);
  events.bytesRead += read.batches.reduce((sum, { length }) => sum + length, 0);
}

/** Null where retention was quicker: the reader is told, and goes on at the start. */
async function readBatches(
  log: PartitionLog,
  offset: Offset,
  { limit, maxBytes, events }: {
    readonly limit: Offset;
    readonly maxBytes: number;
    readonly events: EventWriter;
  },
): Promise<ReadResult | null> {
  try {
    return await log.read(offset, { maxBytes, upTo: limit });
  } catch (error) {
    const gone = log.logStartOffset;
    if (!isOperatingError(error, "offset_out_of_range") || offset >= gone) throw error;
    events.gap(log, { from: offset, to: gone, reason: "retention" });
    return null;
  }
}

/** Gathers events into pieces, and moves along. */
class EventWriter {
  bytesRead = 0;
  readonly #scope: TailScope;
  readonly #standings: { epoch: number; offset: Offset }[];
  readonly #pieces: Piece[] = [];
  #texts: string[] = [];
  #characters = 0;
  #gaps = 0;

  constructor(scope: TailScope, place: TailPlace) {
    this.#scope = scope;
    this.#standings = scope.topic.partitions.map((log) => standingIn(place, log));
  }

  offsetIn({ index }: PartitionLog): Offset {
    return this.#standings[index]!.offset;
  }

  moveTo(log: PartitionLog, offset: Offset): void {
    if (offset <= this.offsetIn(log)) return;
    this.#standings[log.index] = { epoch: epochBefore(log, offset), offset };
  }

  gap(log: PartitionLog, gap: PageGap): void {
    this.#gaps += 1;
    this.moveTo(log, gap.to);
    const named = { topic: log.topic, partition: log.index, ...gap };
    this.add((id) => gapEvent(id, named));
  }

  /** An event that stands where the last move led to. */
  add(event: (id: string) => string): void {
    const text = event(cursorText(this.#scope.topic, this.#standings));
    // Whole events only, so that a reader stands behind one with each piece.
    if (this.#characters > 0 && this.#characters + text.length > TAIL_PIECE_BYTES) this.#close();
    this.#texts.push(text);
    this.#characters += text.length;
    this.#behind = this.#standings.slice();
  }

  end(): Slice {
    const place = this.#standings.slice();
    if (this.#characters > 0) {
      // What was passed behind the last event needs not be looked at again.
      this.#behind = place;
      this.#close();
    }
    return { pieces: this.#pieces, place, gaps: this.#gaps };
  }

  #behind: TailPlace = [];

  #close(): void {
    this.#pieces.push({ bytes: utf8(this.#texts.join("")), after: this.#behind });
    this.#texts = [];
    this.#characters = 0;
  }
}
