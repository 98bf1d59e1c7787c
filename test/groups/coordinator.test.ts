import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { joinRequest, openGroupWorld, settled } from "../support/group_world.ts";
import { seededRandom } from "../support/dice.ts";

const DAY_MS = 24 * 60 * 60_000;

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "no error", (error) => isOperatingError(error) ? error.code : String(error));

async function withMember() {
  const world = await openGroupWorld();
  world.topics.put("t", 2);
  const joined = await world.groups.join(joinRequest());
  const claim = { group: "g", memberId: joined.memberId, generation: joined.generation };
  await world.groups.sync({ ...claim, assignments: new Map() });
  return { ...world, claim };
}

const at = (offset: number) => [{ topic: "t", partition: 0, offset }];

describe("GroupCoordinator", () => {
  it("gives each generation a number above all before, also after a crash", async () => {
    const first = await openGroupWorld();
    const seen: number[] = [];
    for (let run = 0; run < 3; run++) {
      const world = await openGroupWorld({ ...first, seed: run });
      for (const group of ["g", "h", "g"]) {
        const { memberId, generation } = await world.groups.join(joinRequest({ group }));
        seen.push(generation);
        world.groups.leave({ group, memberId });
      }
      world.groups.stop();
      world.book.crash(seededRandom(run));
    }
    expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
    expect(first.book.changes).toBeLessThan(seen.length);
  });

  it("begins no generation that it may give out again", async () => {
    const { book, groups } = await openGroupWorld();
    book.failing = "storage_failed";
    expect(await codeOf(groups.join(joinRequest()))).toBe("storage_failed");
    book.failing = null;
    expect((await groups.join(joinRequest())).generation).toBe(1);
  });

  it("sets more numbers aside before it has none left", async () => {
    const { book, groups } = await openGroupWorld();
    for (let at = 0; at < 120; at++) {
      const { memberId } = await groups.join(joinRequest());
      groups.leave({ group: "g", memberId });
      await settled();
    }
    expect((await book.load()).generation).toBeGreaterThanOrEqual(240);
  });

  it("takes commits of members of this generation, and of others while there are none", async () => {
    const { groups, claim } = await withMember();
    const commit = (offset: number, member?: object) =>
      codeOf(groups.commit({ group: "g", offsets: at(offset), member: member as never }));
    expect(await commit(1, claim)).toBe("no error");
    expect(await commit(2)).toBe("group_not_empty");
    expect(await commit(3, { ...claim, generation: 7 })).toBe("illegal_generation");
    expect(await commit(4, { ...claim, memberId: "x" })).toBe("unknown_member");
    groups.leave(claim);
    expect(await commit(5, claim)).toBe("unknown_member");
    expect((await groups.committed("g")).map(({ offset }) => offset)).toEqual([1]);
    expect(await commit(6)).toBe("no error");
    expect((await groups.committed("g")).map(({ offset }) => offset)).toEqual([6]);
  });

  it("tells members of groups it does not know to join anew", async () => {
    const { groups } = await openGroupWorld();
    const claim = { group: "g", memberId: "m", generation: 1 };
    expect(() => groups.heartbeat(claim)).toThrow("join anew");
    expect(await codeOf(groups.sync(claim))).toBe("unknown_member");
    expect(await codeOf(groups.waitForRebalance(claim, { waitMs: 1 }))).toBe("unknown_member");
    expect(() => groups.leave(claim)).toThrow("join anew");
    expect(await groups.committed("g")).toEqual([]);
    expect(groups.assignments("g").size).toBe(0);
  });

  it("forgets a group when its last member goes, but what it committed", async () => {
    const { clock, groups, claim } = await withMember();
    await groups.commit({ group: "g", offsets: at(1), member: claim });
    clock.advance(10_000);
    await settled();
    expect(groups.describe("g")).toMatchObject({ state: "empty", members: [], lag: 90 });
    const joined = await groups.join(joinRequest({ group: "h" }));
    groups.leave({ group: "h", memberId: joined.memberId });
    expect(() => groups.describe("h")).toThrow('Cannot find group "h"');
    expect([groups.size, groups.members]).toEqual([1, 0]);
  });

  it("deletes a group that has no members, for good", async () => {
    const { book, topics, clock, groups, claim } = await withMember();
    await groups.commit({ group: "g", offsets: at(1), member: claim });
    expect(await codeOf(groups.delete("g"))).toBe("group_not_empty");
    groups.leave(claim);
    await groups.delete("g");
    expect(await codeOf(groups.delete("g"))).toBe("unknown_group");
    const again = await openGroupWorld({ book, topics, clock });
    expect(again.groups.list()).toEqual([]);
  });

  it("keeps offsets of a group for seven days after it was alive, restarts or not", async () => {
    const { book, topics, clock } = await openGroupWorld();
    topics.put("t", 2);
    let ageMs = 0;
    const open = async () =>
      (await openGroupWorld({ book, topics, clock, ageMs: () => ageMs })).groups;
    const names = async (groups: Awaited<ReturnType<typeof open>>) => {
      await groups.sweep();
      return groups.list().map(({ group }) => group);
    };
    const first = await open();
    await first.commit({ group: "idle", offsets: at(1) });
    await first.commit({ group: "g", offsets: at(1) });
    await first.join(joinRequest());
    // The member commits nothing more, and yet its group is alive.
    ageMs = 6 * DAY_MS;
    expect(await names(first)).toEqual(["g", "idle"]);
    first.stop();
    const second = await open();
    ageMs = 7 * DAY_MS + 1;
    expect(await names(second)).toEqual(["g"]);
    second.stop();
    const third = await open();
    ageMs = 13 * DAY_MS;
    expect(await names(third)).toEqual(["g"]);
    ageMs += 1;
    expect(await names(third)).toEqual([]);
    expect((await book.load()).offsets).toEqual([]);
  });

  it("has limits: of groups, and of what it is told", async () => {
    const { topics, groups } = await openGroupWorld({ groupsMax: 2 });
    topics.put("t", 1);
    await groups.join(joinRequest({ group: "a" }));
    await groups.commit({ group: "b", offsets: at(1) });
    expect(await codeOf(groups.join(joinRequest({ group: "c" })))).toBe("too_many_groups");
    expect(await codeOf(groups.commit({ group: "c", offsets: at(1) }))).toBe("too_many_groups");
    expect(await codeOf(groups.commit({ group: "b", offsets: at(2) }))).toBe("no error");
    expect(await codeOf(groups.join(joinRequest({ group: "a\n" })))).toBe("invalid_argument");
    expect(await codeOf(groups.commit({ group: "", offsets: at(1) }))).toBe("invalid_argument");
  });

  it("takes no more members when those there are hold all the memory", async () => {
    const { groups } = await openGroupWorld();
    const protocols = [{ name: "range", metadata: new Uint8Array(256 * 1024 - 5) }];
    for (let at = 0; at < 256; at++) {
      await groups.join(joinRequest({ group: `g${at}`, protocols }));
    }
    expect(await codeOf(groups.join(joinRequest({ group: "one more" })))).toBe("overloaded");
    groups.stop();
  });

  it("counts groups, members, generations and commits", async () => {
    const gauges = new Map<string, () => number>();
    const counters = new Map<string, { value: number }>();
    const { topics, groups } = await openGroupWorld({
      metrics: {
        counter: (name) => counters.set(name, { value: 0 }).get(name)!,
        gauge: (name, _help, read) => void gauges.set(name, read),
        histogram: () => ({ observe() {} }),
      },
    });
    topics.put("t", 1);
    await groups.join(joinRequest());
    await groups.commit({ group: "h", offsets: at(1) });
    await codeOf(groups.commit({ group: "g", offsets: at(1) }));
    expect([...gauges].map(([name, read]) => [name, read()])).toEqual([
      ["logboom_groups", 2],
      ["logboom_group_members", 1],
    ]);
    expect([...counters].map(([name, { value }]) => [name, value])).toEqual([
      ["logboom_group_generations_total", 1],
      ["logboom_group_commits_total", 1],
    ]);
  });

  it("stop() answers those who wait, takes nothing more, and leaves no timer", async () => {
    const { clock, groups, claim } = await withMember();
    const joining = codeOf(groups.join(joinRequest()));
    await settled();
    groups.stop();
    expect(await joining).toBe("shutting_down");
    expect(await codeOf(groups.join(joinRequest()))).toBe("shutting_down");
    expect(await codeOf(groups.commit({ group: "g", offsets: at(1) }))).toBe("shutting_down");
    expect(() => groups.heartbeat(claim)).toThrow("stopping");
    expect(clock.timersWaiting).toBe(0);
  });
});
