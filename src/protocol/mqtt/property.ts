/**
 * MQTT 5 properties a client may send: which packets may carry them, and how they are encoded.
 *
 * Source: MQTT 5 §2.2.2.2, table 2-4.
 *
 * @module
 */
import { PacketType } from "./packet_type.ts";

export type PropertyType = "byte" | "u16" | "u32" | "varint" | "string" | "pair" | "binary";

export interface Property {
  readonly name: string;
  readonly type: PropertyType;
  /** Packet types that may carry it; WILL stands for the will properties of a CONNECT. */
  readonly packets: readonly number[];
  /** Only 0 or 1 may be said; anything else is a protocol error. */
  readonly flag?: boolean;
  /** 0 is a protocol error. */
  readonly notZero?: boolean;
}

/** Not a packet type: the will's own properties inside a CONNECT. */
export const WILL = 0;

const { Connect, Publish, Pubrel, Subscribe, Unsubscribe, Disconnect, Auth } = PacketType;
const { Puback, Pubrec, Pubcomp } = PacketType;
const MESSAGE = [Publish, WILL];
const REASON = [Puback, Pubrec, Pubrel, Pubcomp, Disconnect, Auth];

export const PROPERTIES: ReadonlyMap<number, Property> = new Map<number, Property>([
  [0x01, { name: "payload format indicator", type: "byte", packets: MESSAGE, flag: true }],
  [0x02, { name: "message expiry interval", type: "u32", packets: MESSAGE }],
  [0x03, { name: "content type", type: "string", packets: MESSAGE }],
  [0x08, { name: "response topic", type: "string", packets: MESSAGE }],
  [0x09, { name: "correlation data", type: "binary", packets: MESSAGE }],
  [0x0b, { name: "subscription identifier", type: "varint", packets: [Subscribe], notZero: true }],
  [0x11, { name: "session expiry interval", type: "u32", packets: [Connect, Disconnect] }],
  [0x15, { name: "authentication method", type: "string", packets: [Connect, Auth] }],
  [0x16, { name: "authentication data", type: "binary", packets: [Connect, Auth] }],
  [0x17, { name: "request problem information", type: "byte", packets: [Connect], flag: true }],
  [0x18, { name: "will delay interval", type: "u32", packets: [WILL] }],
  [0x19, { name: "request response information", type: "byte", packets: [Connect], flag: true }],
  [0x1f, { name: "reason string", type: "string", packets: REASON }],
  [0x21, { name: "receive maximum", type: "u16", packets: [Connect], notZero: true }],
  [0x22, { name: "topic alias maximum", type: "u16", packets: [Connect] }],
  [0x23, { name: "topic alias", type: "u16", packets: [Publish] }],
  [0x26, {
    name: "user property",
    type: "pair",
    packets: [Connect, Subscribe, Unsubscribe, ...MESSAGE, ...REASON],
  }],
  [0x27, { name: "maximum packet size", type: "u32", packets: [Connect], notZero: true }],
]);

/** Names a topic, so wildcards have no place in it [MQTT-3.3.2-14]. */
export const RESPONSE_TOPIC = 0x08;

/** Has no meaning without a method: MQTT 5 §3.1.2.11.10. */
export const AUTHENTICATION_DATA = 0x16;
export const AUTHENTICATION_METHOD = 0x15;

/** The only property that may stand more than once in what a client sends. */
export const USER_PROPERTY = 0x26;
