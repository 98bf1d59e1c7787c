/** Consumer instances through their own requests, on a clock wound by hand. */
import { describe, expect, it } from "vitest";
import { storeTopics } from "../../../../src/groups/group_topics.ts";
import { LocalMember } from "../../../../src/groups/local_member.ts";
import { openRestWorld, RestInstance, type RestWorld } from "../../../support/rest_world.ts";

const committedOf = async (world: RestWorld, group: string) =>
  (await world.groups.committed(group)).map(({ partition, offset }) => [partition, offset]);

describe("RestConsumer.read()", () => {
  it("hands out each record once, from where the group's policy says", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1, 2]);
    const early = await RestInstance.create(world, "g");
    await early.subscribe("t");
    expect(await early.values()).toEqual([1, 2]);
    expect(await early.values()).toEqual([]);
    await world.produce("t", [3]);
    expect(await early.values()).toEqual([3]);

    const late = await RestInstance.create(world, "g2", { "auto.offset.reset": "latest" });
    await late.subscribe("t");
    expect(await late.values()).toEqual([]);
    await world.produce("t", [4]);
    expect(await late.values()).toEqual([4]);
    expect(world.bugs).toEqual([]);
  });

  it("waits for records, and answers as soon as there are some", async () => {
    const world = await openRestWorld();
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    expect(await instance.values()).toEqual([]);
    const before = world.clock.monotonicMs();
    const waiting = instance.values("?timeout=50000");
    await world.produce("t", ["now"]);
    expect(await waiting).toEqual(["now"]);
    expect(world.clock.monotonicMs() - before).toBeLessThan(5_000);
  });

  it("waits for fetch.min.bytes, or until the wait is over", async () => {
    const world = await openRestWorld();
    const instance = await RestInstance.create(world, "g", { "fetch.min.bytes": 6 });
    await world.store.createTopic("t");
    await instance.subscribe("t");
    await instance.values();
    const waiting = instance.values("?timeout=50000");
    await world.produce("t", ["ab"]);
    await world.pass(500);
    await world.produce("t", ["cd"]);
    expect(await waiting).toEqual(["ab", "cd"]);
    await world.produce("t", ["e"]);
    expect(await instance.values("?timeout=100")).toEqual(["e"]);
  });

  it("ends an older read with nothing when a newer one comes, and loses no record by it", async () => {
    const world = await openRestWorld();
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    await instance.values();
    const older = instance.values("?timeout=50000");
    await world.pass(100);
    const newer = instance.values("?timeout=50000");
    expect(await older).toEqual([]);
    await world.produce("t", ["x"]);
    expect(await newer).toEqual(["x"]);
  });

  it("keeps what a client that has gone did not take", async () => {
    const world = await openRestWorld();
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    await instance.values();
    const gone = new AbortController();
    const read = world.call("GET", `${instance.path}/records?timeout=50000`, {
      signal: gone.signal,
    });
    await world.pass(100);
    gone.abort();
    await world.produce("t", ["kept"]);
    expect((await read).body).toEqual([]);
    expect(await instance.values()).toEqual(["kept"]);
  });

  it("takes partitions in turn, as far as max_bytes goes, and one record at the least", async () => {
    const world = await openRestWorld({ partitions: 2 });
    for (const partition of [0, 1]) {
      await world.produce("t", [`a${partition}`, `b${partition}`], partition);
    }
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    const first = await instance.values("?max_bytes=1");
    const second = await instance.values("?max_bytes=1");
    expect([...first, ...second].toSorted()).toEqual(["a0", "a1"]);
    const rest = await instance.values();
    expect(rest.toSorted()).toEqual(["b0", "b1"]);
  });

  it("refuses a record that is not of the format, and goes on behind it when told to", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    await world.call("POST", "/topics/t", {
      body: { records: [{ value: "bm8ganNvbg==" }] },
      headers: { "content-type": "application/vnd.kafka.binary.v2+json" },
    });
    await world.produce("t", [3]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    expect(await instance.values()).toEqual([1]);
    for (let time = 0; time < 2; time++) {
      const { status, body } = await instance.records();
      expect([status, body.error_code]).toEqual([406, 40602]);
      expect(body.message).toContain("record 1 of t-0");
    }
    await instance.call("POST", "/positions", {
      offsets: [{ topic: "t", partition: 0, offset: 2 }],
    });
    expect(await instance.values()).toEqual([3]);
  });

  it("refuses to read without a subscription", async () => {
    const world = await openRestWorld();
    const instance = await RestInstance.create(world, "g");
    const { status, body } = await instance.records();
    expect([status, body.error_code]).toEqual([409, 40903]);
  });
});

