/** What leaves and when, against a subscriber made by hand. */
import { describe, expect, it } from "vitest";
import { BufferPool } from "../../../../src/base/buffer_pool.ts";
import { concat, toHex, utf8 } from "../../../../src/base/bytes.ts";
import {
  MQTT_OUT_IN_FLIGHT_V4,
  MQTT_OUT_PENDING_BYTES_MAX,
  MQTT_OUT_PENDING_BYTES_MIN,
  MQTT_OUT_PENDING_TOTAL_BYTES_MAX,
} from "../../../../src/base/mqtt_limits.ts";
import { OperatingError } from "../../../../src/base/errors.ts";
import { SILENT_METRICS } from "../../../../src/base/metrics.ts";
import { PacketRun } from "../../../../src/core/packet_run.ts";
import { DeliveryCounters } from "../../../../src/ingress/mqtt/delivery/delivery_counters.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { Outbox, type Sending } from "../../../../src/ingress/mqtt/delivery/outbox.ts";
import { Outgoing } from "../../../../src/ingress/mqtt/delivery/outgoing.ts";
import type { OutboundState } from "../../../../src/ingress/mqtt/delivery/queue_book.ts";
import { SentRun } from "../../../../src/ingress/mqtt/delivery/sent_run.ts";
import type { Subscriber } from "../../../../src/ingress/mqtt/delivery/subscriber.ts";
import { HandClock } from "../../../support/hand_clock.ts";

const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

function started(facts: Partial<Subscriber> = {}, lasting = false) {
  const pending = { bytes: 0 };
  const buffers = new BufferPool({ keptMax: 1, bytesMin: 0 });
  const writes: Uint8Array[] = [];
  const changes: [number, OutboundState | SentRun | null][] = [];
  const kept: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const failed: Error[] = [];
  let roomMade = 0;
  const outbox = new Outbox(
    {
      clock: new HandClock(),
      counters: new DeliveryCounters(SILENT_METRICS),
      pending,
      buffers,
      flushSoon: (one) => queueMicrotask(() => one.flush()),
    },
    {
      lasting,
      changed: (packetId, state) => void changes.push([packetId, state]),
      kept: () => new Promise((resolve, reject) => kept.push({ resolve, reject })),
      roomMade: () => void roomMade++,
    },
  );
  const subscriber: Subscriber = {
    ...{ protocolVersion: 5, receiveMaximum: 10, maximumPacketSize: 1_000, topicAliasMaximum: 0 },
    send: (packets) => void writes.push(packets.slice()),
    fail: (error) => void failed.push(error),
    ...facts,
  };
  outbox.attach(subscriber);
  const send = (qos: 0 | 1 | 2, payload = "v") => {
    const record = { timestamp: 0, key: null, value: utf8(payload), headers: [] };
    const outgoing = new Outgoing(new Message(utf8("name"), record), {
      partition: "logs-0",
      offset: 0,
    });
    const sending: Sending = { qos, retain: false, identifiers: [], group: null };
    return outbox.send(outgoing, sending);
  };
  return {
    outbox,
    buffers,
    pending,
    subscriber,
    send,
    writes,
    changes,
    kept,
    failed,
    rooms: () => roomMade,
  };
}

describe("Outbox.send()", () => {
  it("writes all of a turn at once, in order", async () => {
    const { send, writes } = started();
    for (const qos of [0, 1, 0, 2] as const) expect(send(qos)).toBe(true);
    await settled();
    expect(writes.map(toHex)).toEqual([
      "300800046e616d650076" + "320a00046e616d6500010076" + "300800046e616d650076" +
      "340a00046e616d6500020076",
    ]);
  });

  it("stops at the client's Receive Maximum, but not with QoS 0", () => {
    const { outbox, send } = started({ receiveMaximum: 2 });
    expect([send(1), send(2), send(1), send(0)]).toEqual([true, true, false, true]);
    outbox.puback(1);
    expect([send(1), send(1)]).toEqual([true, false]);
  });

  it("stops at the server's own limit for MQTT 3.1.1", () => {
    const { send } = started({ protocolVersion: 4, receiveMaximum: 65_535 });
    for (let nth = 0; nth < MQTT_OUT_IN_FLIGHT_V4; nth++) expect(send(1)).toBe(true);
    expect(send(1)).toBe(false);
  });

  it("stops while the client has much to take, until it took it", async () => {
    const { outbox, pending, send } = started();
    let sent = 0;
    while (send(0, "x".repeat(900))) sent++;
    expect(sent * 900).toBeLessThanOrEqual(MQTT_OUT_PENDING_BYTES_MAX);
    expect(pending.bytes).toBeGreaterThanOrEqual(MQTT_OUT_PENDING_BYTES_MAX);
    await settled();
    expect(send(0), "it was handed over, and is not taken").toBe(false);
    outbox.drained();
    expect([send(0), pending.bytes]).toEqual([true, 10]);
    outbox.detach();
    expect(pending.bytes).toBe(0);
  });

  it("stops soon while all clients together have too much to take", () => {
    const { pending, send } = started();
    pending.bytes = MQTT_OUT_PENDING_TOTAL_BYTES_MAX;
    let sent = 0;
    while (send(0, "x".repeat(900))) sent++;
    expect(sent).toBe(Math.ceil(MQTT_OUT_PENDING_BYTES_MIN / 908));
  });

  it("drops what is larger than the client takes [MQTT-3.1.2-25]", async () => {
    const { send, writes, outbox } = started({ maximumPacketSize: 50 });
    expect([send(1, "x".repeat(100)), send(1)]).toEqual([true, true]);
    await settled();
    expect([writes.length, outbox.window.size]).toEqual([1, 1]);
  });

  it("uses topic aliases the client allows", async () => {
    const { send, writes } = started({ topicAliasMaximum: 1 });
    for (let nth = 0; nth < 2; nth++) send(0);
    await settled();
    expect(toHex(concat(writes))).toBe("300b00046e616d650323000176" + "300700000323000176");
  });
});

