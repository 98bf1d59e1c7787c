import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { MQTT_KEYLESS_ROUTES_MAX } from "../../../src/base/limits.ts";
import type { MqttStore } from "../../../src/ingress/mqtt/client_connection.ts";
import { type Destination, RouteTable } from "../../../src/ingress/mqtt/route_table.ts";
import { type RouteSettings, TopicRoutes } from "../../../src/ingress/mqtt/topic_routes.ts";
import { testCore } from "../../support/core.ts";
import { LogHarness } from "../../support/log_harness.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";
import { TOPIC_DEFAULTS } from "../../../src/store/settings.ts";
import type { TopicObserver } from "../../../src/store/topic_table.ts";
import type { Topic } from "../../../src/store/topic.ts";

const SESSION = {
  protocolVersion: 4,
  recordHeaders0: Uint8Array.of(0),
  recordHeaders1: Uint8Array.of(0),
  nowMs: 1,
  packetBytesMax: 1_000,
} as const;

/** A table over one topic, `logs` unless routes say otherwise, made on first use. */
async function fixture(partitions: number, routes: readonly RouteSettings[] = []) {
  const core = testCore();
  const harness = new LogHarness({ disk: new SimulatedDisk(), core });
  const logs: PartitionLog[] = [];
  for (let index = 0; index < partitions; index++) logs.push(await harness.open({ index }));
  let topic: Topic | undefined;
  let changed: TopicObserver = () => {};
  const store = {
    core,
    observeTopics: (observer: TopicObserver) => void (changed = observer),
    topic: () => topic,
    createTopic: (name: string) => {
      topic = { id: "", name, settings: TOPIC_DEFAULTS, chosen: {}, partitions: logs };
      return Promise.resolve(topic);
    },
  } as unknown as MqttStore;
  const table = new RouteTable(store, new TopicRoutes(routes));
  const resolve = (text: string, clientId = "c") =>
    table.resolve({ bytes: utf8(text), text }, clientId);
  /** Whether the core now takes a publish of that name. */
  const isCached = (text: string) => {
    const name = utf8(text);
    const packet = Uint8Array.of(0x30, 2 + name.length, 0, name.length, ...name);
    return core.ingest(packet, SESSION).records === 1;
  };
  return { table, resolve, isCached, core, change: () => changed("logs", "changed") };
}

describe("RouteTable.resolve()", () => {
  it("creates the topic on first use, and answers at once from then on", async () => {
    const { resolve, isCached } = await fixture(1);
    const first = resolve("a/b");
    expect(first).toBeInstanceOf(Promise);
    expect((await first)!.key).toEqual(utf8("a/b"));
    expect(resolve("a/b")).not.toBeInstanceOf(Promise);
    expect(isCached("a/b")).toBe(true);
    expect(isCached("a/c")).toBe(false);
  });

  it("chooses the partition by the key's hash, as Kafka does", async () => {
    const { resolve, core } = await fixture(8, [{ filter: "#", topic: "t", key: "{1}" }]);
    for (const name of ["a/1", "a/2", "b", "c/d/e"]) {
      const { log, key } = await resolve(name) as Destination;
      expect(key).toEqual(utf8(name.split("/")[0]!));
      expect(log.index).toBe(core.murmur2(key!) % 8);
    }
  });

  it("does not hand the core a key that names the client", async () => {
    const { resolve, isCached } = await fixture(1, [
      { filter: "#", topic: "t", key: "{client_id}" },
    ]);
    expect((await resolve("a", "c1"))!.key).toEqual(utf8("c1"));
    expect((await resolve("a", "c2"))!.key).toEqual(utf8("c2"));
    expect(isCached("a")).toBe(false);
  });

  it("is null for the server's own names", async () => {
    expect((await fixture(1)).resolve("$SYS/a")).toBeNull();
  });
});

describe("RouteTable where a topic changed", () => {
  it("looks up again where names go, those without a key too", async () => {
    const { table, resolve, isCached, change } = await fixture(3, [
      { filter: "keyless", topic: "logs", key: "" },
    ]);
    for (const name of ["keyless", "a"]) await resolve(name);
    expect([isCached("keyless"), isCached("a")]).toEqual([true, true]);
    change();
    table.rotate();
    expect([isCached("keyless"), isCached("a")]).toEqual([false, false]);
  });
});

describe("RouteTable.rotate()", () => {
  it("moves records without a key to the next partition, and those with one never", async () => {
    const { table, resolve, isCached } = await fixture(3, [
      { filter: "keyless", topic: "t", key: "" },
    ]);
    const partitions: number[] = [];
    const keyed = new Set<number>();
    for (let turn = 0; turn < 6; turn++) {
      partitions.push((await resolve("keyless"))!.log.index);
      keyed.add((await resolve("keyed"))!.log.index);
      expect(isCached("keyless")).toBe(true);
      table.rotate();
    }
    expect(partitions).toEqual([0, 1, 2, 0, 1, 2]);
    expect(keyed.size).toBe(1);
  });

  it("moves what the core takes by itself, too", async () => {
    const { table, resolve, core } = await fixture(3, [{ filter: "#", topic: "t", key: "" }]);
    await resolve("a");
    const touched: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      touched.push(...core.ingest(Uint8Array.of(0x30, 3, 0, 1, 0x61), SESSION).touched);
      table.rotate();
    }
    expect(touched).toEqual([0, 1, 2]);
  });

  it("spreads topic names beyond what it remembers, one record at a time", async () => {
    const { resolve, isCached } = await fixture(3, [{ filter: "#", topic: "t", key: "" }]);
    for (let nth = 0; nth < MQTT_KEYLESS_ROUTES_MAX; nth++) await resolve(`t/${nth}`);
    const partitions = [];
    for (let nth = 0; nth < 3; nth++) partitions.push((await resolve("one more"))!.log.index);
    expect(new Set(partitions).size).toBe(3);
    expect(isCached("one more")).toBe(false);
    expect(isCached("t/0")).toBe(true);
  });
});
