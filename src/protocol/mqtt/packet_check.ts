/**
 * Is this packet one that a client may send? The parser that turns packets into objects is
 * lenient: it replaces broken UTF-8, forgives missing bytes and merges repeated properties. So the
 * bytes are walked here first, strictly; what the parser would lose is handed back as it came.
 *
 * Malformed is 0x81: the bytes do not parse. A protocol error is 0x82: they parse, and say what may
 * not be said. Every fault ends the connection [MQTT-4.13.1-1].
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { MQTT_USER_PROPERTIES_MAX } from "../../base/limits.ts";
import { PacketType, packetType, type ProtocolVersion } from "./packet_type.ts";
import {
  AUTHENTICATION_DATA,
  AUTHENTICATION_METHOD,
  PROPERTIES,
  type Property,
  RESPONSE_TOPIC,
  USER_PROPERTY,
  WILL,
} from "./property.ts";
import { ReasonCode } from "./reason_code.ts";
import { hasWildcard } from "./topic_name.ts";
import { decodeUtf8String } from "./utf8_string.ts";

/** Bytes of a packet as the client sent them. */
export interface ExactBytes {
  /** Topic name of a PUBLISH, or of a CONNECT's will; empty where there is none. */
  readonly topicName: Uint8Array;
  /** User properties of a PUBLISH, or of a CONNECT's will, in order: name, value. */
  readonly userProperties: readonly (readonly [Uint8Array, Uint8Array])[];
}

const NOTHING = new Uint8Array(0);

/** What the low four bits of the first byte must be [MQTT-2.1.3-1]; PUBLISH has its own rule. */
const FLAGS = new Map<number, number>([
  [PacketType.Connect, 0],
  [PacketType.Puback, 0],
  [PacketType.Pubrec, 0],
  [PacketType.Pubrel, 2],
  [PacketType.Pubcomp, 0],
  [PacketType.Subscribe, 2],
  [PacketType.Unsubscribe, 2],
  [PacketType.Pingreq, 0],
  [PacketType.Disconnect, 0],
  [PacketType.Auth, 0],
]);

/**
 * Walks one whole packet.
 *
 * @throws {OperatingError} malformed_packet, with `reason_code` in its detail.
 */
export function checkPacket(packet: Uint8Array, version: ProtocolVersion): ExactBytes {
  const walk = new PacketWalk(packet, version);
  const first = walk.byte();
  const type = packetType(first);
  if (type !== PacketType.Publish && FLAGS.get(type) !== (first & 0x0f)) {
    throw malformed(`no client may send a packet that begins with 0x${first.toString(16)}`);
  }
  walk.skipRemainingLength();
  switch (type) {
    case PacketType.Connect:
      return checkConnect(walk);
    case PacketType.Publish:
      return checkPublish(walk, first);
    case PacketType.Subscribe:
      return checkSubscribe(walk);
    case PacketType.Unsubscribe:
      return checkUnsubscribe(walk);
    case PacketType.Pingreq:
      return walk.end();
    case PacketType.Disconnect:
    case PacketType.Auth:
      return checkReason(walk, type);
    default:
      walk.packetIdentifier();
      return checkReason(walk, type);
  }
}

export function malformed(state: string, reasonCode: ReasonCode = ReasonCode.MalformedPacket) {
  return new OperatingError("malformed_packet", `Cannot read packet: ${state}`, {
    reason_code: reasonCode,
  });
}

function checkConnect(walk: PacketWalk): ExactBytes {
  walk.string("protocol name");
  walk.byte();
  const flags = walk.byte();
  const will = (flags & 0x04) !== 0;
  if ((flags & 0x01) !== 0) throw malformed("a reserved flag is set"); // [MQTT-3.1.2-3]
  // [MQTT-3.1.2-11]
  if (!will && (flags & 0x38) !== 0) throw malformed("will flags without a will");
  if ((flags & 0x18) === 0x18) throw malformed("will QoS is 3"); // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-22] of 3.1.1; MQTT 5 allows a password alone.
  if (walk.version === 4 && (flags & 0xc0) === 0x40) throw malformed("password without user name");
  walk.u16(); // keep alive
  walk.properties(PacketType.Connect);
  walk.string("client identifier");
  let topicName: Uint8Array = NOTHING;
  let userProperties: ExactBytes["userProperties"] = [];
  if (will) {
    userProperties = walk.properties(WILL);
    topicName = walk.string("will topic");
    walk.binary();
  }
  if ((flags & 0x80) !== 0) walk.string("user name");
  if ((flags & 0x40) !== 0) walk.binary();
  walk.end();
  return { topicName, userProperties };
}

function checkPublish(walk: PacketWalk, first: number): ExactBytes {
  const qos = (first >>> 1) & 3;
  if (qos === 3) throw malformed("QoS is 3"); // [MQTT-3.3.1-4]
  if (qos === 0 && (first & 0x08) !== 0) throw malformed("DUP with QoS 0"); // [MQTT-3.3.1-2]
  const topicName = walk.string("topic name");
  if (qos > 0) walk.packetIdentifier();
  return { topicName, userProperties: walk.properties(PacketType.Publish) };
}

