/**
 * What a server sends, read strictly: a packet that a client would have to call malformed throws,
 * so that whatever a test looks at, the form of everything it received has been checked as well.
 */
import { PROPERTIES, type PropertyName, type Version } from "./mqtt_bytes.ts";

export interface Received {
  readonly type: ReceivedType;
  /** The low four bits of the first byte. */
  readonly flags: number;
  /** Bytes of the whole packet. */
  readonly size: number;
  /** Packet identifier; 0 where there is none. */
  readonly id: number;
  /** Reason code or return code; 0 where it was left out. */
  readonly code: number;
  /** Of a SUBACK and of an UNSUBACK. */
  readonly codes: readonly number[];
  readonly sessionPresent: boolean;
  readonly topic: string;
  readonly payload: string;
  readonly payloadBytes: Uint8Array;
  readonly qos: number;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly properties: ReceivedProperties;
}

export class ReceivedProperties {
  readonly list: (readonly [PropertyName, number | string | Uint8Array | [string, string]])[] = [];

  has(name: PropertyName): boolean {
    return this.list.some(([one]) => one === name);
  }

  number(name: PropertyName): number | undefined {
    return this.#all(name)[0] as number | undefined;
  }

  text(name: PropertyName): string | undefined {
    return this.#all(name)[0] as string | undefined;
  }

  bytes(name: PropertyName): number[] | undefined {
    const value = this.#all(name)[0] as Uint8Array | undefined;
    return value === undefined ? undefined : [...value];
  }

  get user(): [string, string][] {
    return this.#all("userProperty") as [string, string][];
  }

  get subscriptionIdentifiers(): number[] {
    return (this.#all("subscriptionIdentifier") as number[]).toSorted((a, b) => a - b);
  }

  #all(name: PropertyName) {
    return this.list.filter(([one]) => one === name).map(([, value]) => value);
  }
}

const TYPES = [
  "reserved",
  "connect",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "pingreq",
  "pingresp",
  "disconnect",
  "auth",
] as const;
export type ReceivedType = typeof TYPES[number];

/** What each packet of a server may carry: MQTT 5 §2.2.2.2. */
const CARRIED: Partial<Record<ReceivedType, readonly PropertyName[]>> = {
  connack: [
    "sessionExpiryInterval",
    "assignedClientIdentifier",
    "serverKeepAlive",
    "authenticationMethod",
    "authenticationData",
    "responseInformation",
    "serverReference",
    "reasonString",
    "receiveMaximum",
    "topicAliasMaximum",
    "maximumQos",
    "retainAvailable",
    "userProperty",
    "maximumPacketSize",
    "wildcardSubscriptionAvailable",
    "subscriptionIdentifiersAvailable",
    "sharedSubscriptionAvailable",
  ],
  publish: [
    "payloadFormatIndicator",
    "messageExpiryInterval",
    "contentType",
    "responseTopic",
    "correlationData",
    "subscriptionIdentifier",
    "topicAlias",
    "userProperty",
  ],
  puback: ["reasonString", "userProperty"],
  pubrec: ["reasonString", "userProperty"],
  pubrel: ["reasonString", "userProperty"],
  pubcomp: ["reasonString", "userProperty"],
  suback: ["reasonString", "userProperty"],
  unsuback: ["reasonString", "userProperty"],
  // No session expiry interval [MQTT-3.14.2-2].
  disconnect: ["serverReference", "reasonString", "userProperty"],
  auth: ["authenticationMethod", "authenticationData", "reasonString", "userProperty"],
};

const BY_IDENTIFIER = new Map(
  Object.entries(PROPERTIES).map(([name, [identifier, type]]) =>
    [identifier as number, { name: name as PropertyName, type: type as string }] as const
  ),
);

