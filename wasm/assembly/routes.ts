/**
 * The route cache: from an MQTT topic name to a partition handle and the bytes of a record that
 * depend on the topic name alone, so that they are copied, not built. TypeScript validates a topic
 * name before it sets its route, so a name that is found here is valid.
 *
 * A route, in the arena:
 *
 *     0  hash           u32
 *     4  handle         u16
 *     6  wanted         u8    1: a subscription may match the name
 *     8  recordSizeMax  u32   larger records are left to TypeScript
 *    12  nameSize       u32
 *    16  keySize        u32   bytes of the encoded key: its size varint and itself
 *    20  headersSize    u32   bytes of the encoded header `mqtt.topic`; 0 where the key says it
 *    24  name, encoded key, encoded header
 *
 * A name may lie in any of WINDOW places from where its hash points. Where all are taken the last
 * is replaced, so whatever names devices choose, a look-up costs the same. A full cache is emptied.
 */
import { copyShort } from "./bytes";
import { ROUTES_MAX } from "./limits";
import { ROUTE_ARENA, ROUTE_ARENA_BYTES, ROUTE_TABLE, ROUTE_TABLE_BYTES } from "./memory";
import { writeSized } from "./record";
import { writeVarint } from "./varint";

export const ROUTE_SIZE: usize = 24;
const WINDOW: u32 = 8;
const PLACE_MASK: u32 = (ROUTE_TABLE_BYTES >>> 2) - 1;
const SLASH: u8 = 0x2f;
const PLUS: u8 = 0x2b;
const NUMBER_SIGN: u8 = 0x23;
const FACTOR_1: u64 = 0x9e3779b97f4a7c15;
const FACTOR_2: u64 = 0xd6e8feb86659fd93;
/** "mqtt.topic", as two little-endian words. */
const HEADER_NAME_SIZE: u32 = 10;
const HEADER_NAME_0: u64 = 0x706f742e7474716d;
const HEADER_NAME_8: u16 = 0x6369;

let routesCount: u32 = 0;
let arenaEnd: usize = ROUTE_ARENA;

/** Forgets all routes. */
export function clearRoutes(): void {
  memory.fill(ROUTE_TABLE, 0, ROUTE_TABLE_BYTES);
  routesCount = 0;
  arenaEnd = ROUTE_ARENA;
}

/**
 * Mixes eight bytes a step; the products do not wait for one another. The bytes behind the name are
 * read and masked away.
 */
function hashOf(at: usize, size: u32): u32 {
  let hash: u64 = size;
  for (; size >= 8; size -= 8, at += 8) hash = rotl<u64>(hash, 23) ^ (load<u64>(at) * FACTOR_1);
  if (size) {
    const rest = load<u64>(at) & (((<u64> 1) << (size << 3)) - 1);
    hash = rotl<u64>(hash, 23) ^ (rest * FACTOR_1);
  }
  hash = (hash ^ (hash >>> 32)) * FACTOR_2;
  return <u32> (hash >>> 32);
}

/** Compares sixteen bytes a step. The bytes behind are read and masked away. */
function same(a: usize, b: usize, size: u32): bool {
  for (; size >= 16; size -= 16, a += 16, b += 16) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
  }
  const differ = i8x16.bitmask(i8x16.ne(v128.load(a), v128.load(b)));
  return (differ & ((1 << size) - 1)) == 0;
}

/** Address of the route for that topic name; 0 where there is none. */
export function findRoute(nameAt: usize, nameSize: u32): usize {
  const hash = hashOf(nameAt, nameSize);
  for (let nth: u32 = 0; nth < WINDOW; nth++) {
    const route = <usize> load<u32>(placeOf(hash, nth));
    if (route == 0) return 0;
    if (
      load<u32>(route) == hash && load<u32>(route, 12) == nameSize &&
      same(route + ROUTE_SIZE, nameAt, nameSize)
    ) return route;
  }
  return 0;
}

function placeOf(hash: u32, nth: u32): usize {
  return ROUTE_TABLE + (((hash + nth) & PLACE_MASK) << 2);
}

/** The place to put a route: its own, else a free one, else the last of its window. */
function placeFor(hash: u32, nameAt: usize, nameSize: u32): usize {
  for (let nth: u32 = 0; nth < WINDOW; nth++) {
    const place = placeOf(hash, nth);
    const route = <usize> load<u32>(place);
    if (route == 0) {
      routesCount++;
      return place;
    }
    if (
      load<u32>(route) == hash && load<u32>(route, 12) == nameSize &&
      same(route + ROUTE_SIZE, nameAt, nameSize)
    ) return place;
  }
  return placeOf(hash, WINDOW - 1);
}