describe("Outbox: what must be kept first", () => {
  it("holds QoS 2 of a lasting session back until it is, and all behind it", async () => {
    const { outbox, send, writes, kept, rooms } = started({}, true);
    send(1);
    await settled();
    expect(writes).toHaveLength(1);
    send(2);
    await settled();
    expect([writes.length, kept.length, outbox.isOpen]).toEqual([1, 1, false]);
    expect(send(0), "comes again").toBe(false);
    kept[0]!.resolve();
    await settled();
    expect([writes.length, outbox.isOpen, rooms()]).toEqual([2, true, 1]);
  });

  it("holds PUBREL back until PUBREC is kept", async () => {
    const { outbox, send, writes, kept, changes } = started({}, true);
    send(2);
    await settled();
    kept[0]!.resolve();
    await settled();
    outbox.pubrec(1, 0);
    await settled();
    expect(changes.at(-1)).toMatchObject([1, { released: true }]);
    expect(writes).toHaveLength(1);
    kept[1]!.resolve();
    await settled();
    expect(toHex(writes[1]!)).toBe("62020001");
  });

  it("ends the connection where it cannot be kept, and sends nothing", async () => {
    const { send, writes, kept, failed } = started({}, true);
    send(2);
    await settled();
    kept[0]!.reject(new OperatingError("storage_full", "Cannot write"));
    await settled();
    expect([writes.length, failed.length]).toEqual([0, 1]);
  });

  it("sends nothing on a connection that ended meanwhile", async () => {
    const { outbox, send, writes, kept } = started({}, true);
    send(2);
    await settled();
    outbox.detach();
    kept[0]!.resolve();
    await settled();
    expect([writes.length, outbox.window.size]).toEqual([0, 1]);
  });

  it("waits for nothing where the session ends with its connection", async () => {
    const { outbox, send, writes, kept } = started();
    send(2);
    outbox.pubrec(1, 0);
    await settled();
    expect([writes.length, kept.length]).toEqual([1, 0]);
  });
});

describe("Outbox.sendRun()", () => {
  /** Of packets of `bytes` each, every other one of QoS 0. */
  const rows = (count: number, bytes: number) =>
    Uint32Array.from(
      Array.from({ length: count }, (_, nth) => [
        ...[nth * bytes, nth % 2 === 0 ? nth * bytes + 2 : 0, nth],
      ]).flat(),
    );
  const from = { partition: "logs-0", identifiers: [] };

  it("gives identifiers and stops at the client's Receive Maximum", async () => {
    const { outbox, writes, changes } = started({ receiveMaximum: 2 });
    const run = new PacketRun(1_000, new Uint8Array(40).fill(0x32), rows(8, 5));
    expect(outbox.sendRun(run, { first: 1, end: 8, from })).toBe(6);
    expect(outbox.sendRun(run, { first: 6, end: 8, from }), "no room").toBe(6);
    await settled();
    expect(writes.map(toHex)).toEqual([
      "3232323232" + "3232000132" + "3232323232" + "3232000232" + "3232323232",
    ]);
    expect(changes.map(([packetId, state]) => [packetId, state instanceof SentRun])).toEqual([
      [1, true],
      [2, true],
    ]);
    expect(outbox.window.get(2)!.source).toEqual({ partition: "logs-0", offset: 1_004 });
    outbox.puback(1);
    outbox.pubacksEnd();
    expect(outbox.sendRun(run, { first: 6, end: 8, from })).toBe(8);
    expect(changes.slice(2).map(([packetId]) => packetId)).toEqual([1, 3]);
  });

  it("stops while the client has much to take, and uses memory again once it took it", async () => {
    const { outbox, buffers, writes } = started({ receiveMaximum: 1_000 });
    const bytes = 10_000;
    const run = new PacketRun(1_000, new Uint8Array(100 * bytes).fill(0x32), rows(100, bytes));
    const next = outbox.sendRun(run, { first: 0, end: 100, from });
    expect(next).toBe(Math.ceil(MQTT_OUT_PENDING_BYTES_MAX / bytes));
    expect(outbox.sendRun(run, { first: next, end: 100, from })).toBe(next);
    outbox.drained();
    expect(buffers.take(1), "it was not handed over yet").toHaveLength(1);
    await settled();
    expect(writes.map(({ length }) => length)).toEqual([next * bytes]);
    outbox.drained();
    expect(buffers.take(1)).toHaveLength(next * bytes);
    expect(outbox.sendRun(run, { first: next, end: 100, from })).toBeGreaterThan(next);
  });

  it("sends nothing without a client", () => {
    const { outbox } = started();
    outbox.detach();
    const run = new PacketRun(1_000, new Uint8Array(5), rows(1, 5));
    expect(outbox.sendRun(run, { first: 0, end: 1, from })).toBe(0);
  });
});
