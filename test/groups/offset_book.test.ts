import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { OffsetBook } from "../../src/groups/offset_book.ts";
import { MadeUpTopics, settled } from "../support/group_world.ts";
import { MemoryGroupBook } from "../support/memory_group_book.ts";
import { seededRandom } from "../support/dice.ts";

async function make({ offsetsMax = 10 } = {}) {
  const book = new MemoryGroupBook();
  const topics = new MadeUpTopics();
  topics.put("t", 4);
  let ageMs = 0;
  const open = async () =>
    OffsetBook.open({ book, topics, offsetsMax, ageMs: () => ageMs }, await book.load());
  return {
    ...{ book, topics, open, offsets: await open() },
    age: (ms: number) => void (ageMs += ms),
  };
}

const at = (
  partition: number,
  offset: number,
  more: { topic?: string; metadata?: string } = {},
) => ({
  ...{ topic: "t", partition, offset },
  ...more,
});
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "no error", (error) => isOperatingError(error) ? error.code : String(error));

describe("OffsetBook.commit()", () => {
  it("is durable when it resolves, and shown to nobody before", async () => {
    const { book, offsets, open } = await make();
    const { promise, resolve } = Promise.withResolvers<void>();
    book.delay = () => promise;
    const committing = offsets.commit("g", [{ ...at(0, 5), leaderEpoch: 3, metadata: "m" }]);
    expect(offsets.now("g")).toEqual([]);
    const reading = offsets.committed("g");
    resolve();
    await committing;
    book.crash(seededRandom(1));
    const row = { topic: "t", partition: 0, offset: 5, leaderEpoch: 3, metadata: "m" };
    expect(await reading).toEqual([row]);
    expect((await open()).now("g")).toEqual([row]);
  });

  it("takes all of them or none", async () => {
    const { book, offsets } = await make();
    expect(await codeOf(offsets.commit("g", [at(0, 1), at(4, 1)]))).toBe("unknown_partition");
    expect(await codeOf(offsets.commit("g", [at(0, 1), at(0, 1, { topic: "u" })])))
      .toBe("unknown_topic");
    expect(await codeOf(offsets.commit("g", [at(0, 1, { metadata: "ü".repeat(2_049) })])))
      .toBe("invalid_argument");
    book.failing = "storage_failed";
    expect(await codeOf(offsets.commit("g", [at(0, 1)]))).toBe("storage_failed");
    expect([offsets.has("g"), offsets.size, offsets.offsets]).toEqual([false, 0, 0]);
  });

  it("keeps within its limits, and counts what is replaced once", async () => {
    const { offsets } = await make({ offsetsMax: 2 });
    await offsets.commit("g", [at(0, 1), at(1, 1)]);
    await offsets.commit("g", [at(0, 2), at(1, 2)]);
    expect(await codeOf(offsets.commit("h", [at(0, 1)]))).toBe("overloaded");
    await offsets.drop(["g"]);
    expect(offsets.offsets).toBe(0);
    await offsets.commit("h", [at(0, 1)]);
  });
});

it("offsets of a topic are not those of a later one of its name, nor of one that is gone", async () => {
  const { topics, offsets } = await make();
  await offsets.commit("g", [at(0, 7)]);
  topics.put("t", 4, { anew: true });
  expect(offsets.now("g")).toEqual([]);
  await offsets.commit("g", [at(0, 1)]);
  expect(offsets.now("g").map(({ offset }) => offset)).toEqual([1]);
  topics.drop("t");
  expect(offsets.now("g")).toEqual([]);
});

describe("OffsetBook.sweep()", () => {
  it("drops what was committed for topics that are gone, not for those out of reach", async () => {
    const { topics, offsets, open } = await make();
    topics.put("u", 1);
    topics.put("away", 1);
    await offsets.commit("g", [at(0, 1), at(0, 1, { topic: "u" }), at(0, 1, { topic: "away" })]);
    topics.drop("u");
    topics.drop("away");
    topics.outOfReach.add("away");
    await offsets.sweep(() => false);
    expect([offsets.offsets, (await open()).offsets]).toEqual([2, 2]);
    topics.outOfReach.clear();
    topics.drop("t");
    await offsets.sweep(() => false);
    expect(offsets.offsets).toBe(0);
    expect(offsets.has("g")).toBe(false);
  });

  it("leaves a commit alone that is on its way", async () => {
    const { book, topics, offsets, open } = await make();
    await offsets.commit("g", [at(0, 1)]);
    topics.put("t", 4, { anew: true });
    book.delay = () => settled();
    const committing = offsets.commit("g", [at(0, 9)]);
    await offsets.sweep(() => true);
    await committing;
    await settled();
    expect(offsets.now("g").map(({ offset }) => offset)).toEqual([9]);
    expect((await open()).now("g").map(({ offset }) => offset)).toEqual([9]);
  });

  it("drops groups that are over, and asks by when they were last alive", async () => {
    const { offsets, open, age } = await make();
    await offsets.commit("old", [at(0, 1)]);
    age(3_600_000);
    await offsets.commit("new", [at(0, 1)]);
    await offsets.alive(["old", "unheard"]);
    const seen: (readonly [string, number])[] = [];
    const went = await offsets.sweep((group, aliveMs) => {
      seen.push([group, aliveMs]);
      return group === "new";
    });
    expect([went, seen]).toEqual([1, [["old", 3_600_000], ["new", 3_600_000]]]);
    expect([...(await open()).names]).toEqual(["old"]);
  });
});
