/**
 * Walks the batches of a segment and finds the way on behind damage.
 *
 * A batch's length lies outside its checksum, so where a batch is not what was written, its length
 * may lie too. The next good batch is the one that begins
 *
 *   1  where the damaged batch claims to end, or the damaged ones that stand there one after
 *      another, by their lengths and with rising offsets, or
 *   2  where the damaged batch's own checksum says that it ends, or
 *   3  anywhere behind, with the longest run of good batches from there on.
 *
 * In each case its header must continue the offsets, its checksum must hold, and where this node is
 * the origin its sequence must be its offset. A payload may contain a complete batch, which must
 * never become one: 1 and 2 step over it; 3 believes a header that says what was expected here, as
 * to what lies within its length, and takes only log ids that belong to this partition.
 *
 * @module
 */
import { BATCH_BYTES_MAX, BATCH_HEADER_BYTES } from "../base/limits.ts";
import type { Offset, Position } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import {
  ATTRIBUTES_AT,
  BATCH_LENGTH_AT,
  type BatchHeader,
  LAST_OFFSET_DELTA_AT,
  MAGIC_AT,
  MAGIC_V2,
  PREFIX_SIZE,
  readBatchHeader,
} from "../format/record_batch.ts";
import type { IdentityHook, PartitionName } from "./books.ts";
import type { ByteSource } from "./byte_source.ts";

/** Bytes looked through at once for a header. */
const WINDOW_BYTES = 1024 * 1024;
/** Bytes of what looks like batches that are checked to find the way on behind one damage. */
const SEARCH_BYTES_MAX = 256 * 1024 * 1024;
/** Damaged batches stepped over by their headers alone. */
const DAMAGED_IN_A_ROW_MAX = 1_000;

export interface ScanRules {
  readonly core: Core;
  /** Batches at or above this offset belong to the next segment. */
  readonly offsetLimit: Offset;
  /** Whether a header can stand here, as far as its identity goes. */
  readonly knows: (header: BatchHeader) => boolean;
  /** The same where nothing else speaks for it. */
  readonly trusts: (header: BatchHeader) => boolean;
  /**
   * Where the way on behind damage at that offset was found before. What was appended since must
   * not make another way look better, and swallow batches that were served.
   */
  readonly knownEnd?: (offset: Offset) => Offset | undefined;
}

/** Which batches can stand in a partition, as far as their identity goes. */
export function identityRules(
  identity: IdentityHook,
  name: PartitionName,
): Pick<ScanRules, "knows" | "trusts"> {
  const knows = ({ logId, sourceOffset, baseOffset }: BatchHeader) =>
    !identity.isOwn(name, logId) || sourceOffset === baseOffset;
  const trusts = (header: BatchHeader) =>
    identity.isOwn(name, header.logId)
      ? knows(header)
      : identity.isReceived?.(name, header.logId) ?? true;
  return { knows, trusts };
}

export interface ScanVisitor {
  /** A good batch; `after` the damage that was stepped over just before it. */
  batch(header: BatchHeader, position: Position, after: "batch" | "damage"): void;
  /** Damage with a good batch behind it: offsets [from, to) in bytes [position, end). */
  damage(from: Offset, to: Offset, position: Position, end: Position): void;
}

export interface ScanPlace {
  readonly position: Position;
  /** The offset the batch at `position` must begin with. */
  readonly offset: Offset;
}

/** One step of a walk over a segment. */
export type Found =
  | { readonly kind: "batch"; readonly header: BatchHeader; readonly position: Position }
  | {
    readonly kind: "damage";
    /** Offsets [from, to) in bytes [position, end). */
    readonly from: Offset;
    readonly to: Offset;
    readonly position: Position;
    readonly end: Position;
  };

/**
 * Visits all batches from `start` on. Returns the place behind the last good one: what lies between
 * there and the end of the source is damage with nothing good behind it.
 */
export function scanBatches(
  source: ByteSource,
  start: ScanPlace,
  { rules, visitor }: { readonly rules: ScanRules; readonly visitor: ScanVisitor },
): ScanPlace {
  const walk = walkBatches(source, start, rules);
  let after: "batch" | "damage" = "batch";
  for (;;) {
    const { done, value: found } = walk.next();
    if (done) return found;
    if (found.kind === "batch") visitor.batch(found.header, found.position, after);
    else visitor.damage(found.from, found.to, found.position, found.end);
    after = found.kind;
  }
}