describe("RestConsumer's group", () => {
  it("shares partitions, and hands them over when one leaves", async () => {
    const world = await openRestWorld({ partitions: 2 });
    await world.produce("t", ["p0"], 0);
    await world.produce("t", ["p1"], 1);
    const one = await RestInstance.create(world, "g", { name: "one" });
    const two = await RestInstance.create(world, "g", { name: "two" });
    await one.subscribe("t");
    await two.subscribe("t");
    const both = [...await one.values(), ...await two.values()];
    for (let round = 0; round < 3; round++) both.push(...await one.values(), ...await two.values());
    expect(both.toSorted()).toEqual(["p0", "p1"]);
    const places = async (instance: RestInstance) =>
      (await instance.call("GET", "/assignments")).body.partitions;
    expect(await places(one)).toHaveLength(1);
    expect(
      [...await places(one), ...await places(two)].map(({ partition }) => partition).toSorted(),
    )
      .toEqual([0, 1]);

    expect((await two.call("DELETE", "")).status).toBe(204);
    await world.produce("t", ["q0"], 0);
    await world.produce("t", ["q1"], 1);
    const after = [...await one.values(), ...await one.values(), ...await one.values()];
    expect(after.toSorted()).toEqual(["q0", "q1"]);
    expect((await two.records()).body.error_code).toBe(40403);
  });

  it("gives the partitions of one that is silent to the others, with what it had not confirmed", async () => {
    const world = await openRestWorld({ partitions: 2 });
    const one = await RestInstance.create(world, "g", { "session.timeout.ms": 3_000 });
    const two = await RestInstance.create(world, "g", { "session.timeout.ms": 3_000 });
    await world.store.createTopic("t");
    for (const instance of [one, two]) await instance.subscribe("t");
    for (let round = 0; round < 3; round++) {
      for (const instance of [one, two]) await instance.values();
    }
    await world.produce("t", ["p0"], 0);
    await world.produce("t", ["p1"], 1);
    const [lost] = await two.values();
    const mine = await one.values();
    // Two is killed here: it took a record with its last breath.
    const taken: unknown[] = [];
    for (let round = 0; round < 10; round++) taken.push(...await one.values("?timeout=1000"));
    expect(mine).toHaveLength(1);
    expect(taken).toEqual([lost]);
  });

  it("shares with members that came by another door, and is seen among them", async () => {
    const world = await openRestWorld({ partitions: 4 });
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g", { name: "rest" });
    await instance.subscribe("t");
    await instance.values();
    const other = new LocalMember(world.groups, storeTopics(world.store), {
      ...{ group: "g", clientId: "other", host: "::1" },
    });
    other.subscribe(["t"]);
    const joining = other.poll();
    await instance.values();
    const partitions = (await joining).map(({ partition }) => partition);
    const { body } = await instance.call("GET", "/assignments");
    partitions.push(...body.partitions.map(({ partition }: { partition: number }) => partition));
    expect(partitions.toSorted()).toEqual([0, 1, 2, 3]);
    expect(world.groups.describe("g").members.map(({ clientId }) => clientId).toSorted())
      .toEqual(["other", "rest"]);
  });

  it("reads on in a topic that was deleted and made again", async () => {
    const world = await openRestWorld();
    await world.produce("t", ["old"]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    expect(await instance.values()).toEqual(["old"]);
    await world.store.changes.delete("t");
    expect(await instance.values()).toEqual([]);
    await world.produce("t", ["new"]);
    expect([...await instance.values(), ...await instance.values()]).toEqual(["new"]);
  });

  it("finds topics by pattern, those that come later, too", async () => {
    const world = await openRestWorld();
    await world.produce("logs.a", ["a"]);
    await world.produce("other", ["no"]);
    const instance = await RestInstance.create(world, "g");
    await instance.call("POST", "/subscription", { topic_pattern: "logs\\.[a-z]+" });
    expect(await instance.values()).toEqual(["a"]);
    await world.produce("logs.b", ["b"]);
    expect([...await instance.values(), ...await instance.values()]).toEqual(["b"]);
    expect((await instance.call("GET", "/subscription")).body).toEqual({
      topics: ["logs.a", "logs.b"],
      partitions: [{ "logs.a": [0] }, { "logs.b": [0] }],
    });
  });

  it("reads partitions it was assigned by hand, beside a group", async () => {
    const world = await openRestWorld({ partitions: 2 });
    await world.produce("t", ["p0"], 0);
    await world.produce("t", ["p1"], 1);
    const instance = await RestInstance.create(world, "g");
    const partitions = [{ topic: "t", partition: 1 }];
    expect((await instance.call("POST", "/assignments", { partitions })).status).toBe(204);
    expect(await instance.values()).toEqual(["p1"]);
    expect((await instance.call("GET", "/assignments")).body).toEqual({ partitions });
    expect((await instance.call("POST", "/subscription", { topics: ["t"] })).body.error_code)
      .toBe(40903);
    await instance.call("POST", "/offsets");
    expect(await committedOf(world, "g")).toEqual([[1, 1]]);
    expect((await instance.call("DELETE", "/subscription")).status).toBe(204);
    expect((await instance.call("POST", "/subscription", { topics: ["t"] })).status).toBe(204);
    expect((await instance.call("POST", "/assignments", { partitions })).body.error_code)
      .toBe(40903);
  });
});

describe("RestConsumer.commit()", () => {
  it("commits what was handed out, by hand, and goes on there in another instance", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1, 2]);
    const one = await RestInstance.create(world, "g", { "auto.commit.enable": "false" });
    await one.subscribe("t");
    expect(await one.values()).toEqual([1, 2]);
    expect(await committedOf(world, "g")).toEqual([]);
    expect((await one.call("POST", "/offsets")).status).toBe(204);
    expect(await committedOf(world, "g")).toEqual([[0, 2]]);
    await world.produce("t", [3]);
    expect(await one.values()).toEqual([3]);
    await one.call("DELETE", "");
    expect(await committedOf(world, "g")).toEqual([[0, 2]]);
    const two = await RestInstance.create(world, "g");
    await two.subscribe("t");
    expect(await two.values()).toEqual([3]);
  });

  it("commits the offsets it is given: of the next record, with a note", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1, 2, 3]);
    const one = await RestInstance.create(world, "g", { "enable.auto.commit": false });
    await one.subscribe("t");
    await one.values();
    const offsets = [{ topic: "t", partition: 0, offset: 1, metadata: "note" }];
    expect((await one.call("POST", "/offsets", { offsets })).status).toBe(204);
    expect((await one.call("GET", "/offsets?topic=t&partition=0")).body).toEqual({ offsets });
    expect((await one.call("GET", "/offsets")).body).toEqual({ offsets });
    expect((await one.call("GET", "/offsets?topic=u&partition=0")).body).toEqual({ offsets: [] });
    await one.call("DELETE", "");
    const two = await RestInstance.create(world, "g");
    await two.subscribe("t");
    expect(await two.values()).toEqual([2, 3]);
  });

  it("commits by itself only what its client has come back for, and all when it leaves", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const one = await RestInstance.create(world, "g");
    await one.subscribe("t");
    await one.values();
    await world.pass(6_000);
    expect(await committedOf(world, "g")).toEqual([]);
    await world.produce("t", [2]);
    expect(await one.values()).toEqual([2]);
    expect(await committedOf(world, "g")).toEqual([[0, 1]]);
    await one.call("DELETE", "");
    expect(await committedOf(world, "g")).toEqual([[0, 2]]);
  });

  it("refuses the commit of one whose partitions others have", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const config = { "session.timeout.ms": 1_000, "auto.commit.enable": false };
    const one = await RestInstance.create(world, "g", config);
    await one.subscribe("t");
    expect(await one.values()).toEqual([1]);
    await world.pass(2_000);
    const two = await RestInstance.create(world, "g", config);
    await two.subscribe("t");
    expect(await two.values()).toEqual([1]);
    const { status, body } = await one.call("POST", "/offsets");
    expect([status, body.error_code]).toEqual([409, 40903]);
    expect(await committedOf(world, "g")).toEqual([]);
  });
});