/** The first packet in `bytes`, or null while it is not whole. */
export function readPacket(bytes: Uint8Array, version: Version): Received | null {
  let [size, at] = [0, 1];
  for (let shift = 0;; shift += 7, at++) {
    if (at >= bytes.length) return null;
    if (shift > 21) throw new Error("a remaining length that does not end");
    size += (bytes[at]! & 0x7f) << shift;
    if (bytes[at]! < 0x80) break;
  }
  if (at > 1 && bytes[at] === 0) throw new Error("a remaining length longer than it must be");
  const end = at + 1 + size;
  if (bytes.length < end) return null;
  return new Reader(bytes.subarray(0, end), at + 1, version).packet();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #version: Version;
  #at: number;

  constructor(bytes: Uint8Array, at: number, version: Version) {
    this.#bytes = bytes;
    this.#at = at;
    this.#version = version;
  }

  packet(): Received {
    const type = TYPES[this.#bytes[0]! >> 4]!;
    const flags = this.#bytes[0]! & 0x0f;
    const received: Received = {
      type,
      flags,
      size: this.#bytes.length,
      id: 0,
      code: 0,
      codes: [],
      sessionPresent: false,
      topic: "",
      payload: "",
      payloadBytes: new Uint8Array(0),
      qos: 0,
      dup: false,
      retain: false,
      properties: new ReceivedProperties(),
    };
    const expected = type === "pubrel" ? 2 : 0;
    if (type !== "publish" && flags !== expected) throw new Error(`${type} with flags ${flags}`);
    const packet = { ...received, ...this.#content(type, flags) };
    if (this.#at !== this.#bytes.length) throw new Error(`${type} has bytes too many`);
    return packet;
  }

  #content(type: ReceivedType, flags: number): Partial<Received> {
    switch (type) {
      case "connack":
        return this.#connack();
      case "publish":
        return this.#publish(flags);
      case "puback":
      case "pubrec":
      case "pubrel":
      case "pubcomp":
        return { id: this.#packetId(), ...this.#reason(type) };
      case "suback":
      case "unsuback":
        return this.#subscriptionAck(type);
      case "pingresp":
        return {};
      case "disconnect":
      case "auth":
        if (this.#version === 4) throw new Error(`a server of MQTT 3.1.1 sent ${type}`);
        return this.#reason(type);
      default:
        throw new Error(`no server may send ${type}`);
    }
  }

  #connack(): Partial<Received> {
    const flags = this.#u8();
    if (flags > 1) throw new Error(`connect acknowledge flags are ${flags}`);
    const code = this.#u8();
    return { sessionPresent: flags === 1, code, ...this.#properties("connack") };
  }

  #publish(flags: number): Partial<Received> {
    const qos = flags >> 1 & 3;
    if (qos === 3) throw new Error("QoS is 3");
    const dup = (flags & 8) !== 0;
    if (dup && qos === 0) throw new Error("DUP with QoS 0");
    const topic = this.#text();
    if (/[#+\0]/.test(topic)) throw new Error(`a topic name that is none: ${topic}`);
    const id = qos > 0 ? this.#packetId() : 0;
    const properties = this.#properties("publish");
    const payloadBytes = this.#take(this.#bytes.length - this.#at).slice();
    const payload = new TextDecoder().decode(payloadBytes);
    return { topic, id, qos, dup, retain: (flags & 1) !== 0, ...properties, payload, payloadBytes };
  }

  #subscriptionAck(type: ReceivedType): Partial<Received> {
    const id = this.#packetId();
    const properties = this.#properties(type);
    const codes = [...this.#take(this.#bytes.length - this.#at)];
    if (codes.length === 0 && (type === "suback" || this.#version === 5)) {
      throw new Error(`${type} without a code`);
    }
    return { id, codes, ...properties };
  }

  #reason(type: ReceivedType): Partial<Received> {
    if (this.#version === 4 || this.#at === this.#bytes.length) return {};
    const code = this.#u8();
    return this.#at === this.#bytes.length ? { code } : { code, ...this.#properties(type) };
  }

  #properties(type: ReceivedType): Pick<Received, "properties"> {
    const properties = new ReceivedProperties();
    if (this.#version === 4) return { properties };
    const size = this.#varint();
    const end = this.#at + size;
    while (this.#at < end) {
      const identifier = this.#varint();
      const known = BY_IDENTIFIER.get(identifier);
      if (known === undefined || !CARRIED[type]!.includes(known.name)) {
        throw new Error(`${type} carries property ${identifier}`);
      }
      const repeatable = known.name === "userProperty" || known.name === "subscriptionIdentifier";
      if (!repeatable && properties.has(known.name)) throw new Error(`${known.name} twice`);
      properties.list.push([known.name, this.#value(known.type)]);
    }
    if (this.#at !== end) throw new Error(`properties of ${type} end elsewhere`);
    return { properties };
  }

  #value(type: string): number | string | Uint8Array | [string, string] {
    if (type === "u8") return this.#u8();
    if (type === "u16") return this.#u16();
    if (type === "u32") return this.#u16() * 65_536 + this.#u16();
    if (type === "varint") return this.#varint();
    if (type === "binary") return this.#take(this.#u16()).slice();
    return type === "string" ? this.#text() : [this.#text(), this.#text()];
  }

  #take(size: number): Uint8Array {
    this.#at += size;
    if (this.#at > this.#bytes.length) throw new Error("a field ends after its packet");
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #u8(): number {
    return this.#take(1)[0]!;
  }

  #u16(): number {
    return this.#u8() * 256 + this.#u8();
  }

  #packetId(): number {
    const id = this.#u16();
    if (id === 0) throw new Error("packet identifier 0");
    return id;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#u8();
      value += (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) throw new Error("a number longer than it must be");
      return value;
    }
    throw new Error("a number that does not end");
  }

  #text(): string {
    const bytes = this.#take(this.#u16());
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }
}
