import { describe, expect, it } from "vitest";
import {
  ConsumerPositions,
  isSamePlace,
  offsetIn,
  topicWith,
} from "../../../../src/egress/http/rest/consumer_positions.ts";
import { append, openStore } from "../../../support/stores.ts";

async function open(partitions = 2) {
  const { store } = await openStore({ settings: { defaultPartitions: partitions } });
  const topic = await store.createTopic("t");
  for (const log of topic.partitions) await append(store, log, ["a", "b", "c"]);
  const committed = [{ topic: "t", partition: 1, offset: 2, leaderEpoch: -1, metadata: "" }];
  let asked = 0;
  const positions = new ConsumerPositions({
    ...{ store, group: "g", offsetReset: "earliest" },
    groups: {
      committed: () => {
        asked++;
        return Promise.resolve(committed);
      },
    },
  });
  const places = topic.partitions.map(({ index }) => ({ topic: "t", partition: index }));
  return { store, topic, positions, places, asked: () => asked };
}

const startsOf = async (positions: ConsumerPositions) =>
  (await positions.readings()).map(({ log, offset }) => [log.index, offset]);

describe("ConsumerPositions", () => {
  it("begins where the group has committed, and asks that once", async () => {
    const { positions, places, asked } = await open();
    positions.take(places, "m1");
    expect(await startsOf(positions)).toEqual([[0, 0], [1, 2]]);
    expect(await startsOf(positions)).toEqual([[0, 0], [1, 2]]);
    expect(asked()).toBe(1);
  });

  it("begins with another partition behind each page", async () => {
    const { positions, places } = await open();
    positions.take(places, "m1");
    const readings = await positions.readings();
    positions.advance({
      ...{ records: [], gaps: [], bytes: 0 },
      ends: [{ reading: readings[0]!, offset: 1 }],
    });
    expect(await startsOf(positions)).toEqual([[1, 2], [0, 1]]);
  });

  it("keeps what stays with the same member, and begins anew as another one", async () => {
    const { positions, places } = await open();
    positions.take(places, "m1");
    positions.seek([{ topic: "t", partition: 0 }], () => 3);
    positions.take(places.slice(0, 1), "m1");
    expect(await startsOf(positions)).toEqual([[0, 3]]);
    positions.take(places, "m2");
    expect(await startsOf(positions)).toEqual([[0, 0], [1, 2]]);
    positions.clear();
    expect(positions.places).toEqual([]);
  });

  it("passes over partitions that are not there yet", async () => {
    const { positions } = await open();
    positions.take([{ topic: "t", partition: 9 }, { topic: "u", partition: 0 }], "m1");
    expect(await positions.readings()).toEqual([]);
    expect(positions.due()).toEqual([]);
  });

  it("has to commit what was confirmed", async () => {
    const { positions, places } = await open(1);
    positions.take(places, "m1");
    positions.seek(places, () => 2);
    expect(positions.due()).toEqual([]);
    positions.confirm();
    expect(positions.due().map(({ commit }) => commit.offset)).toEqual([2]);
  });

  it("seeks in all, or in none", async () => {
    const { positions, places } = await open();
    positions.take(places, "m1");
    const seek = (...partitions: number[]) =>
      positions.seek(partitions.map((partition) => ({ topic: "t", partition })), () => 1);
    expect(() => seek(0, 5)).toThrow(expect.objectContaining({ detail: { error_code: 40402 } }));
    expect(await startsOf(positions)).toEqual([[0, 0], [1, 2]]);
  });
});

describe("topicWith() and offsetIn()", () => {
  it("refuse what is not there", async () => {
    const { store, topic } = await open();
    expect(topicWith(store, { topic: "t", partition: 1 })).toBe(topic);
    expect(() => topicWith(store, { topic: "t", partition: 2 }))
      .toThrow(expect.objectContaining({ detail: { error_code: 40402 } }));
    expect(() => topicWith(store, { topic: "u", partition: 0 }))
      .toThrow(expect.objectContaining({ code: "unknown_topic" }));
    const [log] = topic.partitions;
    const place = { topic: "t", partition: 0, metadata: "" };
    expect(offsetIn(log!, { ...place, offset: 3 })).toBe(3);
    expect(() => offsetIn(log!, { ...place, offset: 4 })).toThrow(/ends at 3/);
  });
});

describe("isSamePlace()", () => {
  it("compares topic and partition", () => {
    const place = { topic: "t", partition: 0 };
    expect(isSamePlace(place, { ...place })).toBe(true);
    expect(isSamePlace(place, { ...place, partition: 1 })).toBe(false);
    expect(isSamePlace(place, { ...place, topic: "u" })).toBe(false);
  });
});
