/** A source on a real store over a simulated disk; the broker is the test. */
import type { IPublishPacket } from "mqtt";
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../../src/base/log.ts";
import { SILENT_METRICS } from "../../../../src/base/metrics.ts";
import { ClientLog } from "../../../../src/ingress/mqtt/client_log.ts";
import type { BrokerEvents } from "../../../../src/ingress/mqtt/sources/broker_client.ts";
import { MqttSource } from "../../../../src/ingress/mqtt/sources/mqtt_source.ts";
import type { SourceSettings } from "../../../../src/ingress/mqtt/sources/source_settings.ts";
import { seededRandom } from "../../../support/dice.ts";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";

const SETTINGS: SourceSettings = {
  name: "plant",
  url: "mqtt://broker",
  topics: ["a/#"],
  qos: 1,
  clientId: "gw",
  version: 5,
  ...{ username: null, password: null, ca: null },
};

class TestBroker {
  events: BrokerEvents | null = null;
  connects = 0;
  drops = 0;
  ended = false;
  readonly unacknowledged = 0;

  connect(): void {
    this.connects += 1;
  }

  drop(): void {
    this.drops += 1;
  }

  end(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }
}

async function open() {
  const fixture = await MqttFixture.start();
  const broker = new TestBroker();
  const source = new MqttSource({
    ...{ settings: SETTINGS, store: fixture.store, routes: fixture.ingress.routes },
    ...{ admission: fixture.admission, clock: fixture.clock, timers: fixture.clock },
    ...{ random: seededRandom(1), log: new ClientLog(SILENT_LOGGER), metrics: SILENT_METRICS },
    openBroker(_settings, events) {
      broker.events = events;
      return Promise.resolve(broker);
    },
  });
  await source.start();
  const stored: string[] = [];
  const give = (topic: string, payload: string, more: Partial<IPublishPacket> = {}) =>
    broker.events!.message({
      ...{ cmd: "publish", topic, payload, qos: 1, messageId: 1, dup: false, retain: false },
      ...more,
    }, () => stored.push(payload));
  return { fixture, broker, source, stored, give };
}

describe("MqttSource", () => {
  it("says stored only once the record is durable, and takes more meanwhile", async () => {
    const { fixture, source, stored, give } = await open();
    await give("a/b", "first");
    await expect.poll(() => stored).toEqual(["first"]);
    const release = fixture.disk.holdSyncs();
    await give("a/b", "second");
    await give("a/b", "third");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stored).toEqual(["first"]);
    release();
    await expect.poll(() => stored).toEqual(["first", "second", "third"]);
    expect(source.messages.value).toBe(3);
    expect(await fixture.values("logs")).toEqual(["first", "second", "third"]);
    await source.stop();
  });

  it("drops what can never be stored, so that it does not come for ever", async () => {
    const { source, stored, give } = await open();
    await give("$SYS/x", "the broker's own");
    await give("a", "x".repeat(2 * 1024 * 1024));
    expect(stored).toHaveLength(2);
    expect(source.dropped.value).toBe(2);
    expect(source.messages.value).toBe(0);
    await source.stop();
  });

  it("cuts the connection where there is no room now: the broker sends it again", async () => {
    const { fixture, broker, source, stored, give } = await open();
    fixture.createError = new OperatingError("storage_full", "Cannot create: the disk is full");
    await give("a", "x");
    expect(broker.drops).toBe(1);
    expect(stored).toEqual([]);
    expect(source.error).toContain("the disk is full");
    await source.stop();
  });

  it("calls again after each failure, later each time, until it is connected", async () => {
    const { fixture, broker, source } = await open();
    const waits: number[] = [];
    for (let failure = 1; failure <= 9; failure++) {
      broker.events!.closed();
      expect(source.state).toBe("waiting");
      const from = fixture.clock.monotonicMs();
      while (broker.connects === failure) fixture.clock.advance(50);
      waits.push(fixture.clock.monotonicMs() - from);
    }
    expect(waits[0]).toBeLessThanOrEqual(550);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_050);
    broker.events!.ready();
    expect(source).toMatchObject({ state: "connected", error: null });
    broker.events!.closed();
    fixture.clock.advance(550);
    expect(broker.connects).toBe(11);
    await source.stop();
  });

  it("stops for good", async () => {
    const { fixture, broker, source, give } = await open();
    await source.stop();
    expect(broker.ended).toBe(true);
    broker.events!.closed();
    fixture.clock.advance(60_000);
    expect([broker.connects, source.state]).toEqual([1, "stopped"]);
    void give("a", "late");
  });
});