/** The same one step at a time, for one who cannot take it all at once. */
export function* walkBatches(
  source: ByteSource,
  start: ScanPlace,
  rules: ScanRules,
): Generator<Found, ScanPlace, undefined> {
  let { position, offset } = start;
  while (position < source.end) {
    const header = goodBatchAt(source, position, rules);
    if (header !== null && header.baseOffset === offset) {
      yield { kind: "batch", header, position };
      position += header.sizeBytes;
      offset = header.lastOffset + 1;
      continue;
    }
    if (offset >= rules.offsetLimit) break;
    const next = findSuccessor(source, { position, offset }, rules);
    if (next === null) break;
    yield { kind: "damage", from: offset, to: next.offset, position, end: next.position };
    ({ position, offset } = next);
  }
  return { position, offset };
}

/** The header of the batch at `position`, when it is whole, its checksum holds and it fits here. */
export function goodBatchAt(
  source: ByteSource,
  position: Position,
  rules: ScanRules,
): BatchHeader | null {
  const window = source.batchWindow(position);
  if (window.length < BATCH_HEADER_BYTES) return null;
  if (rules.core.verifyBatch(window) < 0) return null;
  const header = readBatchHeader(window);
  const fits = header.lastOffset >= header.baseOffset && header.lastOffset < rules.offsetLimit;
  return fits && rules.knows(header) ? header : null;
}

/** The next good batch behind the damaged one at `damaged`; null when there is none. */
export function findSuccessor(
  source: ByteSource,
  damaged: ScanPlace,
  rules: ScanRules,
): ScanPlace | null {
  const end = rules.knownEnd?.(damaged.offset);
  if (end !== undefined) {
    const known = successorOf(source, damaged, { rules, isNext: (offset) => offset === end });
    if (known !== null) return known;
  }
  return successorOf(source, damaged, { rules, isNext: (offset) => offset > damaged.offset });
}

function successorOf(
  source: ByteSource,
  damaged: ScanPlace,
  { rules, isNext }: Pick<Search, "rules" | "isNext">,
): ScanPlace | null {
  const { position, offset } = damaged;
  const head = source.read(position, BATCH_HEADER_BYTES);
  if (head.length < BATCH_HEADER_BYTES) return null;
  const header = readBatchHeader(head);
  const claimedEnd = position + header.sizeBytes;
  const sane = header.sizeBytes >= BATCH_HEADER_BYTES && header.sizeBytes <= BATCH_BYTES_MAX;
  const standsHere = sane && header.baseOffset === offset;
  const credible = standsHere && head[MAGIC_AT] === MAGIC_V2 && rules.trusts(header);
  if (sane) {
    const next = goodBatchAt(source, claimedEnd, rules);
    if (next !== null && isNext(next.baseOffset)) {
      return { position: claimedEnd, offset: next.baseOffset };
    }
  }
  const behind = standsHere ? behindDamaged(source, header, { position, rules }) : null;
  if (behind !== null && isNext(behind.offset)) return behind;
  return searchSuccessor(source, damaged, {
    rules,
    isNext,
    claimedCrc: header.crc,
    believedEnd: credible ? claimedEnd : position,
  });
}

/**
 * The good batch behind damaged ones that stand where each should, by their lengths, with rising
 * offsets. What else their headers say may be what the damage took: the good one is proof.
 */
function behindDamaged(
  source: ByteSource,
  first: BatchHeader,
  { position, rules }: { readonly position: Position; readonly rules: ScanRules },
): ScanPlace | null {
  let at = position;
  let damaged = first;
  for (let steps = 0; steps < DAMAGED_IN_A_ROW_MAX; steps++) {
    at += damaged.sizeBytes;
    const head = source.read(at, BATCH_HEADER_BYTES);
    if (head.length < BATCH_HEADER_BYTES) return null;
    const header = readBatchHeader(head);
    const looksRight = head[MAGIC_AT] === MAGIC_V2 || header.baseOffset === damaged.lastOffset + 1;
    if (!looksRight || header.baseOffset <= damaged.baseOffset) return null;
    if (header.sizeBytes < BATCH_HEADER_BYTES || header.sizeBytes > BATCH_BYTES_MAX) return null;
    if (goodBatchAt(source, at, rules) !== null) {
      return rules.trusts(header) ? { position: at, offset: header.baseOffset } : null;
    }
    damaged = header;
  }
  return null;
}

