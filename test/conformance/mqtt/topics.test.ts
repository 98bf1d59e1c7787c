/** Chapter 4.7: topic names and topic filters. */
import { expect } from "vitest";
import { publish, subscribe } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault, type World } from "../../support/mqtt_clauses.ts";

/** The filter is refused by its code, or ends the connection. */
async function refusesFilter({ connect, version }: World, filter: string): Promise<void> {
  const client = await connect();
  client.send(subscribe({ version, id: 1, filters: [{ filter }] }));
  const answer = await client.next().catch(() => null);
  if (answer === null || answer.type === "disconnect") {
    if (answer !== null) expect([0x81, 0x82, 0x8f]).toContain(answer.code);
    return void await client.ended();
  }
  expect(answer.type).toBe("suback");
  expect(answer.codes[0]).toBeGreaterThanOrEqual(0x80);
}

clause(
  { v4: "4.7.1-2", v5: "4.7.1-1" },
  "takes # only alone or after a slash, and only at the end",
  async (world) => {
    const wrong = ["a#", "a/#/b", "#/a", "##", "#/", "a/b#", "+#", "/#/"];
    await eachOf(wrong.map((filter) => [filter, filter]), (filter) => refusesFilter(world, filter));
    const right = ["a/#", "#", "/#", "+/#", "a/+/#", "//#"];
    const { codes } = await (await world.connect()).subscribe(...right);
    expect(codes).toEqual(right.map(() => 0));
  },
);

clause(
  { v4: "4.7.1-3", v5: "4.7.1-2" },
  "takes + only as a whole level, at any",
  async (world) => {
    const wrong = ["a+", "+a", "a/b+", "a/+b/c", "++", "a/++", "+#"];
    await eachOf(wrong.map((filter) => [filter, filter]), (filter) => refusesFilter(world, filter));
    const right = ["+", "+/a", "a/+", "a/+/b", "+/+", "/+", "+/", "a/+/#"];
    const { codes } = await (await world.connect()).subscribe(...right);
    expect(codes).toEqual(right.map(() => 0));
  },
);

const NAMES = ["a", "a/", "/a", "a/b", "a//b", "a/b/c", "A/b", "/", "//", "a /b", "a/B"];
const MATCHES: Readonly<Record<string, readonly string[]>> = {
  "#": NAMES,
  "+": ["a"],
  "/+": ["/", "/a"],
  "+/+": ["/", "/a", "a/", "a /b", "a/b", "a/B", "A/b"],
  "a/#": ["a", "a/", "a/b", "a/B", "a//b", "a/b/c"],
  "a/+": ["a/", "a/b", "a/B"],
  "a/+/b": ["a//b"],
  "+/b": ["a /b", "a/b", "A/b"],
  "a": ["a"],
  "a/": ["a/"],
  "/#": ["/", "//", "/a"],
  "+/+/+": ["//", "a//b", "a/b/c"],
};

clause(
  { v4: "4.7.3-4 4.7.1-2 4.7.1-3", v5: "4.7.3-4 4.7.1-1 4.7.1-2" },
  "matches names level by level, empty ones and case included, and changes nothing",
  async ({ connect, topic }) => {
    const publisher = await connect();
    await eachOf(Object.entries(MATCHES), async (matches, filter) => {
      const client = await connect();
      // Under a prefix of the case, whose slash is not one of the names'.
      const under = (name: string) => topic(`${filter.length}${filter.charCodeAt(0)}x/${name}`);
      const suback = await client.subscribe(under(filter), under("zz end"));
      expect(suback.codes[0]).toBe(0);
      for (const name of NAMES) await publisher.publish(under(name), name);
      await publisher.publish(under("zz end"), "end");
      const found = (await client.messagesUntil("end")).map(({ payload }) => payload);
      expect(new Set(found)).toEqual(new Set(matches));
    });
  },
);

clause(
  { v4: "4.7.3-4", v5: "4.7.3-4" },
  "does not take different ways to write the same text for the same name",
  async ({ connect, topic }) => {
    const client = await connect();
    const composed = topic("caf\u00e9");
    await client.subscribe(composed, topic("end"));
    const others = ["cafe\u0301", "CAF\u00c9", "caf\u00e9 ", " caf\u00e9", "caf\u00e9\u200b"];
    for (const name of others) await client.publish(topic(name), name);
    await client.publish(composed, "same");
    await client.publish(topic("end"), "end");
    const messages = await client.messagesUntil("end");
    expect(messages.map(({ payload }) => payload)).toEqual(["same"]);
  },
);

clause(
  { v4: "4.7.2-1", v5: "4.7.2-1" },
  "tells of itself under $SYS to who subscribes to it by name, and to no wildcard",
  async ({ connect, topic }) => {
    const [watcher, other] = [await connect(), await connect()];
    await other.subscribe("#", "+/#", "+/broker/#", "+/broker/uptime");
    const { codes } = await watcher.subscribe("$SYS/broker/version", "$SYS/broker/uptime");
    expect(codes).toEqual([0, 0]);
    const first = [await watcher.message(), await watcher.message()];
    expect(first.map(({ topic }) => topic).toSorted())
      .toEqual(["$SYS/broker/uptime", "$SYS/broker/version"]);
    // And again when it has changed: now it would come to the other, too.
    const later = await watcher.take("publish", undefined, 40_000);
    expect(later.topic).toMatch(/^\$SYS\/broker\//);
    await other.publish(topic("end"), "end", { qos: 1 });
    const found = (await other.messagesUntil("end")).map(({ topic }) => topic);
    expect(found.filter((name) => name.startsWith("$"))).toEqual([]);
  },
);

clause(
  { v4: "4.7.3-1", v5: "4.7.3-1" },
  "takes no empty topic name and no empty filter",
  async (world) => {
    await refusesFilter(world, "");
    const client = await world.connect();
    client.send(publish({ version: world.version, topic: "" }));
    await expectFault(client, 0x81, 0x82, 0x90);
  },
);

clause(
  { v4: "4.7.3-2", v5: "4.7.3-2" },
  "takes no topic name and no filter with U+0000",
  async (world) => {
    await refusesFilter(world, "a/\0/b");
    const client = await world.connect();
    client.send(publish({ version: world.version, topic: "a/\0/b" }));
    await expectFault(client, 0x81, 0x82, 0x90);
  },
);

clause(
  { v4: "4.7.3-3", v5: "4.7.3-3" },
  "takes long topic names and filters as they are, or refuses them",
  async ({ connect, topic, version }) => {
    for (const size of [1_000, 4_000, 65_535]) {
      const client = await connect();
      const name = topic("x".repeat(size)).slice(0, size);
      const suback = await client.subscribe({ filter: name, qos: 1 }).catch(() => null);
      if (suback === null) {
        await expectFault(client, 0x8f, 0x95, 0x97, 0x81);
        continue;
      }
      const puback = await client.publish(name, "x", { qos: 1 }).catch(() => null);
      if (puback === null || puback.code >= 0x80 || suback.codes[0]! >= 0x80) {
        expect(size).toBeGreaterThan(4_000);
        if (puback === null) await expectFault(client, 0x90, 0x95, 0x97, 0x81);
        else if (version === 5) expect([0x90, 0x97, 0]).toContain(puback.code);
        continue;
      }
      expect((await client.message()).topic).toBe(name);
    }
  },
);
