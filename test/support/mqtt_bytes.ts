/**
 * MQTT packets built by hand, byte by byte, so that every wrong one can be built as well: nothing
 * here checks what it is given. The reading side, mqtt_reader.ts, is as strict as a client may be.
 *
 *     fixed header     type and flags u8, remaining length varint
 *     variable header  fields in order; MQTT 5 adds properties: length varint, (identifier, value)*
 *     payload          what is left
 */
export type Version = 4 | 5;

export const Type = {
  connect: 0x10,
  connack: 0x20,
  publish: 0x30,
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
  subscribe: 0x82,
  suback: 0x90,
  unsubscribe: 0xa2,
  unsuback: 0xb0,
  pingreq: 0xc0,
  pingresp: 0xd0,
  disconnect: 0xe0,
  auth: 0xf0,
} as const;

/** Identifier and encoding of each property. */
export const PROPERTIES = {
  payloadFormatIndicator: [0x01, "u8"],
  messageExpiryInterval: [0x02, "u32"],
  contentType: [0x03, "string"],
  responseTopic: [0x08, "string"],
  correlationData: [0x09, "binary"],
  subscriptionIdentifier: [0x0b, "varint"],
  sessionExpiryInterval: [0x11, "u32"],
  assignedClientIdentifier: [0x12, "string"],
  serverKeepAlive: [0x13, "u16"],
  authenticationMethod: [0x15, "string"],
  authenticationData: [0x16, "binary"],
  requestProblemInformation: [0x17, "u8"],
  willDelayInterval: [0x18, "u32"],
  requestResponseInformation: [0x19, "u8"],
  responseInformation: [0x1a, "string"],
  serverReference: [0x1c, "string"],
  reasonString: [0x1f, "string"],
  receiveMaximum: [0x21, "u16"],
  topicAliasMaximum: [0x22, "u16"],
  topicAlias: [0x23, "u16"],
  maximumQos: [0x24, "u8"],
  retainAvailable: [0x25, "u8"],
  userProperty: [0x26, "pair"],
  maximumPacketSize: [0x27, "u32"],
  wildcardSubscriptionAvailable: [0x28, "u8"],
  subscriptionIdentifiersAvailable: [0x29, "u8"],
  sharedSubscriptionAvailable: [0x2a, "u8"],
} as const;

export type PropertyName = keyof typeof PROPERTIES;
export type PropertyValue = number | string | Uint8Array | readonly [string, string];
/** In the order they are sent; a name may stand more than once. */
export type Properties = readonly (readonly [PropertyName, PropertyValue])[];
/** Text, or the bytes of what should have been text. */
export type Text = string | Uint8Array;

const encoder = new TextEncoder();

export function bytes(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const sizeOf = (part: number | Uint8Array) => typeof part === "number" ? 1 : part.length;
  const whole = new Uint8Array(parts.reduce<number>((sum, part) => sum + sizeOf(part), 0));
  let at = 0;
  for (const part of parts) {
    whole.set(typeof part === "number" ? [part] : part, at);
    at += sizeOf(part);
  }
  return whole;
}

export const u16 = (value: number) => bytes(value >>> 8 & 0xff, value & 0xff);
export const u32 = (value: number) => bytes(u16(value >>> 16), u16(value & 0xffff));

export function varint(value: number): Uint8Array {
  const low = value & 0x7f;
  return value < 0x80 ? bytes(low) : bytes(low | 0x80, varint(value >>> 7));
}

export function raw(text: Text): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

export function text(value: Text): Uint8Array {
  const content = raw(value);
  return bytes(u16(content.length), content);
}

/** A packet of any first byte and any content. */
export function packet(firstByte: number, ...content: readonly (number | Uint8Array)[]) {
  const body = bytes(...content);
  return bytes(firstByte, varint(body.length), body);
}

export function property(name: PropertyName, value: PropertyValue): Uint8Array {
  const [identifier, type] = PROPERTIES[name];
  return bytes(identifier, propertyValue(type, value));
}

function propertyValue(type: string, value: PropertyValue): Uint8Array {
  if (typeof value === "number") {
    if (type === "u8") return bytes(value);
    if (type === "u16") return u16(value);
    return type === "u32" ? u32(value) : varint(value);
  }
  if (typeof value === "string" || value instanceof Uint8Array) return text(value);
  return bytes(text(value[0]), text(value[1]));
}

export function properties(list: Properties): Uint8Array {
  const content = bytes(...list.map(([name, value]) => property(name, value)));
  return bytes(varint(content.length), content);
}