interface Search {
  readonly rules: ScanRules;
  /** Whether the log may go on with that offset. */
  readonly isNext: (offset: Offset) => boolean;
  /** What the damaged batch says its checksum is. */
  readonly claimedCrc: number;
  /** Up to here lies the damaged batch, if nothing proves otherwise. */
  readonly believedEnd: Position;
}

function searchSuccessor(
  source: ByteSource,
  damaged: ScanPlace,
  { rules, isNext, claimedCrc, believedEnd }: Search,
): ScanPlace | null {
  const proof = new Proof(source, damaged.position, rules.core);
  let best: ScanPlace | null = null;
  let bestRun = 0;
  let checkedBytes = 0;
  let at: Position = damaged.position + 1;
  for (;;) {
    const position = nextHeader(source, at, damaged.offset);
    if (position === null) return best;
    at = position + 1;
    const proven = proof.endsAt(position, claimedCrc);
    const header = readBatchHeader(source.read(position, BATCH_HEADER_BYTES));
    if (!isNext(header.baseOffset)) continue;
    if (!proven && (position < believedEnd || !rules.trusts(header))) continue;
    // Who feigns headers without end must not cost more than this.
    checkedBytes += header.sizeBytes;
    if (checkedBytes > SEARCH_BYTES_MAX) return best;
    if (goodBatchAt(source, position, rules) === null) continue;
    const candidate = { position, offset: header.baseOffset };
    if (proven) return candidate;
    const end = endOfRun(source, candidate, rules);
    if (end - position > bestRun) {
      best = candidate;
      bestRun = end - position;
    }
    at = end;
  }
}

/** Whether the damaged batch ends at a place, by its own checksum. Reads each byte but once. */
class Proof {
  readonly #source: ByteSource;
  readonly #start: Position;
  readonly #core: Core;
  #at: Position;
  #crc = 0;

  constructor(source: ByteSource, start: Position, core: Core) {
    this.#source = source;
    this.#start = start;
    this.#core = core;
    this.#at = start + ATTRIBUTES_AT;
  }

  /** Places are asked for in rising order. */
  endsAt(end: Position, claimedCrc: number): boolean {
    const size = end - this.#start;
    if (size < BATCH_HEADER_BYTES || size > BATCH_BYTES_MAX) return false;
    const bytes = this.#source.read(this.#at, end - this.#at);
    this.#crc = this.#core.crc32c(bytes, this.#crc);
    this.#at = end;
    return this.#crc === claimedCrc;
  }
}

/** The first place at or behind `from` that looks like a header with an offset above `above`. */
function nextHeader(source: ByteSource, from: Position, above: Offset): Position | null {
  for (let at = from; at + BATCH_HEADER_BYTES <= source.end;) {
    const window = source.read(at, WINDOW_BYTES);
    const last = window.length - BATCH_HEADER_BYTES;
    for (let within = 0; within <= last; within++) {
      if (window[within + MAGIC_AT] === MAGIC_V2 && looksLikeBatch(window, within, above)) {
        return at + within;
      }
    }
    at += last + 1;
  }
  return null;
}

/** Cheap checks, so that few places need a checksum. */
function looksLikeBatch(window: Uint8Array, at: number, above: Offset): boolean {
  if (window[at] !== 0 || window[at + BATCH_LENGTH_AT] !== 0) return false; // no such offset, length
  const view = new DataView(window.buffer, window.byteOffset + at, BATCH_HEADER_BYTES);
  const baseOffset = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  const size = PREFIX_SIZE + view.getUint32(BATCH_LENGTH_AT);
  return baseOffset > above && size >= BATCH_HEADER_BYTES && size <= BATCH_BYTES_MAX &&
    view.getInt32(LAST_OFFSET_DELTA_AT) >= 0;
}

/** Where the unbroken run of good batches from `start` on ends. */
function endOfRun(source: ByteSource, start: ScanPlace, rules: ScanRules): Position {
  let { position, offset } = start;
  while (position < source.end) {
    const header = goodBatchAt(source, position, rules);
    if (header === null || header.baseOffset !== offset) return position;
    position += header.sizeBytes;
    offset = header.lastOffset + 1;
  }
  return position;
}
