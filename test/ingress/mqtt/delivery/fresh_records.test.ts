/** Fresh records: looked at once, only where somebody may want one, and none is missed. */
import { describe, expect, it } from "vitest";
import { BatchCache } from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
import { FreshRecords } from "../../../../src/ingress/mqtt/delivery/fresh_records.ts";
import { HeldSubscription } from "../../../../src/ingress/mqtt/delivery/subscription.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

async function started(readers = 1) {
  const fixture = await MqttFixture.start();
  const writer = await HeldClient.connect(fixture, { clientId: "writer" });
  const all: HeldClient[] = [];
  for (let nth = 0; nth < readers; nth++) {
    all.push(await HeldClient.connect(fixture, { clientId: `r${nth}` }));
  }
  const { core } = fixture.store;
  const scan = core.scan.bind(core);
  const counts = { scans: 0 };
  core.scan = (...batch) => {
    counts.scans += 1;
    return scan(...batch);
  };
  const publish = async (topic: string) => {
    writer.forget();
    writer.publish({ topic, qos: 1 });
    await writer.until("puback", 1);
    await settle();
  };
  return { fixture, writer, all, counts, publish };
}

describe("FreshRecords", () => {
  it("looks at nothing while nobody subscribes, nor at names nobody wants", async () => {
    const { all: [reader], counts, publish } = await started();
    // Twice: by the handler first, then by the core.
    for (const topic of ["a", "a", "b", "b"]) await publish(topic);
    expect(counts.scans).toBe(0);
    await reader!.subscribe(["b", "c/+"]);
    for (const topic of ["a", "a", "c", "new", "new"]) await publish(topic);
    expect(counts.scans).toBe(0);
    for (const topic of ["b", "c/1", "c/1"]) await publish(topic);
    expect(counts.scans).toBe(3);
    expect(reader!.publishes).toHaveLength(3);
  });

  it("looks once for all who subscribe, and no more once they are gone", async () => {
    const { all, counts, publish } = await started(5);
    for (const reader of all) await reader.subscribe(["a"]);
    await publish("a");
    await publish("a");
    expect(counts.scans).toBe(2);
    expect(all.map(({ publishes }) => publishes.length)).toEqual([2, 2, 2, 2, 2]);
    for (const reader of all) await reader.unsubscribe("a");
    await publish("a");
    await publish("a");
    expect(counts.scans).toBe(2);
  });

  it("misses nothing that was on its way to the disk when a client came back", async () => {
    const { fixture, writer } = await started(0);
    const lasting = { clean: false, clientId: "lasting" };
    const first = await HeldClient.connect(fixture, lasting);
    await first.subscribe(["a"]);
    await first.drop();
    writer.publish({ topic: "a", qos: 1, payload: "0" });
    await writer.until("puback", 1);
    const release = fixture.disk.holdSyncs();
    // Nobody who wants it is there as it is taken, by the core; then somebody comes.
    for (const payload of ["1", "2"]) writer.publish({ topic: "a", qos: 1, payload });
    await settle();
    const second = await HeldClient.connect(fixture, lasting);
    await settle();
    writer.publish({ topic: "a", qos: 1, payload: "3" });
    await settle();
    release();
    await second.untilPublishes(4);
    expect(second.messages).toEqual(["a 0", "a 1", "a 2", "a 3"]);
  });

  it("hands out what came by another door, where a route makes the topic name its key", async () => {
    const { fixture, writer, all: [reader] } = await started();
    writer.publish({ topic: "made", qos: 1 });
    await writer.until("puback", 1);
    await reader!.subscribe(["from/#"]);
    const log = fixture.store.topic("logs")!.partitions[0]!;
    for (const key of ["from/http", "from/+", "else"]) {
      fixture.store.core.append(log.handle, {
        timestamp: 0,
        key: new TextEncoder().encode(key),
        value: new TextEncoder().encode("v"),
      });
    }
    log.appended(null);
    await reader!.untilPublishes(1);
    await settle();
    expect(reader!.messages).toEqual(["from/http v"]);
  });

  it("lets who is live read from the log where more waits than it may keep", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const publish = async (payload = "x") => {
      writer.forget();
      writer.publish({ topic: "a", qos: 1, payload });
      await writer.until("puback", 1);
    };
    await publish();
    const { store } = fixture;
    const log = store.topic("logs")!.partitions[0]!;
    const tasks: (() => void)[] = [];
    const fresh = new FreshRecords({
      ...{ core: store.core, commits: store.commits, bytesMax: 1_000 },
      cache: new BatchCache(store.core, () => {
        throw new Error("nothing is compressed");
      }),
      timers: { soon: (task) => void tasks.push(task), after: () => () => {} },
      logsOf: () => [log],
      keyIsTopic: () => true,
    });
    const options = { filter: "a", qos: 1, noLocal: false, retainAsPublished: false } as const;
    const held = new HeldSubscription(
      { ...options, retainHandling: 0, identifier: null },
      new Map(),
    );
    const taken: number[] = [];
    const fell: number[] = [];
    fresh.add({
      take: ({ offset }) => taken.push(offset) > 0,
      fallBehind: (_log, from) => void fell.push(from),
    }, held);
    for (let commit = 0; commit < 3; commit++) await publish();
    expect([taken, fell, fresh.position(log)]).toEqual([[], [], 1]);
    for (const task of tasks.splice(0)) task();
    expect([taken, fell, fresh.position(log)]).toEqual([[1, 2, 3], [], 4]);
    await publish();
    // Large, however well it is compressed.
    await publish(Array.from({ length: 4_000 }, (_, nth) => nth.toString(36)).join(""));
    expect(fell).toEqual([4]);
    expect(fresh.position(log), "of a log that nothing waits of").toBe(log.highWatermark);
    for (const task of tasks.splice(0)) task();
    expect(taken).toEqual([1, 2, 3]);
    await publish();
    for (const task of tasks.splice(0)) task();
    expect(taken, "what was given up counts no more").toEqual([1, 2, 3, 6]);
    fresh.stop();
  });

  it("sends nobody a topic name that another door forged, neither now nor from the log", async () => {
    const { fixture, writer, all: [reader] } = await started();
    writer.publish({ topic: "made", qos: 1 });
    await writer.until("puback", 1);
    const lasting = { clean: false, clientId: "lasting" };
    const first = await HeldClient.connect(fixture, lasting);
    await first.subscribe(["#"]);
    await first.drop();
    await reader!.subscribe(["#", "$SYS/#"]);
    const log = fixture.store.topic("logs")!.partitions[0]!;
    const forged = ["a/#", "+", "", "$SYS/x", "a\u0000", "n".repeat(65_536), "good"];
    for (const topic of forged) {
      fixture.store.core.append(log.handle, {
        timestamp: 0,
        key: null,
        value: null,
        headers: [["mqtt.topic", new TextEncoder().encode(topic)]],
      });
    }
    log.appended(null);
    await reader!.untilPublishes(1);
    await settle();
    const named = ({ publishes }: HeldClient) =>
      publishes.map(({ topic }) => topic).filter((topic) => !topic.startsWith("$SYS/broker"));
    expect(named(reader!)).toEqual(["good"]);
    const second = await HeldClient.connect(fixture, lasting);
    await second.untilPublishes(1);
    await settle();
    expect(named(second)).toEqual(["good"]);
  });
});
