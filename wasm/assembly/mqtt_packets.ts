/**
 * Records as the PUBLISH packets that one subscriber gets: from the record table straight into a
 * buffer for its socket. Packet identifiers are left open, and where they go is said.
 *
 *     0  type and flags   u8      3 in the upper half; QoS 6
 *     1  remaining length 1 to 4 bytes, seven bits each, least significant first
 *        topic name       u16 size, then UTF-8
 *        packet id        u16     with QoS 1: zero here
 *        properties       MQTT 5: their size, then themselves; the same for all
 *        payload          the rest
 *
 * What the subscriber asked for lies in SUBSCRIPTION:
 *
 *     0  propertiesSize   u32     of the whole section; 0 for MQTT 3.1.1
 *     4  properties       up to 12 bytes
 *    16  topic filters    u16 size, little-endian, then UTF-8, each
 *
 * A row for each packet goes to the front of the record table, over rows that were read already:
 * where it begins in OUT, where its packet identifier goes (0 with QoS 0), offset of its record.
 *
 * Taken here: what needs no look at the clock and no property of its own. Where a record does, or
 * has a topic name that is not plain ASCII, the walk stops in front of it.
 *
 * Source: OASIS MQTT 3.1.1 and 5.0, section 3.3; `src/ingress/mqtt/delivery/message.ts` says what
 * the headers mean.
 */
import { copyShort, store16 } from "./bytes";
import { OUT, OUT_BYTES, RESULT, SUBSCRIPTION, TABLE } from "./memory";
import { matches } from "./routes";
import { NEED_MORE, OK, OTHER_PACKET } from "./status";

/** Of `how`. */
const QOS_MASK: u32 = 3;
const VERSION_5: u32 = 4;
const KEY_IS_TOPIC: u32 = 8;
const WITHOUT_QOS_0: u32 = 16;

const PUBLISH: u32 = 0x30;
const FILTERS_AT: usize = 16;
const NAME_BYTES_MAX: i32 = 1_024;
const DOLLAR: u8 = 0x24;
const PLUS: i8 = 0x2b;
const NUMBER_SIGN: i8 = 0x23;
const ROW_SIZE: usize = 28;
const HEADER_ROW_SIZE: usize = 16;
const PACKET_ROW_SIZE: u32 = 12;

/** Header names, as little-endian words. */
const MQTT_: u64 = 0x2e7474716d; // "mqtt.", five bytes
const FIVE_BYTES: u64 = 0xffffffffff;
const MQTT_QOS: u64 = 0x736f712e7474716d;
const MQTT_TOP: u64 = 0x706f742e7474716d;
const IC: u16 = 0x6369;
const MQTT_CLI: u64 = 0x696c632e7474716d;
const ENT_: u32 = 0x5f746e65;
const ID: u16 = 0x6469;
const MQTT_RET: u64 = 0x7465722e7474716d;
const CONTENT_: u64 = 0x2d746e65746e6f63;
const TYPE: u32 = 0x65707974;

const SKIP: i32 = 1;

// The record at hand.
let nameAt: usize = 0;
let nameSize: i32 = 0;
let qos: u32 = 0;
let packetIdAt: usize = 0;

/**
 * Writes a packet for each record that one of the filters matches.
 *
 * @param records     first byte of the records that the rows are of
 * @param row         the first of their rows, in TABLE, as `walkRecords` left them
 * @param count       how many rows there are
 * @param offset      what the first is called in the rows of packets; each next is one more
 * @param how         QoS granted; 4 MQTT 5; 8 the key is the topic name; 16 none of QoS 0
 * @param filtersSize bytes of the topic filters
 * @param to          bytes of OUT that are taken already
 * @returns OK; NEED_MORE where OUT is full; OTHER_PACKET in front of a record that is not for it.
 *          RESULT: u32 bytes of OUT that are taken | address of the next row | rows passed | packets
 */
export function writePublishes(
  records: usize,
  row: usize,
  count: u32,
  offset: u32,
  how: u32,
  filtersSize: u32,
  to: u32,
): i32 {
  const filtersEnd = SUBSCRIPTION + FILTERS_AT + filtersSize;
  const end = OUT + OUT_BYTES;
  let at = OUT + to;
  let packet = TABLE;
  let passed: u32 = 0;
  let status: i32 = OK;
  for (; passed < count; passed++) {
    status = readMessage(records, row, how, filtersEnd);
    if (status == OTHER_PACKET) break;
    if (status == OK) {
      const next = writePacket(at, end, records + load<u32>(row, 16), load<i32>(row, 20), how);
      if (next == 0) {
        // What even an empty OUT has no room for is not for it.
        status = at == OUT ? OTHER_PACKET : NEED_MORE;
        break;
      }
      row += ROW_SIZE + HEADER_ROW_SIZE * load<u32>(row, 24);
      store<u32>(packet, <u32> (at - OUT));
      store<u32>(packet, qos ? <u32> (packetIdAt - OUT) : 0, 4);
      store<u32>(packet, offset + passed, 8);
      packet += PACKET_ROW_SIZE;
      at = next;
    } else {
      row += ROW_SIZE + HEADER_ROW_SIZE * load<u32>(row, 24);
    }
    status = OK;
  }
  store<u32>(RESULT, <u32> (at - OUT));
  store<u32>(RESULT, <u32> row, 4);
  store<u32>(RESULT, passed, 8);
  store<u32>(RESULT, (<u32> (packet - TABLE)) / PACKET_ROW_SIZE, 12);
  return status;
}

