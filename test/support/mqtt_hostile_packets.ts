/** Packets no honest client sends, as a table: clause, version, bytes and required outcome. */
import {
  ack,
  auth,
  bytes,
  connect,
  disconnect,
  packet,
  PINGREQ,
  publish,
  subscribe,
  text,
  Type,
  u16,
  unsubscribe,
  varint,
  type Version,
} from "./mqtt_bytes.ts";
import type { HostileCase, Outcome } from "./mqtt_hostile.ts";

const VERSIONS = [4, 5] as const;
const MALFORMED: Outcome = { disconnect: 0x81 };
const PROTOCOL: Outcome = { disconnect: 0x82 };
const KIB = 1024;
/** Not UTF-8: a surrogate, an overlong zero, a lone continuation, beyond Unicode. */
const NOT_UTF8 = [
  bytes(0xed, 0xa0, 0x80),
  bytes(0xc0, 0x80),
  bytes(0x80),
  bytes(0xf4, 0x90, 0x80, 0x80),
];

type Make = (version: Version) => readonly Uint8Array[] | Uint8Array;

interface Row {
  readonly clause: string;
  readonly send: Make;
  readonly outcome: Outcome;
  readonly only?: Version;
}

/** Of a client that has said nothing yet. */
const FIRST: Readonly<Record<string, Row>> = {
  "PINGREQ first": { clause: "MQTT-3.1.0-1", send: () => PINGREQ, outcome: "closed" },
  "PUBLISH first": {
    clause: "MQTT-3.1.0-1",
    send: (version) => publish({ version, topic: "a", payload: "x" }),
    outcome: "closed",
  },
  "a server's packet first": {
    clause: "MQTT-3.1.0-1",
    send: () => packet(Type.connack, 0, 0),
    outcome: "closed",
  },
  "HTTP": {
    clause: "MQTT-3.1.0-1",
    send: () => new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    outcome: "closed",
  },
  "a TLS handshake": {
    clause: "MQTT-3.1.0-1",
    send: () => bytes(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
    outcome: "closed",
  },
  "zeros": { clause: "MQTT-3.1.0-1", send: () => new Uint8Array(64), outcome: "closed" },
  "CONNECT with flags in its fixed header": {
    clause: "MQTT-2.2.2-2, 2.1.3-1",
    send: (version) => {
      const bytes = connect({ version, clientId: "x" });
      bytes[0] = 0x1f;
      return bytes;
    },
    outcome: "closed",
  },
  "a length of five bytes": {
    clause: "2.2.3, MQTT-1.5.5-1",
    send: () => bytes(0x10, 0xff, 0xff, 0xff, 0xff, 0x01),
    outcome: "closed",
  },
  "a claim of 240 MB": {
    clause: "own: a CONNECT fits 256 KiB",
    send: () => bytes(0x10, varint(240_000_000), text("MQTT"), 4),
    outcome: "closed",
  },
  "another protocol's name": {
    clause: "MQTT-3.1.2-1",
    send: (version) => connect({ version, clientId: "x", protocolName: "AMQP" }),
    outcome: "closed",
  },
  "a reserved connect flag": {
    clause: "MQTT-3.1.2-3",
    send: (version) => connect({ version, clientId: "x", flags: 0x03 }),
    outcome: "closed",
    only: 4,
  },
  "a will of QoS 3": {
    clause: "MQTT-3.1.2-14, 3.1.2-12",
    send: (version) => connect({ version, clientId: "x", will: { topic: "w", qos: 3 } }),
    outcome: "closed",
    only: 4,
  },
  "a password without a user name": {
    clause: "MQTT-3.1.2-22",
    send: (version) => connect({ version, clientId: "x", flags: 0x42, password: "p" }),
    outcome: "closed",
    only: 4,
  },
  "an empty identifier that is to last": {
    clause: "MQTT-3.1.3-8",
    send: (version) => connect({ version, clean: false }),
    outcome: { connack: 2 },
    only: 4,
  },
  "an identifier of 2 KiB": {
    clause: "own: MQTT-3.1.3-5 asks for 23",
    send: (version) => connect({ version, clientId: "i".repeat(2 * KIB) }),
    outcome: { connack: 2 },
    only: 4,
  },
  "an identifier of 2 KiB, MQTT 5": {
    clause: "own: MQTT-3.1.3-5 asks for 23",
    send: (version) => connect({ version, clientId: "i".repeat(2 * KIB) }),
    outcome: { connack: 0x85 },
    only: 5,
  },
  "MQTT 6": {
    clause: "MQTT-3.1.2-2",
    send: (version) => connect({ version, clientId: "x", level: 6 }),
    outcome: { connack: 0x84 },
    only: 5,
  },
  "MQTT 3": {
    clause: "MQTT-3.1.2-2",
    send: (version) => connect({ version, clientId: "x", level: 3 }),
    outcome: { connack: 1 },
    only: 4,
  },
  "a reserved connect flag, MQTT 5": {
    clause: "MQTT-3.1.2-3",
    send: (version) => connect({ version, clientId: "x", flags: 0x03 }),
    outcome: { connack: 0x81 },
    only: 5,
  },
  "a will of QoS 3, MQTT 5": {
    clause: "MQTT-3.1.2-12",
    send: (version) => connect({ version, clientId: "x", will: { topic: "w", qos: 3 } }),
    outcome: { connack: 0x81 },
    only: 5,
  },
  "a Receive Maximum of 0": {
    clause: "3.1.2.11.3",
    send: (version) => connect({ version, clientId: "x", properties: [["receiveMaximum", 0]] }),
    outcome: { connack: 0x82 },
    only: 5,
  },
  "a Maximum Packet Size of 0": {
    clause: "3.1.2.11.4",
    send: (version) => connect({ version, clientId: "x", properties: [["maximumPacketSize", 0]] }),
    outcome: { connack: 0x82 },
    only: 5,
  },
  "a property twice": {
    clause: "3.1.2.11.2",
    send: (version) => {
      const twice = ["sessionExpiryInterval", 1] as const;
      return connect({ version, clientId: "x", properties: [twice, twice] });
    },
    outcome: { connack: 0x82 },
    only: 5,
  },
  "a PUBLISH's property in CONNECT": {
    clause: "2.2.2.2",
    send: (version) => connect({ version, clientId: "x", properties: [["topicAlias", 1]] }),
    outcome: { connack: 0x81 },
    only: 5,
  },
  "extended authentication": {
    clause: "MQTT-4.12.0-1",
    send: (version) => {
      const properties = [["authenticationMethod", "SCRAM"]] as const;
      return connect({ version, clientId: "x", properties });
    },
    outcome: { connack: 0x8c },
    only: 5,
  },
  "a will with wildcards": {
    clause: "MQTT-3.3.2-2",
    send: (version) => connect({ version, clientId: "x", will: { topic: "a/#" } }),
    outcome: { connack: 0x90 },
    only: 5,
  },
};

/** Of a client that was let in. */
const LATER: Readonly<Record<string, Row>> = {
  "a second CONNECT": {
    clause: "MQTT-3.1.0-2",
    send: (version) => connect({ version, clientId: "again" }),
    outcome: PROTOCOL,
  },
  "packet type 0": {
    clause: "2.1.2, MQTT-4.8.0-1",
    send: () => bytes(0x00, 0),
    outcome: { disconnect: 0x82 },
  },
  "a length that does not end": {
    clause: "2.2.3, MQTT-1.5.5-1",
    send: () => bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0x7f),
    outcome: MALFORMED,
  },
  "a PUBLISH of 240 MB, claimed": {
    clause: "MQTT-3.2.2-15",
    send: () => bytes(0x30, varint(240_000_000), text("a")),
    outcome: { disconnect: 0x95 },
  },
  "a PUBLISH of the largest length there is": {
    clause: "MQTT-3.2.2-15",
    send: () => bytes(0x32, varint(268_435_455), text("a")),
    outcome: { disconnect: 0x95 },
  },
  "a SUBSCRIBE of 1 MB": {
    clause: "own: a packet of fields fits 64 KiB",
    send: () => bytes(Type.subscribe, varint(1_000_000), u16(1)),
    outcome: { disconnect: 0x95 },
  },
  "PUBLISH of QoS 3": {
    clause: "MQTT-3.3.1-4",
    send: () => packet(0x36, text("a"), u16(1), 0),
    outcome: MALFORMED,
  },
  "PUBLISH of QoS 0 with DUP": {
    clause: "MQTT-3.3.1-2",
    send: (version) => publish({ version, topic: "a", dup: true }),
    outcome: MALFORMED,
  },
  "PUBLISH with identifier 0": {
    clause: "MQTT-2.2.1-3, 2.3.1-1",
    send: (version) => publish({ version, topic: "a", qos: 1, id: 0 }),
    outcome: PROTOCOL,
  },
  "PUBLISH that ends in its topic's length": {
    clause: "MQTT-3.3.2-1",
    send: () => packet(0x30, 0),
    outcome: MALFORMED,
  },
  "PUBLISH whose topic is longer than it": {
    clause: "MQTT-3.3.2-1",
    send: () => packet(0x30, u16(500), text("abc")),
    outcome: MALFORMED,
  },
  "PUBLISH without its identifier": {
    clause: "MQTT-2.3.1-1, 2.2.1-2",
    send: () => packet(0x32, text("a")),
    outcome: MALFORMED,
  },
  "an empty PUBLISH": { clause: "MQTT-3.3.2-1", send: () => packet(0x30), outcome: MALFORMED },
  "PINGREQ with flags": {
    clause: "MQTT-2.2.2-2, 2.1.3-1",
    send: () => bytes(0xc1, 0),
    outcome: MALFORMED,
  },
  "PINGREQ with a payload": {
    clause: "3.12.1",
    send: () => bytes(0xc0, 1, 0),
    outcome: MALFORMED,
  },
  "PINGRESP": { clause: "3.13", send: () => bytes(0xd0, 0), outcome: PROTOCOL },
  "CONNACK": { clause: "3.2", send: () => packet(Type.connack, 0, 0), outcome: PROTOCOL },
  "SUBACK": { clause: "3.9", send: () => packet(Type.suback, u16(1), 0), outcome: PROTOCOL },
  "UNSUBACK": { clause: "3.11", send: () => packet(Type.unsuback, u16(1)), outcome: PROTOCOL },
  "DISCONNECT with flags": {
    clause: "MQTT-3.14.1-1, 2.1.3-1",
    send: () => bytes(0xe1, 0),
    outcome: MALFORMED,
  },
  "SUBSCRIBE with the wrong flags": {
    clause: "MQTT-3.8.1-1",
    send: (version) => {
      const bytes = subscribe({ version, filters: [{ filter: "a" }] });
      bytes[0] = 0x80;
      return bytes;
    },
    outcome: MALFORMED,
  },
  "SUBSCRIBE to nothing": {
    clause: "MQTT-3.8.3-2, 3.8.3-3",
    send: (version) => subscribe({ version, filters: [] }),
    outcome: PROTOCOL,
  },
  "SUBSCRIBE with identifier 0": {
    clause: "MQTT-2.3.1-1, 2.2.1-3",
    send: (version) => subscribe({ version, id: 0, filters: [{ filter: "a" }] }),
    outcome: PROTOCOL,
  },
  "SUBSCRIBE of QoS 3": {
    clause: "MQTT-3-8.3-4, 3.8.3.1",
    send: (version) => subscribe({ version, filters: [{ filter: "a", options: 3 }] }),
    outcome: MALFORMED,
  },
  "SUBSCRIBE with reserved options": {
    clause: "MQTT-3-8.3-4, 3.8.3-5",
    send: (version) => subscribe({ version, filters: [{ filter: "a", options: 0xc0 }] }),
    outcome: MALFORMED,
  },
  "SUBSCRIBE without options": {
    clause: "3.8.3",
    send: (version) => packet(Type.subscribe, u16(1), version === 5 ? 0 : bytes(), text("a")),
    outcome: MALFORMED,
  },
  "UNSUBSCRIBE from nothing": {
    clause: "MQTT-3.10.3-2",
    send: (version) => unsubscribe({ version, filters: [] }),
    outcome: PROTOCOL,
  },
  "UNSUBSCRIBE with the wrong flags": {
    clause: "MQTT-3.10.1-1",
    send: (version) => {
      const bytes = unsubscribe({ version, filters: ["a"] });
      bytes[0] = 0xa0;
      return bytes;
    },
    outcome: MALFORMED,
  },
  "PUBREL with the wrong flags": {
    clause: "MQTT-3.6.1-1",
    send: () => packet(0x60, u16(1)),
    outcome: MALFORMED,
  },
  "PUBREL of nothing": {
    clause: "4.3.3: own in 3.1.1",
    send: () => ack("pubrel", 77),
    outcome: { answer: "pubcomp", code: 0 },
    only: 4,
  },
  "PUBREL of nothing, MQTT 5": {
    clause: "3.7.2.1: 0x92",
    send: () => ack("pubrel", 77),
    outcome: { answer: "pubcomp", code: 0x92 },
    only: 5,
  },
  "PUBACK of nothing": { clause: "own", send: () => ack("puback", 5), outcome: "served" },
  "PUBCOMP of nothing": { clause: "own", send: () => ack("pubcomp", 5), outcome: "served" },
  "PUBACK in pieces of a byte": {
    clause: "own",
    send: () => [...ack("puback", 5)].map((byte) => bytes(byte)),
    outcome: "served",
  },
  "a PUBACK of one byte": {
    clause: "3.4.2",
    send: () => packet(Type.puback, 1),
    outcome: MALFORMED,
  },
  "UNSUBSCRIBE from what it never had": {
    clause: "MQTT-3.10.4-5",
    send: (version) => unsubscribe({ version, filters: ["never"] }),
    outcome: "served",
  },
  "the same SUBSCRIBE a hundred times": {
    clause: "MQTT-3.8.4-3",
    send: (version) =>
      bytes(
        ...Array.from({ length: 100 }, () => subscribe({ version, filters: [{ filter: "a" }] })),
      ),
    outcome: "served",
  },
  "a thousand PINGREQs in one go": {
    clause: "MQTT-3.12.4-1",
    send: () => bytes(...Array.from({ length: 1_000 }, () => PINGREQ)),
    outcome: "served",
  },
  "a filter of 5,000 levels": {
    clause: "own: 128 levels",
    send: (version) => subscribe({ version, filters: [{ filter: "a/".repeat(5_000) }] }),
    outcome: { answer: "suback", code: 0x97 },
    only: 5,
  },
  "a filter of 5,000 levels, 3.1.1": {
    clause: "own: 128 levels",
    send: (version) => subscribe({ version, filters: [{ filter: "a/".repeat(5_000) }] }),
    outcome: { answer: "suback", code: 0x80 },
    only: 4,
  },
  "a filter with # in the middle": {
    clause: "MQTT-4.7.1-1",
    send: (version) => subscribe({ version, filters: [{ filter: "a/#/b" }] }),
    outcome: { answer: "suback", code: 0x8f },
    only: 5,
  },
  "a share without a name": {
    clause: "MQTT-4.8.2-1",
    send: (version) => subscribe({ version, filters: [{ filter: "$share//a" }] }),
    outcome: { answer: "suback", code: 0x8f },
    only: 5,
  },
  "no-local on a share": {
    clause: "MQTT-3.8.3-4",
    send: (version) => subscribe({ version, filters: [{ filter: "$share/g/a", noLocal: true }] }),
    outcome: PROTOCOL,
    only: 5,
  },
  "retain handling 3": {
    clause: "3.8.3.1",
    send: (version) => subscribe({ version, filters: [{ filter: "a", retainHandling: 3 }] }),
    outcome: PROTOCOL,
    only: 5,
  },
  "subscription identifier 0": {
    clause: "3.8.2.1.2",
    send: (version) =>
      subscribe({
        version,
        filters: [{ filter: "a" }],
        properties: [["subscriptionIdentifier", 0]],
      }),
    outcome: PROTOCOL,
    only: 5,
  },
  "topic alias 0": {
    clause: "MQTT-3.3.2-8",
    send: (version) => publish({ version, topic: "a", properties: [["topicAlias", 0]] }),
    outcome: { disconnect: 0x94 },
    only: 5,
  },
  "a topic alias over the maximum": {
    clause: "MQTT-3.3.2-9",
    send: (version) => publish({ version, topic: "a", properties: [["topicAlias", 60_000]] }),
    outcome: { disconnect: 0x94 },
    only: 5,
  },
  "a topic alias nobody gave": {
    clause: "3.3.2.3.4",
    send: (version) => publish({ version, topic: "", properties: [["topicAlias", 1]] }),
    outcome: { disconnect: 0x94 },
    only: 5,
  },
  "neither topic nor alias": {
    clause: "3.3.2.1",
    send: (version) => publish({ version, topic: "" }),
    outcome: PROTOCOL,
    only: 5,
  },
  "a client's subscription identifier in PUBLISH": {
    clause: "MQTT-3.3.4-6, 2.2.2.2",
    send: (version) =>
      publish({ version, topic: "a", properties: [["subscriptionIdentifier", 1]] }),
    outcome: MALFORMED,
    only: 5,
  },
  "a response topic with wildcards": {
    clause: "MQTT-3.3.2-14",
    send: (version) => publish({ version, topic: "a", properties: [["responseTopic", "a/+"]] }),
    outcome: PROTOCOL,
    only: 5,
  },
  "properties longer than the packet": {
    clause: "2.2.2.1",
    send: () => packet(0x30, text("a"), varint(500)),
    outcome: MALFORMED,
    only: 5,
  },
  "a property there is none of": {
    clause: "2.2.2.2",
    send: () => packet(0x30, text("a"), 2, 0x7f, 0),
    outcome: MALFORMED,
    only: 5,
  },
  "12,000 empty user properties": {
    clause: "own: 2,000 user properties",
    send: () => {
      const list = bytes(...Array.from({ length: 12_000 }, () => bytes(0x26, 0, 0, 0, 0)));
      return packet(0x32, text("a"), u16(1), varint(list.length), list);
    },
    outcome: { disconnect: 0x97 },
    only: 5,
  },
  "AUTH without having agreed on it": {
    clause: "MQTT-4.12.0-6",
    send: () => auth(0x18, [["authenticationMethod", "x"]]),
    outcome: PROTOCOL,
    only: 5,
  },
  "a session expiry on leaving that CONNECT did not have": {
    clause: "MQTT-3.14.2-2",
    send: () => disconnect(0, [["sessionExpiryInterval", 5]]),
    outcome: PROTOCOL,
    only: 5,
  },
  "PUBLISH to $SYS": {
    clause: "4.7.2: own",
    send: (version) => publish({ version, topic: "$SYS/broker/version", qos: 1, payload: "mine" }),
    outcome: { answer: "puback", code: 0x90 },
    only: 5,
  },
  "a topic with wildcards": {
    clause: "MQTT-3.3.2-2",
    send: (version) => publish({ version, topic: "a/+", qos: 1 }),
    outcome: "closed",
    only: 4,
  },
  "a topic with wildcards, MQTT 5": {
    clause: "MQTT-3.3.2-2",
    send: (version) => publish({ version, topic: "a/+", qos: 1 }),
    outcome: { answer: "puback", code: 0x90 },
    only: 5,
  },
};