function checkSubscribe(walk: PacketWalk): ExactBytes {
  walk.packetIdentifier();
  walk.properties(PacketType.Subscribe);
  const reserved = walk.version === 5 ? 0xc0 : 0xfc;
  if (walk.atEnd) throw protocolError("it names no topic filter"); // [MQTT-3.8.3-2]
  while (!walk.atEnd) {
    walk.string("topic filter");
    const options = walk.byte();
    if ((options & reserved) !== 0) throw malformed("reserved subscription options are set");
    if ((options & 0x03) === 3) throw malformed("subscription QoS is 3");
    if ((options & 0x30) === 0x30) {
      throw malformed("retain handling is 3", ReasonCode.ProtocolError);
    }
  }
  return walk.end();
}

function checkUnsubscribe(walk: PacketWalk): ExactBytes {
  walk.packetIdentifier();
  walk.properties(PacketType.Unsubscribe);
  if (walk.atEnd) throw protocolError("it names no topic filter"); // [MQTT-3.10.3-2]
  while (!walk.atEnd) walk.string("topic filter");
  return walk.end();
}

/** A reason code and properties, either of which MQTT 5 may leave out, and 3.1.1 does not have. */
function checkReason(walk: PacketWalk, type: number): ExactBytes {
  if (walk.version === 5 && !walk.atEnd) {
    walk.byte();
    if (!walk.atEnd) walk.properties(type);
  }
  return walk.end();
}

/** Reads fields in order and throws where the packet does not hold them. */
class PacketWalk {
  readonly version: ProtocolVersion;
  #packet: Uint8Array;
  #at = 0;

  constructor(packet: Uint8Array, version: ProtocolVersion) {
    this.#packet = packet;
    this.version = version;
  }

  get atEnd(): boolean {
    return this.#at === this.#packet.length;
  }

  end(): ExactBytes {
    if (!this.atEnd) throw malformed(`${this.#packet.length - this.#at} bytes too many`);
    return { topicName: NOTHING, userProperties: [] };
  }

  byte(): number {
    const byte = this.#packet[this.#at++];
    if (byte === undefined) throw malformed("it ends too early");
    return byte;
  }

  u16(): number {
    return this.byte() * 256 + this.byte();
  }

  skipRemainingLength(): void {
    this.varint();
  }

  packetIdentifier(): void {
    // [MQTT-2.2.1-3]
    if (this.u16() === 0) throw malformed("packet identifier is 0", ReasonCode.ProtocolError);
  }

  binary(): Uint8Array {
    const size = this.u16();
    const from = this.#at;
    this.#at += size;
    if (this.#at > this.#packet.length) throw malformed("it ends too early");
    return this.#packet.subarray(from, this.#at);
  }

  string(what: string): Uint8Array {
    const bytes = this.binary();
    if (decodeUtf8String(bytes) === null) throw malformed(`${what} is not a UTF-8 string`);
    return bytes;
  }

  varint(): number {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0x80) continue;
      // [MQTT-1.5.5-1]; MQTT 3.1.1 lets a remaining length be written longer than it must be.
      if (this.version === 5 && byte === 0 && index > 0) {
        throw malformed("a variable byte integer is longer than it must be");
      }
      return value;
    }
    throw malformed("a variable byte integer does not end"); // [MQTT-1.5.5-1]
  }

  /** The properties of a packet of MQTT 5; nothing in 3.1.1. Returns the user properties. */
  properties(carrier: number): ExactBytes["userProperties"] {
    if (this.version !== 5) return [];
    const size = this.varint();
    const end = this.#at + size;
    if (end > this.#packet.length) throw malformed("properties are longer than the packet");
    const seen = new Set<number>();
    const pairs: [Uint8Array, Uint8Array][] = [];
    while (this.#at < end) {
      const identifier = this.varint();
      const property = PROPERTIES.get(identifier);
      if (property === undefined || !property.packets.includes(carrier)) {
        throw malformed(`property 0x${identifier.toString(16)} has no place in it`);
      }
      if (identifier === USER_PROPERTY) {
        pairs.push([this.string(property.name), this.string(property.name)]);
        if (pairs.length > MQTT_USER_PROPERTIES_MAX) {
          throw malformed("it has too many user properties", ReasonCode.QuotaExceeded);
        }
        continue;
      }
      if (seen.has(identifier)) throw protocolError(`${property.name} stands in it twice`);
      seen.add(identifier);
      const from = this.#at;
      this.#value(property);
      if (identifier === RESPONSE_TOPIC && hasWildcard(this.#packet.subarray(from + 2, this.#at))) {
        throw protocolError("response topic has a wildcard"); // [MQTT-3.3.2-14]
      }
    }
    if (this.#at !== end) throw malformed("a property is longer than the properties");
    if (seen.has(AUTHENTICATION_DATA) && !seen.has(AUTHENTICATION_METHOD)) {
      throw protocolError("authentication data without a method");
    }
    return pairs;
  }

  #value(property: Property): void {
    const value = this.#number(property);
    if (property.flag && value > 1) throw protocolError(`${property.name} is ${value}`);
    if (property.notZero && value === 0) throw protocolError(`${property.name} is 0`);
  }

  #number({ name, type }: Property): number {
    switch (type) {
      case "byte":
        return this.byte();
      case "u16":
        return this.u16();
      case "u32":
        return this.u16() * 65_536 + this.u16();
      case "varint":
        return this.varint();
      case "string":
      case "pair":
        return this.string(name).length;
      case "binary":
        return this.binary().length;
    }
  }
}

function protocolError(state: string): OperatingError {
  return malformed(state, ReasonCode.ProtocolError);
}
