/** Fresh records: looked at once, only where somebody may want one, and none is missed. */
import { describe, expect, it } from "vitest";
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
