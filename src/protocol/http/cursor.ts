/**
 * The cursor of a merged read: where a reader stands in every partition of one topic. Opaque to
 * clients: base64url, without padding, of
 *
 *     0  version      u8        1
 *     1  topic id     16 bytes  a topic that was made anew is noticed
 *    17  partitions   uvarint   count, then for each, in order:
 *        epoch        uvarint   leader epoch of the record before `offset`, plus one; 0: none yet
 *        offset       uvarint   the next offset to read
 *    ..  check        u16       Fletcher-16 of all before: a cursor cut in transit is malformed
 *
 * Source of uvarint: base-128, least significant group first, as in protocol buffers.
 *
 * @module
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import type { Offset, TopicId } from "../../base/types.ts";

/** Where a reader stands in one partition. */
export interface Standing {
  /** Leader epoch of the record before `offset`, or -1 where nothing was read yet. */
  readonly epoch: number;
  readonly offset: Offset;
}

export interface Cursor {
  readonly topicId: TopicId;
  readonly standings: readonly Standing[];
}

const VERSION = 1;
const TOPIC_ID_SIZE = 16;
const CHECK_SIZE = 2;
const CHARACTERS_MAX = 16_384;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

export function encodeCursor(cursor: Cursor): string {
  const bytes = [VERSION, ...fromHex(cursor.topicId)];
  pushUvarint(bytes, cursor.standings.length);
  for (const { epoch, offset } of cursor.standings) {
    pushUvarint(bytes, epoch + 1);
    pushUvarint(bytes, offset);
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
  if (end < 1 + TOPIC_ID_SIZE + 1 || bytes[0] !== VERSION) throw malformed();
  if (fletcher16(bytes, end) !== (bytes[end]! << 8 | bytes[end + 1]!)) throw malformed();

  const reader = new Reader(bytes.subarray(0, end), 1 + TOPIC_ID_SIZE);
  const count = reader.uvarint();
  const standings: Standing[] = [];
  while (standings.length < count) {
    standings.push({ epoch: reader.uvarint() - 1, offset: reader.uvarint() });
  }
  if (!reader.done) throw malformed();
  return { topicId: toHex(bytes.subarray(1, 1 + TOPIC_ID_SIZE)), standings };
}

class Reader {
  #at: number;

  constructor(readonly bytes: Uint8Array, at: number) {
    this.#at = at;
  }

  get done(): boolean {
    return this.#at === this.bytes.length;
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
