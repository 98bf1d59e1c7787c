/**
 * The MQTT fast path: from the bytes of a socket straight into open record batches.
 *
 *     0  type and flags   u8      3 in the upper half; DUP 8, QoS 6, RETAIN 1
 *     1  remaining length 1 to 4 bytes, seven bits each, least significant first
 *        topic name       u16 size, then UTF-8
 *        packet id        u16     with QoS 1 and 2
 *        properties       MQTT 5: their size, then themselves
 *        payload          the rest
 *
 * Taken here: whole PUBLISH packets of QoS 0 and 1, neither retained nor sent again, without
 * properties, to topic names of the route cache. A packet is taken whole or leaves no trace: the
 * walk stops in front of it and says why.
 *
 * Source: OASIS MQTT 3.1.1 and 5.0, section 3.3; clause numbers in the margin are 3.1.1's where
 * both have the rule.
 */
import { copyShort, load16 } from "./bytes";
import {
  OUT,
  RESULT,
  SESSION_HEADERS_0,
  SESSION_HEADERS_1,
  SESSION_STATE,
  TOUCHED,
} from "./memory";
import { openBatch, recordWritten, room, startBatch } from "./open_batch";
import { recordBodySize, writeRecordHead, writeSized } from "./record";
import { findRoute, ROUTE_SIZE } from "./routes";
import { MALFORMED, NEED_MORE, OK, OTHER_PACKET, ROUTE_MISS, TOO_LARGE } from "./status";
import { readVarint, varintEnd, varintSize, writeVarint } from "./varint";

const PUBLISH: u32 = 3;
const DUP: u32 = 8;
const RETAIN: u32 = 1;
/** PUBACK's first two bytes, 40 02, as a little-endian word. */
const PUBACK: u32 = 0x0240;
const VERSION_5: u32 = 5;
/** Count, address and bytes of a session's record headers: for QoS 0, then for QoS 1. */
const SESSION_STATE_SIZE: u32 = 12;

// The packet at hand.
let packetSize: u32 = 0;
let qos: u32 = 0;
let nameAt: usize = 0;
let nameSize: u32 = 0;
let packetIdAt: usize = 0;
let valueAt: usize = 0;
let valueSize: u32 = 0;

// The walk at hand.
let ingestNumber: u32 = 0;
let touchedCount: u32 = 0;
let fullHandle: i32 = 0;

/**
 * Says which record headers the next {@linkcode ingest} gives. The face copied them, each with its
 * count in front, to SESSION_HEADERS_0 and SESSION_HEADERS_1.
 */
export function setSessionHeaders(size0: u32, size1: u32): void {
  peelCount(SESSION_HEADERS_0, size0, SESSION_STATE);
  peelCount(SESSION_HEADERS_1, size1, SESSION_STATE + SESSION_STATE_SIZE);
}

/** Notes the count, and where the headers behind it lie: another may be added to them. */
function peelCount(headers: usize, size: u32, state: usize): void {
  const count = readVarint(headers, headers + size);
  const at = varintEnd == 0 ? headers + size : varintEnd;
  store<u32>(state, count);
  store<u32>(state, <u32> at, 4);
  store<u32>(state, <u32> (headers + size - at), 8);
}

/**
 * Walks packets from `start` until one is not for it. PUBACKs go to OUT, handles that were
 * appended to, each once, to TOUCHED.
 *
 * @param version       4 or 5
 * @param now           ms since the Unix epoch: the records' time
 * @param packetSizeMax bytes a packet may have, fixed header included
 * @returns why it stopped: NEED_MORE, OTHER_PACKET, ROUTE_MISS, BATCH_FULL, NO_SLOT, MALFORMED,
 *          TOO_LARGE. RESULT: u32 bytes consumed | bytes of PUBACKs | records | bytes of records |
 *          handles touched | the handle whose batch is full | bytes of the packet it stopped at,
 *          0 where not yet known
 */
export function ingest(
  start: usize,
  size: u32,
  version: u32,
  now: f64,
  packetSizeMax: u32,
): i32 {
  const time = <i64> now;
  const end = start + size;
  let at = start;
  let ack = OUT;
  let records: u32 = 0;
  let recordBytes: u32 = 0;
  let status: i32 = OK;
  ingestNumber++;
  touchedCount = 0;
  while (true) {
    status = readPacket(at, end, version, packetSizeMax);
    if (status != OK) break;
    const route = findRoute(nameAt, nameSize);
    if (route == 0) {
      status = ROUTE_MISS;
      break;
    }
    status = appendPublish(route, time);
    if (status < 0) break;
    if (qos) {
      store<u32>(ack, PUBACK | (<u32> load<u16>(packetIdAt) << 16));
      ack += 4;
    }
    recordBytes += status;
    records++;
    at += packetSize;
  }
  store<u32>(RESULT, <u32> (at - start));
  store<u32>(RESULT, <u32> (ack - OUT), 4);
  store<u32>(RESULT, records, 8);
  store<u32>(RESULT, recordBytes, 12);
  store<u32>(RESULT, touchedCount, 16);
  store<u32>(RESULT, fullHandle, 20);
  store<u32>(RESULT, packetSize, 24);
  return status;
}