/** Strings that are none, wherever one may stand. */
function badStrings(): Readonly<Record<string, Row>> {
  const rows: Record<string, Row> = {};
  for (const [at, bad] of NOT_UTF8.entries()) {
    rows[`PUBLISH to a topic that is no UTF-8 (${at})`] = {
      clause: "MQTT-1.5.3-1, 1.5.4-1",
      send: (version) => publish({ version, topic: bad, qos: 1 }),
      outcome: MALFORMED,
    };
    rows[`SUBSCRIBE to a filter that is no UTF-8 (${at})`] = {
      clause: "MQTT-1.5.3-1, 1.5.4-1",
      send: (version) => subscribe({ version, filters: [{ filter: bad }] }),
      outcome: MALFORMED,
    };
  }
  rows["PUBLISH to a topic with U+0000"] = {
    clause: "MQTT-1.5.3-2, 1.5.4-2",
    send: (version) => publish({ version, topic: "a\0b", qos: 1 }),
    outcome: MALFORMED,
  };
  return rows;
}

/** Every case of one table, for each version it is for. */
function expand(rows: Readonly<Record<string, Row>>, connected: boolean): HostileCase[] {
  return Object.entries(rows).flatMap(([name, { clause, send, outcome, only }]) =>
    VERSIONS.filter((version) => only === undefined || only === version).map((version) => {
      const sent = send(version);
      return {
        ...{ name, clause, version, connected, outcome },
        send: sent instanceof Uint8Array ? [sent] : sent,
      };
    })
  );
}

/** A whole exchange cut off at each of its bytes: what is there is taken, the rest waits. */
function truncated(): HostileCase[] {
  return VERSIONS.flatMap((version) => {
    const whole = [
      publish({ version, topic: "a/b", qos: 1, id: 9, payload: "x" }),
      subscribe({ version, filters: [{ filter: "a/b" }] }),
    ];
    return whole.map((one, at) => ({
      name: `${at === 0 ? "PUBLISH" : "SUBSCRIBE"} in pieces of a byte`,
      clause: "4.2: a stream has no packets",
      ...{ version, connected: true },
      send: [...one].map((byte) => bytes(byte)),
      outcome: {
        answer: at === 0 ? "puback" as const : "suback" as const,
        code: 0,
      },
    }));
  });
}

export const HOSTILE_PACKETS: readonly HostileCase[] = [
  ...expand(FIRST, false),
  ...expand(LATER, true),
  ...expand(badStrings(), true),
  ...truncated(),
];
