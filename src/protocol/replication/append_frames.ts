/**
 * POST /v1/replication/append, the body: frames, back to back. A lane frame says whose the frames
 * after it are; batches travel byte for byte as they lie on disk.
 *
 *     0  kind      u8    1 lane, 2 batches, 3 skip, 4 open, 5 end
 *     1  variant   u8    lane: mode (0 strict, 1 live, 2 backlog); skip: reason; else 0
 *     2  reserved  u16   0
 *     4  length    u32   bytes of the payload
 *     8  crc       u32   CRC-32C of bytes 0 .. 7, and of the payload unless it is batches
 *    12  payload
 *
 * lane payload
 *     0  pending   i64   records of the lane that the sender has still to send: for a receiver of
 *                        version 1, one of version 2 goes by end frames
 *     8  name      UTF-8 "<topic>/<partition>", as the sender calls them
 *
 * batches payload: whole record batches (format/record_batch.ts), each one the next of its log
 *
 * skip payload: source offsets that will not come
 *     0  log id         u64
 *     8  from           i64  inclusive
 *    16  to             i64  exclusive
 *    24  bytes          i64  that were lost with them; -1 when not known
 *    32  min timestamp  i64  of the records; -1 when not known
 *    40  max timestamp  i64
 *    48  holders        u64  each, at most 8; of `elsewhere` alone: node ids of those that may hold
 *                            them, none where that is not known of all
 *
 * reasons: 0 void (the offsets never held a record of this log), 1 evicted, 2 retention, 3 corrupt,
 * 4 lost_at_receiver, 5 rejected, 6 elsewhere (an earlier upstream holds them: no loss, and they may
 * still come by another path), 7 wiped. What only the receiver itself was told to hold, and lacks,
 * is lost_at_receiver.
 *
 * open payload, in a live lane: an island of the log may begin there; no effect where it is held
 *     0  log id         u64
 *     8  offset         i64  source offset of the next batch that the lane will ever send
 *
 * end payload: where a log ends at the sender by now, which may be far above what it sends here
 *     0  log id         u64
 *     8  offset         i64  exclusive; it only grows while the sender runs
 *
 * All integers big-endian. Open and end frames, and reasons from 6 on, came with version 2.
 *
 * Headers of the request: `Logboom-Protocol`, `Logboom-Session`.
 *
 * @module
 */
import { bytesEqual, concat, utf8, viewOf } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import { OFFSET_MAX } from "../../base/limits.ts";
import {
  REPLICATION_LANES_PER_REQUEST_MAX,
  REPLICATION_SKIPS_PER_REQUEST_MAX,
  UPSTREAMS_REMEMBERED_MAX,
} from "../../base/link_limits.ts";
import type { LogId, NodeId, Offset, OffsetRange } from "../../base/types.ts";
import type { Checksum } from "./checksum.ts";
import { LANE_MODES, LANE_NAME_MAX, type LaneMode, parseLaneName } from "./lane_name.ts";

export const APPEND_PATH = "/v1/replication/append";
export const APPEND_MEDIA_TYPE = "application/vnd.logboom.replication";
export const PROTOCOL_HEADER = "logboom-protocol";
export const SESSION_HEADER = "logboom-session";

export const FRAME_HEADER_BYTES = 12;
const CRC_AT = 8;
const KIND_LANE = 1;
const KIND_BATCHES = 2;
const KIND_SKIP = 3;
const KIND_OPEN = 4;
const KIND_END = 5;
const LANE_FIXED_BYTES = 8;
const SKIP_BYTES = 48;
const HOLDER_BYTES = 8;
/** Of an open frame, and of an end frame. */
const PLACE_BYTES = 16;

export const SKIP_REASONS = [
  "void",
  "evicted",
  "retention",
  "corrupt",
  "lost_at_receiver",
  "rejected",
  "elsewhere",
  "wiped",
] as const;
export type SkipReason = typeof SKIP_REASONS[number];

/** What is known about records that will not come. */
export interface SkipFacts {
  readonly bytes: number | null;
  readonly minTimestamp: number | null;
  readonly maxTimestamp: number | null;
}

export const NO_FACTS: SkipFacts = { bytes: null, minTimestamp: null, maxTimestamp: null };

export interface Skip extends OffsetRange {
  readonly logId: LogId;
  readonly reason: SkipReason;
  readonly facts: SkipFacts;
  /** Who may hold what lies elsewhere; absent where that is not known. */
  readonly holders?: readonly NodeId[] | undefined;
}

/** An offset of a log. */
export interface LogPlace {
  readonly logId: LogId;
  readonly offset: Offset;
}