/** Nothing in MQTT 3.1.1. */
function propertiesOf(version: Version, list: Properties = []): Uint8Array {
  return version === 5 ? properties(list) : bytes();
}

export interface Will {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: Properties;
}

export interface ConnectOptions {
  readonly version: Version;
  readonly clientId?: Text;
  /** Clean session, clean start. */
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly will?: Will;
  readonly userName?: Text;
  readonly password?: Text;
  readonly properties?: Properties;
  readonly protocolName?: Text;
  readonly level?: number;
  /** Flags in place of those that fit the content. */
  readonly flags?: number;
}

export function connect(options: ConnectOptions): Uint8Array {
  const { version, will, userName, password } = options;
  return packet(
    Type.connect,
    text(options.protocolName ?? "MQTT"),
    options.level ?? version,
    options.flags ?? connectFlags(options),
    u16(options.keepAlive ?? 0),
    propertiesOf(version, options.properties),
    text(options.clientId ?? ""),
    will === undefined ? bytes() : willFields(version, will),
    userName === undefined ? bytes() : text(userName),
    password === undefined ? bytes() : text(password),
  );
}

function connectFlags({ clean = true, will, userName, password }: ConnectOptions): number {
  let flags = clean ? 0x02 : 0;
  if (will !== undefined) {
    flags |= 0x04 | (will.qos ?? 0) << 3 | (will.retain === true ? 0x20 : 0);
  }
  return flags | (password === undefined ? 0 : 0x40) | (userName === undefined ? 0 : 0x80);
}

export function willFields(version: Version, will: Will): Uint8Array {
  return bytes(
    propertiesOf(version, will.properties),
    text(will.topic),
    text(will.payload ?? ""),
  );
}

export interface PublishOptions {
  readonly version: Version;
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  /** Packet identifier, sent with QoS above 0. */
  readonly id?: number;
  readonly properties?: Properties;
}

export function publish(options: PublishOptions): Uint8Array {
  const { version, qos = 0, dup = false, retain = false } = options;
  return packet(
    Type.publish | (dup ? 8 : 0) | qos << 1 | (retain ? 1 : 0),
    text(options.topic),
    qos > 0 ? u16(options.id ?? 1) : bytes(),
    propertiesOf(version, options.properties),
    raw(options.payload ?? ""),
  );
}

export interface Filter {
  readonly filter: Text;
  readonly qos?: number;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: number;
  /** The options byte, in place of the above. */
  readonly options?: number;
}

export interface SubscribeOptions {
  readonly version: Version;
  readonly id?: number;
  readonly filters: readonly Filter[];
  readonly properties?: Properties;
}

export function subscribe({ version, id = 1, filters, properties }: SubscribeOptions): Uint8Array {
  const list = filters.map((one) => bytes(text(one.filter), subscriptionOptions(one)));
  return packet(Type.subscribe, u16(id), propertiesOf(version, properties), ...list);
}

function subscriptionOptions({ options, qos = 0, ...one }: Filter): number {
  return options ??
    (qos | (one.noLocal === true ? 4 : 0) | (one.retainAsPublished === true ? 8 : 0) |
      (one.retainHandling ?? 0) << 4);
}

export interface UnsubscribeOptions {
  readonly version: Version;
  readonly id?: number;
  readonly filters: readonly Text[];
  readonly properties?: Properties;
}

export function unsubscribe({ version, id = 1, filters, properties }: UnsubscribeOptions) {
  return packet(
    Type.unsubscribe,
    u16(id),
    propertiesOf(version, properties),
    ...filters.map(text),
  );
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP; the reason code and properties are of MQTT 5. */
export function ack(
  type: "puback" | "pubrec" | "pubrel" | "pubcomp",
  id: number,
  reasonCode?: number,
  list?: Properties,
): Uint8Array {
  return packet(
    Type[type],
    u16(id),
    reasonCode === undefined ? bytes() : reasonCode,
    list === undefined ? bytes() : properties(list),
  );
}

export function disconnect(reasonCode?: number, list?: Properties): Uint8Array {
  return packet(
    Type.disconnect,
    reasonCode === undefined ? bytes() : reasonCode,
    list === undefined ? bytes() : properties(list),
  );
}

export function auth(reasonCode: number, list: Properties = []): Uint8Array {
  return packet(Type.auth, reasonCode, properties(list));
}

export const PINGREQ = packet(Type.pingreq);