describe("RestConsumer.seek()", () => {
  it("goes on at the offset, the beginning or the end", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1, 2, 3]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    await instance.values();
    const partitions = [{ topic: "t", partition: 0 }];
    await instance.call("POST", "/positions", { offsets: [{ ...partitions[0], offset: 1 }] });
    expect(await instance.values()).toEqual([2, 3]);
    await instance.call("POST", "/positions/beginning", { partitions });
    expect(await instance.values()).toEqual([1, 2, 3]);
    await instance.call("POST", "/positions/beginning", { partitions });
    await instance.call("POST", "/positions/end", { partitions });
    expect(await instance.values()).toEqual([]);
  });

  it("wakes a read that waits", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    await instance.values();
    const waiting = instance.values("?timeout=50000");
    await world.pass(100);
    const partitions = [{ topic: "t", partition: 0 }];
    await instance.call("POST", "/positions/beginning", { partitions });
    expect(await waiting).toEqual([1]);
  });

  it("refuses partitions that are not its own, and moves none then", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    await world.produce("u", [1]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    await instance.values();
    const seek = async (...offsets: unknown[]) =>
      (await instance.call("POST", "/positions", { offsets })).body?.error_code;
    expect(
      await seek({ topic: "t", partition: 0, offset: 0 }, { topic: "u", partition: 0, offset: 0 }),
    )
      .toBe(40402);
    expect(await seek({ topic: "t", partition: 7, offset: 0 })).toBe(40402);
    expect(await seek({ topic: "none", partition: 0, offset: 0 })).toBe(40401);
    expect(await seek({ topic: "t", partition: 0, offset: 2 })).toBe(422);
    expect(await instance.values()).toEqual([]);
  });
});