/** OK, SKIP where it is no message or nobody wants it, OTHER_PACKET. */
function readMessage(records: usize, row: usize, how: u32, filtersEnd: usize): i32 {
  const status = readHeaders(records, row, how);
  if (status != OK) return status;
  if (nameSize <= 0 || load<u8>(nameAt) == DOLLAR) return SKIP;
  if (nameSize > NAME_BYTES_MAX || !isPlain(nameAt, nameSize)) return OTHER_PACKET;
  if (!isWanted(filtersEnd)) return SKIP;
  qos = min(qos, how & QOS_MASK);
  if (qos == 2) return OTHER_PACKET;
  return qos == 0 && how & WITHOUT_QOS_0 ? SKIP : OK;
}

/** Topic name and QoS. */
function readHeaders(records: usize, row: usize, how: u32): i32 {
  let isMessage = (how & KEY_IS_TOPIC) != 0;
  let isSaid = false;
  qos = 1;
  nameAt = records + load<u32>(row, 8);
  nameSize = load<i32>(row, 12);
  const end = row + ROW_SIZE + HEADER_ROW_SIZE * load<u32>(row, 24);
  for (let header = row + ROW_SIZE; header < end; header += HEADER_ROW_SIZE) {
    const at = records + load<u32>(header);
    const size = load<u32>(header, 4);
    if (size < 8) continue;
    const first = load<u64>(at);
    if (size == 10 && first == MQTT_TOP && load<u16>(at, 8) == IC) {
      isMessage = true;
      if (isSaid) continue;
      isSaid = true;
      nameAt = records + load<u32>(header, 8);
      nameSize = load<i32>(header, 12);
    } else if (
      size == 14 && first == MQTT_CLI && load<u32>(at, 8) == ENT_ && load<u16>(at, 12) == ID
    ) {
      isMessage = true;
    } else if (size == 8 && first == MQTT_QOS) {
      if (load<i32>(header, 12) <= 0) continue;
      const digit = <u32> load<u8>(records + load<u32>(header, 8));
      qos = min(max(digit, 0x30) - 0x30, 2);
    } else if ((first & FIVE_BYTES) == MQTT_) {
      // RETAIN is only said to who asked for it; other properties only in MQTT 5, but for expiry.
      if (first == MQTT_RET) continue;
      if (how & VERSION_5 || load<u8>(at, 5) == 0x65) return OTHER_PACKET;
    } else if (
      how & VERSION_5 && size == 12 && first == CONTENT_ && load<u32>(at, 8) == TYPE
    ) {
      return OTHER_PACKET;
    }
  }
  return isMessage ? OK : SKIP;
}

/** ASCII without NUL and wildcards: what every client may be sent. Looks at sixteen bytes a step. */
function isPlain(at: usize, size: u32): bool {
  while (true) {
    const bytes = v128.load(at);
    const bad = i8x16.bitmask(
      v128.or(
        i8x16.le_s(bytes, i8x16.splat(0)), // NUL, and 0x80 and more
        v128.or(i8x16.eq(bytes, i8x16.splat(PLUS)), i8x16.eq(bytes, i8x16.splat(NUMBER_SIGN))),
      ),
    );
    if (size <= 16) return (bad & ((1 << size) - 1)) == 0;
    if (bad) return false;
    at += 16;
    size -= 16;
  }
}

function isWanted(filtersEnd: usize): bool {
  let filter = SUBSCRIPTION + FILTERS_AT;
  while (filter < filtersEnd) {
    const begin = filter + 2;
    filter = begin + load<u16>(filter);
    if (matches(begin, filter, nameAt, nameAt + nameSize)) return true;
  }
  return false;
}

/** Returns the address behind the packet; 0 where it does not fit. */
function writePacket(start: usize, end: usize, value: usize, valueSize: i32, how: u32): usize {
  const size = <u32> max(valueSize, 0);
  const propertiesSize = load<u32>(SUBSCRIPTION);
  const remaining: u32 = 2 + nameSize + (qos << 1) + propertiesSize + size;
  if (<u32> (end - start) < remaining + 5) return 0;
  store<u8>(start, <u8> (PUBLISH | qos << 1));
  let at = start + 1;
  let rest = remaining;
  while (rest > 127) {
    store<u8>(at++, <u8> (rest | 128));
    rest >>>= 7;
  }
  store<u8>(at++, <u8> rest);
  store16(at, nameSize);
  copyShort(at + 2, nameAt, nameSize);
  at += 2 + nameSize;
  packetIdAt = at;
  if (qos) {
    store<u16>(at, 0);
    at += 2;
  }
  v128.store(at, v128.load(SUBSCRIPTION, 4));
  at += propertiesSize;
  copyShort(at, value, size);
  return at + size;
}