export type Frame =
  | { readonly kind: "batches"; readonly bytes: Uint8Array }
  | { readonly kind: "skip"; readonly skip: Skip }
  /** Where a live lane may begin an island: the source offset of its first batch. */
  | { readonly kind: "open"; readonly opening: LogPlace }
  | { readonly kind: "end"; readonly end: LogPlace };

export interface LaneFrames {
  readonly lane: string;
  readonly mode: LaneMode;
  readonly frames: readonly Frame[];
}

/** Lays frames out one behind the other: batches are copied a single time. */
export class AppendWriter {
  readonly #crc32c: Checksum;
  #buffer: Uint8Array<ArrayBuffer>;
  #sizeBytes = 0;

  /** @param buffer memory for the body; where it is too small, there will be other */
  constructor(crc32c: Checksum, buffer = new Uint8Array(FIRST_BYTES)) {
    this.#crc32c = crc32c;
    this.#buffer = buffer;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  lane(name: string, mode: LaneMode, pending: number): void {
    const text = utf8(name);
    const payload = new Uint8Array(LANE_FIXED_BYTES + text.length);
    viewOf(payload).setBigInt64(0, BigInt(pending));
    payload.set(text, LANE_FIXED_BYTES);
    this.#frame(KIND_LANE, LANE_MODES.indexOf(mode), payload);
  }

  batches(batches: readonly Uint8Array[]): void {
    const length = batches.reduce((size, batch) => size + batch.length, 0);
    this.#put(headerOf({ kind: KIND_BATCHES, variant: 0, length }, NO_BYTES, this.#crc32c));
    for (const batch of batches) this.#put(batch);
  }

  skip(skip: Skip): void {
    const { holders = [] } = skip;
    const payload = new Uint8Array(SKIP_BYTES + HOLDER_BYTES * holders.length);
    const view = viewOf(payload);
    view.setBigUint64(0, BigInt(`0x${skip.logId}`));
    view.setBigInt64(8, BigInt(skip.from));
    view.setBigInt64(16, BigInt(skip.to));
    view.setBigInt64(24, BigInt(skip.facts.bytes ?? -1));
    view.setBigInt64(32, BigInt(skip.facts.minTimestamp ?? -1));
    view.setBigInt64(40, BigInt(skip.facts.maxTimestamp ?? -1));
    holders.forEach((holder, at) =>
      view.setBigUint64(SKIP_BYTES + HOLDER_BYTES * at, BigInt(`0x${holder}`))
    );
    this.#frame(KIND_SKIP, SKIP_REASONS.indexOf(skip.reason), payload);
  }

  open(opening: LogPlace): void {
    this.#frame(KIND_OPEN, 0, payloadOf(opening));
  }

  end(end: LogPlace): void {
    this.#frame(KIND_END, 0, payloadOf(end));
  }

  /** All frames so far, at the front of the buffer. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#sizeBytes);
  }

  #frame(kind: number, variant: number, payload: Uint8Array): void {
    this.#put(headerOf({ kind, variant, length: payload.length }, payload, this.#crc32c));
    this.#put(payload);
  }

  #put(part: Uint8Array): void {
    const end = this.#sizeBytes + part.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(part, this.#sizeBytes);
    this.#sizeBytes = end;
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, 2 * this.#buffer.length));
    larger.set(this.finish());
    this.#buffer = larger;
  }
}

function payloadOf({ logId, offset }: LogPlace): Uint8Array {
  const payload = new Uint8Array(PLACE_BYTES);
  viewOf(payload).setBigUint64(0, BigInt(`0x${logId}`));
  viewOf(payload).setBigInt64(8, BigInt(offset));
  return payload;
}

const NO_BYTES = new Uint8Array(0);
/** What a body grows from by doubling. */
const FIRST_BYTES = 4 * 1024;

/** @param summed what the checksum covers beside the header: a payload without one of its own */
function headerOf(
  { kind, variant, length }: { kind: number; variant: number; length: number },
  summed: Uint8Array,
  crc32c: Checksum,
): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  header[0] = kind;
  header[1] = variant;
  const view = viewOf(header);
  view.setUint32(4, length);
  view.setUint32(CRC_AT, crc32c(concat([header.subarray(0, CRC_AT), summed])));
  return header;
}

/**
 * Reads the body of an append request. Batches are views of `body`, not yet looked into.
 *
 * @throws {OperatingError} `malformed_body`, with the position, on anything but whole frames.
 */