/** Reads the fixed header; OK where the packet is a whole PUBLISH that readPublish accepts. */
function readPacket(at: usize, end: usize, version: u32, packetSizeMax: u32): i32 {
  packetSize = 0;
  let next = at + 1;
  let remaining: u32 = 0;
  let shift: u32 = 0;
  let byte: u32 = 128;
  while (byte > 127) {
    if (shift == 28) return MALFORMED; // a fifth byte
    if (next >= end) return NEED_MORE;
    byte = load<u8>(next++);
    remaining |= (byte & 127) << shift;
    shift += 7;
  }
  if (version == VERSION_5 && byte == 0 && shift > 7) return MALFORMED; // [MQTT5-1.5.5-1]
  packetSize = <u32> (next - at) + remaining;
  if (packetSize > packetSizeMax) return TOO_LARGE;

  const first = <u32> load<u8>(at);
  const isPublish = first >>> 4 == PUBLISH;
  qos = (first >>> 1) & 3;
  if (isPublish) {
    if (qos == 3) return MALFORMED; // [MQTT-3.3.1-4]
    if (qos == 0 && first & DUP) return MALFORMED; // [MQTT-3.3.1-2]
  }
  if (remaining > <u32> (end - next)) return NEED_MORE;
  // One that was sent again may be in the log already: only the session knows.
  if (!isPublish || qos == 2 || first & (RETAIN | DUP)) return OTHER_PACKET;
  return readPublish(next, next + remaining, version);
}

function readPublish(at: usize, end: usize, version: u32): i32 {
  if (end - at < 2) return MALFORMED;
  nameSize = load16(at);
  nameAt = at + 2;
  at = nameAt + nameSize;
  if (at > end) return MALFORMED;
  // MQTT 5 may have put a topic alias in its place; 3.1.1 may not leave it empty [MQTT-4.7.3-1].
  if (nameSize == 0) return version == VERSION_5 ? OTHER_PACKET : MALFORMED;
  if (qos) {
    if (end - at < 2 || load<u16>(at) == 0) return MALFORMED; // [MQTT-2.3.1-1]
    packetIdAt = at;
    at += 2;
  }
  if (version == VERSION_5) {
    if (at >= end) return MALFORMED;
    if (load<u8>(at++) != 0) return OTHER_PACKET;
  }
  valueAt = at;
  valueSize = <u32> (end - at);
  return OK;
}

/** Appends the packet at hand. Returns bytes of its record, or why it cannot. */
function appendPublish(route: usize, time: i64): i32 {
  const handle = <u32> load<u16>(route, 4);
  const keySize = load<u32>(route, 16);
  const topicHeaderSize = load<u32>(route, 20);
  const session = SESSION_STATE + qos * SESSION_STATE_SIZE;
  const headersCount = load<u32>(session) + u32(topicHeaderSize != 0);
  const headersSize = load<u32>(session, 8);

  let state = openBatch(handle);
  const timestampDelta = state ? time - load<i64>(state, 16) : 0;
  const offsetDelta = state ? load<i32>(state, 8) : 0;
  // The key comes encoded, so its size stands with that of the headers.
  const bodySize = recordBodySize(
    timestampDelta,
    offsetDelta,
    0,
    valueSize,
    varintSize(headersCount) + headersSize + topicHeaderSize + keySize - 1,
  );
  const recordSize = bodySize + varintSize(bodySize);
  if (recordSize > load<u32>(route, 8)) return OTHER_PACKET;
  const status = room(state, recordSize);
  if (status != OK) {
    fullHandle = handle;
    return status == TOO_LARGE ? OTHER_PACKET : status;
  }
  if (state == 0) state = startBatch(handle, time);

  let at = writeRecordHead(load<u32>(state, 4), bodySize, timestampDelta, offsetDelta);
  const encodedKey = route + ROUTE_SIZE + load<u32>(route, 12);
  copyShort(at, encodedKey, keySize);
  at = writeSized(at + keySize, valueAt, valueSize);
  at = writeVarint(at, headersCount);
  copyShort(at, load<u32>(session, 4), headersSize);
  at += headersSize;
  if (topicHeaderSize) {
    copyShort(at, encodedKey + keySize, topicHeaderSize);
    at += topicHeaderSize;
  }
  recordWritten(state, at, time);
  store<u32>(state, load<u32>(state, 36) | load<u8>(route, 6), 36);
  touch(state, handle);
  return recordSize;
}

function touch(state: usize, handle: u32): void {
  if (load<u32>(state, 12) == ingestNumber) return;
  store<u32>(state, ingestNumber, 12);
  store<u32>(TOUCHED + (touchedCount++ << 2), handle);
}
