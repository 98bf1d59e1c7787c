/**
 * The cursor of a read that needs more than an offset: where a reader stands in every partition of
 * one topic, or in the order of source in one of them or in every one. Opaque to clients: base64url,
 * without padding, of
 *
 *     0  version      u8        1, or 2: in the order of source
 *     1  topic id     16 bytes  a topic that was made anew is noticed
 *    17  partition    uvarint   in version 2: the only one it is of, plus one; 0: it is of all
 *    ..  partitions   uvarint   count, then for each, in order:
 *        epoch        uvarint   leader epoch of the record before `offset`, plus one; 0: none yet
 *        offset       uvarint   the next offset to read
 *        in a splice  u8        in version 2: 1 where the reader stands in one, right before `offset`
 *          log id     8 bytes
 *          next       uvarint   the next source offset of that log
 *          at         uvarint   the local offset from which on it is looked for
 *    ..  check        u16       Fletcher-16 of all before: a cursor cut in transit is malformed
 *
 * Source of uvarint: base-128, least significant group first, as in protocol buffers.
 *
 * @module
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import type { LogId, Offset, TopicId } from "../../base/types.ts";

/** Where a reader stands in one partition. */
export interface Standing {
  /** Leader epoch of the record before `offset`, or -1 where nothing was read yet. */
  readonly epoch: number;
  readonly offset: Offset;
  /** Within records that came out of order, and are read before `offset`; see source_page.ts. */
  readonly splice?: SplicePlace | null;
}

export interface SplicePlace {
  readonly logId: LogId;
  /** Source offset. */
  readonly next: Offset;
  /** Local offset from which on it is looked for. */
  readonly at: Offset;
}

export interface Cursor {
  readonly topicId: TopicId;
  /** Absent: in the order of arrival, of all partitions. */
  readonly source?: SourceScope;
  readonly standings: readonly Standing[];
}

export interface SourceScope {
  /** The only one it is of; null: of all. */
  readonly partition: number | null;
}

const VERSION = 1;
const VERSION_SOURCE = 2;
const LOG_ID_SIZE = 8;
const TOPIC_ID_SIZE = 16;
const CHECK_SIZE = 2;
const CHARACTERS_MAX = 16_384;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

export function encodeCursor({ topicId, source, standings }: Cursor): string {
  const bytes = [source === undefined ? VERSION : VERSION_SOURCE, ...fromHex(topicId)];
  if (source !== undefined) pushUvarint(bytes, (source.partition ?? -1) + 1);
  pushUvarint(bytes, standings.length);
  for (const { epoch, offset, splice } of standings) {
    pushUvarint(bytes, epoch + 1);
    pushUvarint(bytes, offset);
    if (source !== undefined) pushSplice(bytes, splice ?? null);
  }
  const check = fletcher16(bytes, bytes.length);
  bytes.push(check >> 8, check & 0xff);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @throws {OperatingError} invalid_argument when `text` is no cursor of ours. */
export function decodeCursor(text: string): Cursor {
  if (text.length > CHARACTERS_MAX || !BASE64URL.test(text)) throw malformed();
  const bytes = bytesOf(text);
  const end = bytes.length - CHECK_SIZE;
  const version = bytes[0];
  if (end < 1 + TOPIC_ID_SIZE + 1 || version !== VERSION && version !== VERSION_SOURCE) {
    throw malformed();
  }
  if (fletcher16(bytes, end) !== (bytes[end]! << 8 | bytes[end + 1]!)) throw malformed();

  const topicId = toHex(bytes.subarray(1, 1 + TOPIC_ID_SIZE));
  const reader = new Reader(bytes.subarray(0, end), 1 + TOPIC_ID_SIZE);
  const scope = version === VERSION_SOURCE ? reader.uvarint() : null;
  const count = reader.uvarint();
  const standings: Standing[] = [];
  while (standings.length < count) {
    const standing = { epoch: reader.uvarint() - 1, offset: reader.uvarint() };
    standings.push(scope === null ? standing : { ...standing, splice: reader.splice() });
  }
  if (!reader.done) throw malformed();
  if (scope === null) return { topicId, standings };
  return { topicId, source: { partition: scope === 0 ? null : scope - 1 }, standings };
}

function pushSplice(bytes: number[], splice: SplicePlace | null): void {
  bytes.push(splice === null ? 0 : 1);
  if (splice === null) return;
  bytes.push(...fromHex(splice.logId));
  pushUvarint(bytes, splice.next);
  pushUvarint(bytes, splice.at);
}

class Reader {
  #at: number;

  constructor(readonly bytes: Uint8Array, at: number) {
    this.#at = at;
  }

  get done(): boolean {
    return this.#at === this.bytes.length;
  }

  splice(): SplicePlace | null {
    const kind = this.bytes[this.#at++];
    if (kind === 0) return null;
    const from = this.#at;
    this.#at += LOG_ID_SIZE;
    if (kind !== 1 || this.#at > this.bytes.length) throw malformed();
    const logId = toHex(this.bytes.subarray(from, this.#at));
    return { logId, next: this.uvarint(), at: this.uvarint() };
  }

  uvarint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw malformed();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw malformed();
        return value;
      }
    }
    throw malformed();
  }
}

function pushUvarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 0x80);
  bytes.push(rest);
}

function bytesOf(text: string): Uint8Array {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    throw malformed();
  }
}

function fletcher16(bytes: ArrayLike<number>, end: number): number {
  let low = 0;
  let high = 0;
  for (let at = 0; at < end; at++) {
    low = (low + bytes[at]!) % 255;
    high = (high + low) % 255;
  }
  return high << 8 | low;
}

function malformed(): OperatingError {
  return new OperatingError("invalid_argument", "Cannot read cursor: it is not one of ours", {
    parameter: "cursor",
  });
}