/**
 * Remembers where records of that topic name go.
 *
 * @param nameSize    up to 65,535
 * @param keySize     up to 65,535; -1 for null
 * @param keyIsTopic  not zero: no `mqtt.topic` header is needed
 * @param wanted      not zero: a subscription may match the name
 */
export function setRoute(
  nameAt: usize,
  nameSize: u32,
  handle: u32,
  keyAt: usize,
  keySize: i32,
  keyIsTopic: u32,
  recordSizeMax: u32,
  wanted: u32,
): void {
  // Twice the name, the key, and what goes around them.
  const sizeMax = <u32> ROUTE_SIZE + 2 * nameSize + <u32> max(keySize, 0) + 32;
  const full = arenaEnd + sizeMax > ROUTE_ARENA + ROUTE_ARENA_BYTES;
  if (full || routesCount >= ROUTES_MAX) clearRoutes();

  const route = arenaEnd;
  const hash = hashOf(nameAt, nameSize);
  store<u32>(route, hash);
  store<u16>(route, <u16> handle, 4);
  store<u16>(route, u16(wanted != 0), 6);
  store<u32>(route, recordSizeMax, 8);
  store<u32>(route, nameSize, 12);
  copyShort(route + ROUTE_SIZE, nameAt, nameSize);
  const encodedKey = route + ROUTE_SIZE + nameSize;
  const header = writeSized(encodedKey, keyAt, keySize);
  store<u32>(route, <u32> (header - encodedKey), 16);
  let end = header;
  if (!keyIsTopic) {
    end = writeVarint(end, HEADER_NAME_SIZE);
    store<u64>(end, HEADER_NAME_0);
    store<u16>(end, HEADER_NAME_8, 8);
    end = writeSized(end + HEADER_NAME_SIZE, nameAt, nameSize);
  }
  store<u32>(route, <u32> (end - header), 20);
  store<u32>(placeFor(hash, nameAt, nameSize), <u32> route);
  arenaEnd = (end + 7) & ~7;
}

/** Notes that a subscription may match the names that a topic filter does; it is well-formed. */
export function wantRoutes(filterAt: usize, filterSize: u32): void {
  if (!hasWildcard(filterAt, filterSize)) {
    const route = findRoute(filterAt, filterSize);
    if (route) store<u8>(route, 1, 6);
    return;
  }
  for (let place = ROUTE_TABLE; place < ROUTE_TABLE + ROUTE_TABLE_BYTES; place += 4) {
    const route = <usize> load<u32>(place);
    if (route == 0 || load<u8>(route, 6)) continue;
    const name = route + ROUTE_SIZE;
    if (matches(filterAt, filterAt + filterSize, name, name + load<u32>(route, 12))) {
      store<u8>(route, 1, 6);
    }
  }
}

/** Nobody waits for that name any more. */
export function unwantRoute(nameAt: usize, nameSize: u32): void {
  const route = findRoute(nameAt, nameSize);
  if (route) store<u8>(route, 0, 6);
}

function hasWildcard(at: usize, size: u32): bool {
  for (const end = at + size; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == PLUS || byte == NUMBER_SIGN) return true;
  }
  return false;
}

/** Level by level; no name here begins with "$", which would need a rule of its own. */
export function matches(filter: usize, filterEnd: usize, name: usize, nameEnd: usize): bool {
  while (true) {
    if (filter < filterEnd && load<u8>(filter) == NUMBER_SIGN) return true;
    if (filter < filterEnd && load<u8>(filter) == PLUS) {
      filter++;
      while (name < nameEnd && load<u8>(name) != SLASH) name++;
    } else {
      while (filter < filterEnd && load<u8>(filter) != SLASH) {
        if (name >= nameEnd || load<u8>(name) != load<u8>(filter)) return false;
        filter++;
        name++;
      }
      if (name < nameEnd && load<u8>(name) != SLASH) return false;
    }
    // Both stand behind a level now.
    if (filter >= filterEnd) return name >= nameEnd;
    if (name >= nameEnd) {
      // "a/#" also matches "a" [MQTT-4.7.1-2].
      return filterEnd - filter == 2 && load<u8>(filter, 1) == NUMBER_SIGN;
    }
    filter++;
    name++;
  }
}
