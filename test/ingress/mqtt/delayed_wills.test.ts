/** Wills that wait, by themselves and behind the door. */
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { ByteBudget } from "../../../src/ingress/mqtt/byte_budget.ts";
import { DelayedWills, type Will } from "../../../src/ingress/mqtt/delayed_wills.ts";
import { SESSION_NEVER_EXPIRES } from "../../../src/ingress/mqtt/session_expiry.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";

function will(delayS: number): Will {
  const topicName = { bytes: utf8("w"), text: "w" };
  const rest = { payload: utf8("gone"), qos: 1, retain: false, userProperties: [] };
  return { topicName, ...rest, properties: {}, delayS };
}

function wills(bytesMax = 1_000) {
  const published: string[] = [];
  const budget = new ByteBudget(bytesMax);
  const waiting = new DelayedWills((clientId) => void published.push(clientId), budget);
  return { published, budget, wills: waiting };
}

describe("DelayedWills", () => {
  it("publishes after the delay, or when the session ends if that is sooner", () => {
    const { published, wills: waiting } = wills();
    waiting.begin("now", will(0), { sessionExpiryS: 100, nowS: 5 });
    waiting.begin("with session", will(50), { sessionExpiryS: 0, nowS: 5 });
    expect(published).toEqual(["now", "with session"]);
    waiting.begin("a", will(10), { sessionExpiryS: SESSION_NEVER_EXPIRES, nowS: 5 });
    waiting.begin("b", will(10), { sessionExpiryS: 3, nowS: 5 });
    waiting.sweep(7);
    expect(published.length).toBe(2);
    waiting.sweep(8);
    expect(published.at(-1)).toBe("b");
    waiting.sweep(14);
    waiting.sweep(15);
    waiting.sweep(16);
    expect(published.slice(2)).toEqual(["b", "a"]);
    expect(waiting.size).toBe(0);
  });

  it("forgets that of a client that is back, and gives up waiting when told to", () => {
    const { published, wills: waiting } = wills();
    const times = { sessionExpiryS: 100, nowS: 0 };
    for (const clientId of ["back", "over", "c", "d"]) waiting.begin(clientId, will(9), times);
    waiting.cancel("back");
    waiting.publishNow("over");
    waiting.publishNow("over");
    expect(published).toEqual(["over"]);
    waiting.publishAll();
    expect(published).toEqual(["over", "c", "d"]);
  });

  it("publishes at once what there is no memory to keep, and gives back what it took", () => {
    const { published, budget, wills: waiting } = wills(10);
    const times = { sessionExpiryS: 100, nowS: 0 };
    for (const clientId of ["a", "a", "b", "too many"]) waiting.begin(clientId, will(9), times);
    expect(published).toEqual(["too many"]);
    expect(budget.bytes).toBe(10);
    waiting.cancel("a");
    expect(budget.bytes).toBe(5);
    waiting.sweep(9);
    expect(published).toEqual(["too many", "b"]);
    expect(budget.bytes).toBe(0);
  });
});

const WILL = { topic: "w", payload: Buffer.from("gone"), qos: 1, retain: false } as const;

function connectOptions(delayS: number, sessionExpiryInterval: number, clean = false) {
  return {
    ...{ clientId: "dev", protocolVersion: 5, clean } as const,
    properties: { sessionExpiryInterval },
    will: { ...WILL, properties: { willDelayInterval: delayS } },
  };
}

describe("a will with a delay", () => {
  it("is published when the delay is over", async () => {
    const fixture = await MqttFixture.start();
    (await fixture.connect(connectOptions(10, 60))).push(null);
    await fixture.pass(8);
    expect(await fixture.values("logs")).toEqual([]);
    await fixture.pass(4);
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });

  it("is published when the session ends before [MQTT-3.1.3-9]", async () => {
    const fixture = await MqttFixture.start();
    (await fixture.connect(connectOptions(3_600, 4))).push(null);
    await fixture.pass(12);
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });

  it("is not published where the client is back in time, by whatever way it went", async () => {
    const fixture = await MqttFixture.start();
    const first = await fixture.connect(connectOptions(10, 60));
    first.push(null);
    await fixture.pass(2);
    const second = await fixture.connect({ ...connectOptions(10, 60) });
    const third = await fixture.connect({ ...connectOptions(10, 60) }); // takes over
    await second.untilClosed();
    await fixture.pass(30);
    expect(await fixture.values("logs")).toEqual([]);
    third.push(null);
    await fixture.pass(12);
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });

  it("is published at once where a clean start ends its session", async () => {
    const fixture = await MqttFixture.start();
    (await fixture.connect(connectOptions(100, 600))).push(null);
    await fixture.pass(2);
    await fixture.connect(connectOptions(100, 600, true));
    await settle();
    expect(await fixture.values("logs"), "of a client that was gone").toEqual(["gone"]);
    await fixture.connect(connectOptions(100, 600, true));
    await settle();
    expect(await fixture.values("logs"), "and of one taken over").toEqual(["gone", "gone"]);
  });

  it("is published when the node stops: nobody knows when it is back", async () => {
    const fixture = await MqttFixture.start();
    (await fixture.connect(connectOptions(100, 600))).push(null);
    await fixture.pass(2);
    await fixture.ingress.stop();
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });

  it("is retained where it says so", async () => {
    const fixture = await MqttFixture.start();
    const options = connectOptions(0, 0);
    const client = await fixture.connect({ ...options, will: { ...options.will, retain: true } });
    client.push(null);
    await settle();
    expect((await fixture.book.retained(["w"])).length).toBe(1);
  });
});