export function decodeAppend(body: Uint8Array, crc32c: Checksum): LaneFrames[] {
  const view = viewOf(body);
  const lanes: (LaneFrames & { frames: Frame[] })[] = [];
  let skips = 0;
  for (let position = 0; position < body.length;) {
    if (body.length - position < FRAME_HEADER_BYTES) throw malformed(position, "a torn header");
    const kind = body[position]!;
    const variant = body[position + 1]!;
    const start = position + FRAME_HEADER_BYTES;
    const length = view.getUint32(position + 4);
    if (length > body.length - start) throw malformed(position, `length ${length} beyond the body`);
    const payload = body.subarray(start, start + length);
    const summed = kind === KIND_BATCHES ? NO_BYTES : payload;
    const expected = headerOf({ kind, variant, length }, summed, crc32c);
    if (!bytesEqual(body.subarray(position, start), expected)) {
      throw malformed(position, "a frame damaged on the way");
    }

    if (kind === KIND_LANE) {
      lanes.push(readLane(payload, variant, position));
      if (lanes.length > REPLICATION_LANES_PER_REQUEST_MAX) throw malformed(position, "many lanes");
    } else {
      const frames = lanes.at(-1)?.frames;
      if (frames === undefined) throw malformed(position, "no lane before it");
      if (kind === KIND_BATCHES && variant === 0) frames.push({ kind: "batches", bytes: payload });
      else if (kind === KIND_SKIP) {
        frames.push({ kind: "skip", skip: readSkip(payload, variant, position) });
        if (++skips > REPLICATION_SKIPS_PER_REQUEST_MAX) throw malformed(position, "many skips");
      } else if (kind === KIND_OPEN && variant === 0) {
        frames.push({ kind: "open", opening: readPlace(payload, position) });
      } else if (kind === KIND_END && variant === 0) {
        frames.push({ kind: "end", end: readPlace(payload, position) });
      } else throw malformed(position, `unknown kind ${kind}, variant ${variant}`);
    }
    position = start + length;
  }
  return lanes;
}

function readLane(payload: Uint8Array, variant: number, position: number) {
  const mode = LANE_MODES[variant];
  if (mode === undefined) throw malformed(position, `unknown lane mode ${variant}`);
  if (payload.length <= LANE_FIXED_BYTES || payload.length > LANE_FIXED_BYTES + LANE_NAME_MAX) {
    throw malformed(position, `lane frame of ${payload.length} bytes`);
  }
  const lane = new TextDecoder().decode(payload.subarray(LANE_FIXED_BYTES));
  parseLaneName(lane);
  if (integerAt(payload, 0, position) === null) {
    throw malformed(position, "negative pending records");
  }
  return { lane, mode, frames: [] as Frame[] };
}

function readSkip(payload: Uint8Array, variant: number, position: number): Skip {
  const reason = SKIP_REASONS[variant];
  if (reason === undefined) throw malformed(position, `unknown skip reason ${variant}`);
  const holders = (payload.length - SKIP_BYTES) / HOLDER_BYTES;
  const most = reason === "elsewhere" ? UPSTREAMS_REMEMBERED_MAX : 0;
  if (!Number.isInteger(holders) || holders < 0 || holders > most) {
    throw malformed(position, `skip of ${payload.length} bytes`);
  }
  const from = integerAt(payload, 8, position);
  const to = integerAt(payload, 16, position);
  if (from === null || to === null || from >= to) throw malformed(position, "an empty skip range");
  return {
    logId: idAt(payload, 0),
    from,
    to,
    reason,
    facts: {
      bytes: integerAt(payload, 24, position),
      minTimestamp: integerAt(payload, 32, position),
      maxTimestamp: integerAt(payload, 40, position),
    },
    ...(holders > 0 ? { holders: holdersOf(payload, holders) } : {}),
  };
}

function readPlace(payload: Uint8Array, position: number): LogPlace {
  if (payload.length !== PLACE_BYTES) throw malformed(position, `place of ${payload.length} bytes`);
  const offset = integerAt(payload, 8, position);
  if (offset === null) throw malformed(position, "a negative offset");
  return { logId: idAt(payload, 0), offset };
}

function holdersOf(payload: Uint8Array, count: number): NodeId[] {
  return Array.from({ length: count }, (_, at) => idAt(payload, SKIP_BYTES + HOLDER_BYTES * at));
}

function idAt(payload: Uint8Array, at: number): string {
  return viewOf(payload).getBigUint64(at).toString(16).padStart(16, "0");
}

/** A whole number from 0 to the largest exact one; null stands for -1, "not known". */
function integerAt(payload: Uint8Array, at: number, position: number): number | null {
  const value = viewOf(payload).getBigInt64(at);
  if (value === -1n) return null;
  if (value < 0n || value > BigInt(OFFSET_MAX)) throw malformed(position, `${value} out of range`);
  return Number(value);
}

function malformed(position: number, state: string): OperatingError {
  return new OperatingError(
    "malformed_body",
    `Cannot read append request at position ${position}: ${state}`,
    { position },
  );
}
