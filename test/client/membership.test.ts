import { describe, expect, it } from "vitest";
import { LogboomError } from "../../src/client/logboom_error.ts";
import { isOver, Membership, type MembershipOptions } from "../../src/client/membership.ts";
import { openClientWorld, problem } from "../support/client_world.ts";

const live = () => new AbortController().signal;

async function worldWithLogs() {
  const world = await openClientWorld({ store: { settings: { defaultPartitions: 2 } } });
  await world.client.produce("logs", "a", { partition: 0 });
  const member = (options: Partial<MembershipOptions> = {}) =>
    new Membership(world.transport, {
      ...{ group: "g", topics: ["logs"], sessionTimeoutMs: 1_000, rebalanceTimeoutMs: 1_000 },
      ...options,
    });
  return { ...world, member };
}

describe("isOver()", () => {
  it("knows what says that the group moved on", () => {
    const over = ["rebalance_in_progress", "illegal_generation", "unknown_member", "unknown_topic"];
    expect(over.map((code) => isOver(new LogboomError(code, "No")))).toEqual([
      ...[true, true, true, false],
    ]);
    expect(isOver(new Error("bug"))).toBe(false);
  });
});

describe("Membership", () => {
  it("joins, commits, and finds what was committed", async () => {
    const { member } = await worldWithLogs();
    const first = member();
    const assigned = await first.join(live());
    expect(assigned).toMatchObject([
      { topic: "logs", partition: 0, offset: null, highWatermark: 1 },
      { topic: "logs", partition: 1, offset: null, highWatermark: 0 },
    ]);
    await first.commit([{ topic: "logs", partition: 0, offset: 1 }]);
    await first.leave();
    await first.leave();
    const again = await member().join(live());
    expect(again.map(({ offset }) => offset)).toEqual([1, null]);
  });

  it("lives until another joins, and then shares", async () => {
    const { member } = await worldWithLogs();
    const [one, other] = [member({ assignor: "sticky" }), member({ assignor: "sticky" })];
    await one.join(live());
    const lived = one.live(live());
    const joining = other.join(live());
    await lived;
    const [mine, theirs] = await Promise.all([one.join(live()), joining]);
    expect([mine.length, theirs.length]).toEqual([1, 1]);
    await Promise.all([one.leave(), other.leave()]);
  });

  it("stops living with its signal", async () => {
    const { member } = await worldWithLogs();
    const one = member();
    await one.join(live());
    const stop = new AbortController();
    const lived = one.live(stop.signal);
    stop.abort();
    await lived;
    await one.leave();
  });

  it("joins as a new one where the group forgot it", async () => {
    const { member, faults } = await worldWithLogs();
    const one = member();
    await one.join(live());
    faults.push(problem(409, "unknown_member"));
    await expect(one.commit([{ topic: "logs", partition: 0, offset: 0 }])).rejects
      .toMatchObject({ code: "unknown_member" });
    await expect(one.commit([{ topic: "logs", partition: 0, offset: 0 }])).rejects
      .toMatchObject({ code: "unknown_member" });
    expect(await one.join(live())).toBeDefined();
    await one.leave();
  });

  it("goes on with the member id that a join which took too long was given", async () => {
    const { member, faults, environment, requests } = await worldWithLogs();
    const one = member();
    await one.join(live());
    const more = { retriable: true, member_id: "given" };
    faults.push(problem(409, "rebalance_in_progress", more), problem(409, "unknown_member"));
    requests.length = 0;
    const joining = one.join(live());
    await environment.pass(1_000);
    await joining;
    expect(requests).toHaveLength(3);
    await one.leave();
  });

  it("gives up its place when the node was silent for half a session", async () => {
    const { member, faults, environment } = await worldWithLogs();
    const one = member();
    await one.join(live());
    faults.push(...Array.from({ length: 200 }, () => "before" as const));
    const lived = one.live(live());
    await environment.pass(120_000);
    await lived;
  });

  it("throws what no joining can help", async () => {
    const { member, faults } = await worldWithLogs();
    const one = member();
    faults.push(problem(403, "forbidden"));
    await expect(one.join(live())).rejects.toMatchObject({ code: "forbidden" });
    await one.join(live());
    faults.push(problem(403, "forbidden"));
    await expect(one.live(live())).rejects.toMatchObject({ code: "forbidden" });
  });
});
