/** The MQTT fast path: what it takes, what it leaves, and that it leaves no trace of the latter. */
import { beforeEach, describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { BATCH_BYTES_TARGET, MQTT_PACKET_BYTES_MAX } from "../../src/base/limits.ts";
import { ingestStatus } from "../../src/core/ingest.ts";
import { encodeHeaders } from "../../src/core/record_headers.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const NOW = 1_700_000_000_000;
const STAMP = {
  baseOffset: 0,
  leaderEpoch: 0,
  logId: "0000000000000001",
  compression: "none",
} as const;
const CLIENT = ["mqtt.client_id", utf8("c1")] as const;
const SESSION = {
  protocolVersion: 4,
  recordHeaders0: encodeHeaders([CLIENT, ["mqtt.qos", utf8("0")]]),
  recordHeaders1: encodeHeaders([CLIENT, ["mqtt.qos", utf8("1")]]),
  nowMs: NOW,
  packetBytesMax: MQTT_PACKET_BYTES_MAX,
} as const;
const SESSION_5 = { ...SESSION, protocolVersion: 5 } as const;

interface Publish {
  topic?: string;
  payload?: Uint8Array;
  flags?: number;
  packetId?: number;
  properties?: number[];
}

function publish({ topic = "t", payload = utf8("p"), flags = 0, packetId, properties }: Publish) {
  const name = utf8(topic);
  const body = concat([
    Uint8Array.of(name.length >> 8, name.length & 255),
    name,
    packetId === undefined ? new Uint8Array(0) : Uint8Array.of(packetId >> 8, packetId & 255),
    Uint8Array.from(properties ?? []),
    payload,
  ]);
  const size: number[] = [];
  let left = body.length;
  for (; left > 127; left >>= 7) size.push((left & 127) | 128);
  size.push(left);
  return concat([Uint8Array.of(0x30 | flags), Uint8Array.from(size), body]);
}

function route(topic: string, handle = 0): void {
  core.routes.set(utf8(topic), { handle, key: null, keyIsTopic: true });
}

const recordsOf = (handle: number) => core.decode(core.seal(handle, STAMP));

beforeEach(() => {
  core.reset();
  route("t");
});

describe("Core.ingest()", () => {
  it("turns packets into records and PUBACKs, in order", () => {
    const chunk = concat([
      publish({ payload: utf8("first"), flags: 2, packetId: 7 }),
      publish({ payload: utf8("second") }),
      publish({ payload: utf8(""), flags: 2, packetId: 0xabcd }),
    ]);
    const result = core.ingest(chunk, SESSION);
    expect(result).toMatchObject({
      status: "need_more",
      consumed: chunk.length,
      records: 3,
      touched: [0],
      packetBytes: 0,
    });
    expect(result.acks).toEqual(Uint8Array.of(0x40, 2, 0, 7, 0x40, 2, 0xab, 0xcd));
    expect(result.bytes).toBe(core.openBytes(0) - 61);
    expect(recordsOf(0)).toEqual([
      ["first", "1"],
      ["second", "0"],
      ["", "1"],
    ].map(([value, qos], offset) => ({
      offset,
      timestamp: NOW,
      key: utf8("t"),
      value: utf8(value!),
      headers: [CLIENT, ["mqtt.qos", utf8(qos!)]],
    })));
  });

  it("adds the topic name as a header unless it is the key", () => {
    core.routes.set(utf8("a/b"), { handle: 3, key: utf8("b"), keyIsTopic: false });
    core.routes.set(utf8("a/c"), { handle: 4, key: null, keyIsTopic: false });
    core.ingest(concat([publish({ topic: "a/b" }), publish({ topic: "a/c" })]), SESSION);
    const qos = ["mqtt.qos", utf8("0")];
    expect(recordsOf(3)).toMatchObject([
      { key: utf8("b"), headers: [CLIENT, qos, ["mqtt.topic", utf8("a/b")]] },
    ]);
    expect(recordsOf(4)).toMatchObject([
      { key: null, headers: [CLIENT, qos, ["mqtt.topic", utf8("a/c")]] },
    ]);
  });

  it("takes MQTT 5 without properties and leaves the rest of it", () => {
    const plain = publish({ flags: 2, packetId: 1, properties: [0] });
    expect(core.ingest(plain, SESSION_5)).toMatchObject({ records: 1, consumed: plain.length });
    expect(recordsOf(0)[0]?.value).toEqual(utf8("p"));
    for (
      const packet of [
        publish({ properties: [2, 1, 1] }),
        publish({ topic: "", properties: [3, 0x23, 0, 1] }),
      ]
    ) {
      expect(core.ingest(packet, SESSION_5)).toMatchObject({ status: "other_packet", consumed: 0 });
    }
  });

  it("waits for a packet cut anywhere, and keeps what came before it", () => {
    const whole = publish({ flags: 2, packetId: 5, payload: new Uint8Array(300).fill(7) });
    for (let cut = 0; cut < whole.length; cut++) {
      const chunk = concat([whole, whole.subarray(0, cut)]);
      expect(core.ingest(chunk, SESSION), `cut at ${cut}`).toMatchObject({
        status: "need_more",
        consumed: whole.length,
        packetBytes: cut < 3 ? 0 : whole.length,
        records: 1,
      });
    }
    expect(recordsOf(0)).toHaveLength(whole.length);
  });

  it("stops at a whole packet that is not for it, and says how long it is", () => {
    const others: [string, Uint8Array][] = [
      ["PINGREQ", Uint8Array.of(0xc0, 0)],
      ["QoS 2", publish({ flags: 4, packetId: 1 })],
      ["retained", publish({ flags: 1 })],
      ["sent again", publish({ flags: 0xa, packetId: 1 })],
    ];
    for (const [name, other] of others) {
      const chunk = concat([publish({}), other, publish({})]);
      expect(core.ingest(chunk, SESSION), name).toMatchObject({
        status: "other_packet",
        consumed: publish({}).length,
        packetBytes: other.length,
        records: 1,
      });
      const cut = chunk.subarray(0, publish({}).length + other.length - 1);
      expect(core.ingest(cut, SESSION), name).toMatchObject({ status: "need_more" });
    }
  });

  it("names the packets that break the protocol", () => {
    const broken: [string, Uint8Array][] = [
      ["QoS 3 [MQTT-3.3.1-4]", publish({ flags: 6, packetId: 1 })],
      ["DUP with QoS 0 [MQTT-3.3.1-2]", publish({ flags: 8 })],
      ["packet id 0 [MQTT-2.3.1-1]", publish({ flags: 2, packetId: 0 })],
      ["no topic name [MQTT-4.7.3-1]", publish({ topic: "" })],
      ["no room for a topic name", Uint8Array.of(0x30, 1, 0)],
      ["a topic name that runs on", Uint8Array.of(0x30, 4, 0, 3, 0x74, 0x74)],
      ["no room for a packet id", Uint8Array.of(0x32, 4, 0, 1, 0x74, 0)],
      ["a fifth byte of length", Uint8Array.of(0x30, 255, 255, 255, 255, 1)],
    ];
    for (const [name, packet] of broken) {
      const chunk = concat([publish({}), packet]);
      expect(core.ingest(chunk, SESSION), name).toMatchObject({ status: "malformed", records: 1 });
    }
    expect(core.ingest(Uint8Array.of(0x30, 3, 0, 1, 0x74), SESSION_5)).toMatchObject({
      status: "malformed",
    });
    expect(core.ingest(Uint8Array.of(0xc0, 0x80, 0), SESSION_5)).toMatchObject({
      status: "malformed",
    });
  });

  it("refuses a packet over the session's limit before it is whole", () => {
    const packet = publish({ payload: new Uint8Array(1000) });
    const session = { ...SESSION, packetBytesMax: packet.length };
    expect(core.ingest(packet, session)).toMatchObject({ status: "need_more", records: 1 });
    session.packetBytesMax--;
    expect(core.ingest(packet.subarray(0, 3), session)).toMatchObject({ status: "too_large" });
  });

  it("asks for a route it does not know, and goes on once it has one", () => {
    const chunk = concat([publish({}), publish({ topic: "new" })]);
    const missed = core.ingest(chunk, SESSION);
    expect(missed).toMatchObject({ status: "route_miss", consumed: 6, packetBytes: 8 });
    route("new", 9);
    expect(core.ingest(chunk.subarray(6), SESSION)).toMatchObject({
      status: "need_more",
      touched: [9],
    });
    core.routes.clear();
    expect(core.ingest(chunk, SESSION)).toMatchObject({ status: "route_miss", consumed: 0 });
  });

  it("stops at a full batch and at the last slot, losing nothing", () => {
    const packet = publish({ flags: 2, packetId: 1, payload: new Uint8Array(100_000) });
    const chunk = concat(Array.from({ length: 8 }, () => packet));
    const full = core.ingest(chunk, SESSION);
    expect(full).toMatchObject({ status: "batch_full", handle: 0, records: 5 });
    expect(full.acks).toHaveLength(20);
    expect(core.openBytes(0)).toBeLessThanOrEqual(BATCH_BYTES_TARGET);
    expect(recordsOf(0)).toHaveLength(5);
    expect(core.ingest(chunk.subarray(5 * packet.length), SESSION)).toMatchObject({ records: 3 });

    let handle = 0;
    do {
      handle++;
      route(`t${handle}`, handle);
    } while (core.ingest(publish({ topic: `t${handle}` }), SESSION).status === "need_more");
    expect(core.ingest(publish({ topic: `t${handle}` }), SESSION)).toMatchObject({
      status: "no_slot",
      consumed: 0,
    });
    core.discard(1);
    expect(core.ingest(publish({ topic: `t${handle}` }), SESSION)).toMatchObject({ records: 1 });
  });

  it("leaves to its caller what is over the route's limit, or over any batch", () => {
    core.routes.set(utf8("s"), { handle: 0, key: null, keyIsTopic: true, recordBytesMax: 100 });
    const large = publish({ topic: "s", payload: new Uint8Array(100) });
    expect(core.ingest(large, SESSION)).toMatchObject({ status: "other_packet", records: 0 });
    const huge = publish({ payload: new Uint8Array(MQTT_PACKET_BYTES_MAX - 7) });
    core.ingest(publish({}), SESSION);
    expect(huge).toHaveLength(MQTT_PACKET_BYTES_MAX);
    expect(core.ingest(huge, SESSION)).toMatchObject({ status: "other_packet", consumed: 0 });
  });

  it("names each partition it touched once per call", () => {
    for (const handle of [1, 2]) route(`t${handle}`, handle);
    const chunk = concat(["t1", "t2", "t1", "t2"].map((topic) => publish({ topic })));
    expect(core.ingest(chunk, SESSION).touched).toEqual([1, 2]);
    expect(core.ingest(publish({ topic: "t2" }), SESSION).touched).toEqual([2]);
  });
});

describe("ingestStatus()", () => {
  it("names what the core answers, and nothing else", () => {
    expect(ingestStatus(Status.NEED_MORE)).toBe("need_more");
    expect(() => ingestStatus(Status.BAD_MAGIC)).toThrow("one of its reasons");
  });
});
