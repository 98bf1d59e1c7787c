/**
 * A PUBLISH from the server to a client.
 *
 *     0  type and flags    u8    3 in the upper half; DUP 8, QoS 6, RETAIN 1
 *     1  remaining length  1 to 4 bytes
 *        topic name        u16 size, then UTF-8; empty where an alias stands for it
 *        packet id         u16   with QoS 1 and 2
 *        properties        MQTT 5: their size, then themselves
 *        payload           the rest
 *
 * Encoded once for all subscribers that get the same: only the packet identifier is their own.
 * Source: MQTT 3.1.1 and 5, section 3.3.
 *
 * @module
 */
import { PacketType, type ProtocolVersion } from "./packet_type.ts";

export interface PublishParts {
  readonly version: ProtocolVersion;
  readonly qos: number;
  readonly retain: boolean;
  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  /** MQTT 5, and so all below: properties as they were published, encoded. */
  readonly properties: Uint8Array;
  /** Seconds the message is still good for; null where it does not expire. */
  readonly expiryS: number | null;
  /** Subscription identifiers. */
  readonly identifiers: readonly number[];
  /** Topic alias; 0 for none. */
  readonly alias: number;
}

export interface EncodedPublish {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the packet identifier goes; 0 with QoS 0. */
  readonly packetIdAt: number;
}

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;
const DUP = 0x08;

export function encodePublish(parts: PublishParts): EncodedPublish {
  const { version, qos, retain, topicName, payload } = parts;
  const propertiesSize = version === 5 ? sizeOfProperties(parts) : 0;
  const remaining = 2 + topicName.length + (qos > 0 ? 2 : 0) + payload.length +
    (version === 5 ? varintSize(propertiesSize) + propertiesSize : 0);
  const bytes = new Uint8Array(1 + varintSize(remaining) + remaining);
  bytes[0] = PacketType.Publish << 4 | qos << 1 | (retain ? 1 : 0);
  let at = writeVarint(bytes, 1, remaining);
  at = writeU16(bytes, at, topicName.length);
  bytes.set(topicName, at);
  at += topicName.length;
  const packetIdAt = qos > 0 ? at : 0;
  if (qos > 0) at += 2;
  if (version === 5) at = writeProperties(bytes, writeVarint(bytes, at, propertiesSize), parts);
  bytes.set(payload, at);
  return { bytes, packetIdAt };
}

/** The properties section of MQTT 5 where it holds subscription identifiers, and nothing else. */
export function identifierProperties(identifiers: readonly number[]): Uint8Array<ArrayBuffer> {
  const parts = { properties: new Uint8Array(0), expiryS: null, identifiers, alias: 0 };
  const size = sizeOfProperties(parts);
  const bytes = new Uint8Array(varintSize(size) + size);
  writeProperties(bytes, writeVarint(bytes, 0, size), parts);
  return bytes;
}

/** A copy for one subscriber, or for the second time. */
export function withPacketId(
  encoded: EncodedPublish,
  packetId: number,
  dup = false,
): Uint8Array<ArrayBuffer> {
  const own = setPacketId({ ...encoded, bytes: encoded.bytes.slice() }, packetId);
  if (dup) own[0]! |= DUP;
  return own;
}

/** The packet itself, where nobody else is sent it. */
export function setPacketId(
  { bytes, packetIdAt }: EncodedPublish,
  packetId: number,
): Uint8Array<ArrayBuffer> {
  writeU16(bytes, packetIdAt, packetId);
  return bytes;
}

type Properties = Pick<PublishParts, "properties" | "expiryS" | "identifiers" | "alias">;

function sizeOfProperties({ properties, expiryS, identifiers, alias }: Properties): number {
  let size = properties.length + (expiryS === null ? 0 : 5) + (alias === 0 ? 0 : 3);
  for (const identifier of identifiers) size += 1 + varintSize(identifier);
  return size;
}

function writeProperties(bytes: Uint8Array, start: number, parts: Properties): number {
  const { properties, expiryS, identifiers, alias } = parts;
  let at = start;
  bytes.set(properties, at);
  at += properties.length;
  if (expiryS !== null) {
    bytes[at] = MESSAGE_EXPIRY_INTERVAL;
    at = writeU16(bytes, at + 1, expiryS >>> 16);
    at = writeU16(bytes, at, expiryS & 0xffff);
  }
  for (const identifier of identifiers) {
    bytes[at] = SUBSCRIPTION_IDENTIFIER;
    at = writeVarint(bytes, at + 1, identifier);
  }
  if (alias > 0) {
    bytes[at] = TOPIC_ALIAS;
    at = writeU16(bytes, at + 1, alias);
  }
  return at;
}

function writeU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = rest & 0x7f | 0x80;
  bytes[at++] = rest;
  return at;
}
