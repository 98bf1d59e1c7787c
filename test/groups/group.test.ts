import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { Group } from "../../src/groups/group.ts";
import type { JoinAnswer, JoinRequest } from "../../src/groups/group_api.ts";
import { seededRandom } from "../support/dice.ts";
import { joinRequest, settled } from "../support/group_world.ts";
import { HandClock } from "../support/hand_clock.ts";

const SESSION_MS = 10_000;
const REBALANCE_MS = 60_000;

function make({ initialDelayMs = 0, membersMax = 10 } = {}) {
  const clock = new HandClock();
  let generation = 0;
  let bytes = 0;
  const group = new Group({
    ...{ name: "g", time: clock, random: seededRandom(1), membersMax, initialDelayMs },
    nextGeneration: () => ++generation,
    grew: (more) => void (bytes += more),
  });
  const join = (more: Partial<JoinRequest> = {}) => group.join(joinRequest(more));
  const sync = (answer: JoinAnswer, ...others: JoinAnswer[]) =>
    group.sync({
      ...claimOf(answer),
      assignments: new Map([answer, ...others].map(({ memberId }) => [memberId, utf8(memberId)])),
    });
  const claimOf = ({ memberId, generation }: JoinAnswer) => ({ group: "g", memberId, generation });
  /** One leader, stable. */
  const alone = async () => {
    const leader = await join();
    await sync(leader);
    return leader;
  };
  /** Two of them, stable. */
  const two = async () => {
    const first = await alone();
    const joining = join();
    await settled();
    const again = await join({ memberId: first.memberId });
    const second = await joining;
    const syncing = sync(second);
    await sync(again, second);
    await syncing;
    return [again, second] as const;
  };
  return { clock, group, join, sync, claimOf, alone, two, bytes: () => bytes };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "no error", (error) => isOperatingError(error) ? error.code : String(error));
const thrownBy = (task: () => void): string => {
  try {
    task();
  } catch (error) {
    return isOperatingError(error) ? error.code : String(error);
  }
  return "no error";
};

describe("Group.join()", () => {
  it("makes the first member the leader, and shows it all members", async () => {
    const { group, join } = make();
    const answer = await join();
    expect(answer).toMatchObject({ generation: 1, protocolName: "range" });
    expect(answer.leaderId).toBe(answer.memberId);
    expect(answer.members).toEqual([
      { memberId: answer.memberId, instanceId: null, metadata: new Uint8Array([1]) },
    ]);
    expect(group.state).toBe("completing_rebalance");
  });

  it("waits a moment for others when the group is new", async () => {
    const { clock, join } = make({ initialDelayMs: 250 });
    const joins = [join(), join(), join()];
    clock.advance(249);
    await settled();
    joins.push(join());
    clock.advance(1);
    const answers = await Promise.all(joins);
    expect(answers.map(({ generation }) => generation)).toEqual([1, 1, 1, 1]);
    expect(answers.map(({ members }) => members.length)).toEqual([4, 0, 0, 0]);
  });

  it("waits for all members to join again, and tells them to", async () => {
    const { group, join, claimOf, alone } = make();
    const first = await alone();
    const second = join();
    await settled();
    expect(group.state).toBe("preparing_rebalance");
    expect(thrownBy(() => group.heartbeat(claimOf(first)))).toBe("rebalance_in_progress");
    const again = await join({ memberId: first.memberId });
    expect([again.generation, (await second).generation]).toEqual([2, 2]);
    expect(again.members.length).toBe(2);
  });

  it("goes on without those that do not, when the rebalance timeout is over", async () => {
    const { clock, group, join, claimOf, alone } = make();
    const first = await alone();
    const second = join();
    // Its heart beats, but it does not join.
    for (let at = 0; at < REBALANCE_MS; at += 5_000) {
      thrownBy(() => group.heartbeat(claimOf(first)));
      clock.advance(5_000);
    }
    const answer = await second;
    expect(answer.members.map(({ memberId }) => memberId)).toEqual([answer.memberId]);
    expect(thrownBy(() => group.heartbeat(claimOf(first)))).toBe("unknown_member");
  });

  it("answers a member that changed nothing at once, but rebalances for the leader", async () => {
    const { group, join, two } = make();
    const [leader, follower] = await two();
    const again = await join({ memberId: follower.memberId });
    expect(again.generation).toBe(follower.generation);
    const patient = await join({ memberId: leader.memberId, leaderRebalances: false });
    expect(patient.generation).toBe(leader.generation);
    expect(group.state).toBe("stable");
    void codeOf(join({ memberId: leader.memberId }));
    expect(group.state).toBe("preparing_rebalance");
  });

  it("rebalances for a member that subscribes to something else", async () => {
    const { group, join, two } = make();
    const [, follower] = await two();
    const protocols = [{ name: "range", metadata: new Uint8Array([2]) }];
    void codeOf(join({ memberId: follower.memberId, protocols }));
    expect(group.state).toBe("preparing_rebalance");
  });

  it("repeats an answer that was lost on the way, the leader's with all members", async () => {
    const { join } = make();
    const first = await join();
    expect(await join({ memberId: first.memberId })).toEqual(first);
  });

  it("gives a new member an id to come back with, where its wire wants that", async () => {
    const { clock, group, join } = make();
    const error = await join({ memberIdRequired: true }).catch((thrown) => thrown);
    expect(error.code).toBe("member_id_required");
    const memberId = error.detail["member_id"];
    expect(group.isEmpty).toBe(false);
    expect((await join({ memberId, memberIdRequired: true })).memberId).toBe(memberId);

    const late = await join({ memberIdRequired: true }).catch((thrown) => thrown);
    clock.advance(SESSION_MS);
    expect(await codeOf(join({ memberId: late.detail["member_id"] }))).toBe("unknown_member");
  });

  it("lets a rebalance wait for those that were given an id", async () => {
    const { group, join, alone } = make();
    const first = await alone();
    const error = await join({ memberIdRequired: true }).catch((thrown) => thrown);
    const again = join({ memberId: first.memberId });
    await settled();
    expect(group.state).toBe("preparing_rebalance");
    const second = join({ memberId: error.detail["member_id"] });
    expect([(await again).generation, (await second).generation]).toEqual([2, 2]);
  });

  it("refuses whom it does not know, one too many, and those it has no assignor with", async () => {
    const { join, alone } = make({ membersMax: 1 });
    await alone();
    expect(await codeOf(join({ memberId: "nobody" }))).toBe("unknown_member");
    expect(await codeOf(join())).toBe("group_full");
    const other = [{ name: "other", metadata: new Uint8Array(0) }];
    expect(await codeOf(join({ protocols: other }))).toBe("inconsistent_protocol");
    expect(await codeOf(join({ protocolType: "connect" }))).toBe("inconsistent_protocol");
  });

  it("is over when it has waited long enough, with the id to come back with", async () => {
    const { clock, group, join, alone } = make();
    await alone();
    const waiting = join({ waitMs: 1_000 }).catch((thrown) => thrown);
    clock.advance(1_000);
    const error = await waiting;
    expect(error.code).toBe("rebalance_in_progress");
    expect(group.members.has(error.detail["member_id"])).toBe(true);
  });

  it("counts a member as joined that comes back to ask, however short its waits are", async () => {
    const { clock, join, sync } = make({ initialDelayMs: 250 });
    const id = (error: { detail: { member_id: string } }) => error.detail.member_id;
    const first = join({ waitMs: 10 }).catch(id);
    clock.advance(10);
    const memberId = await first as string;
    clock.advance(240);
    const joined = await join({ memberId, waitMs: 10 });
    expect(joined).toMatchObject({ memberId, leaderId: memberId, generation: 1 });
    expect(joined.members.length).toBe(1);
    await sync(joined);
  });

  it("lets one lead that waits, rather than one that has yet to come back", async () => {
    const { clock, join, two, claimOf, group } = make();
    const [leader, follower] = await two();
    const impatient = codeOf(join({ memberId: leader.memberId, waitMs: 10 }));
    clock.advance(10);
    expect(await impatient).toBe("rebalance_in_progress");
    const answer = await join({ memberId: follower.memberId });
    expect(answer.leaderId).toBe(follower.memberId);
    expect(answer.members.length).toBe(2);
    const again = await join({ memberId: leader.memberId, waitMs: 10 });
    expect(again.generation).toBe(answer.generation);
    const waiting = group.sync(claimOf(again));
    await group.sync({ ...claimOf(answer), assignments: new Map() });
    expect(await waiting).toEqual(new Uint8Array(0));
  });

  it("forgets a new member at once whose connection goes, and keeps one that knows its id", async () => {
    const { group, join, two } = make();
    const [leader, follower] = await two();
    const [stranger, known] = [new AbortController(), new AbortController()];
    const joining = codeOf(join({ signal: stranger.signal }));
    const again = codeOf(join({ memberId: leader.memberId, signal: known.signal }));
    expect(group.members.size).toBe(3);
    stranger.abort();
    known.abort();
    expect(await joining).toBe("unknown_member");
    expect(await again).toBe("rebalance_in_progress");
    expect([...group.members.keys()]).toEqual([leader.memberId, follower.memberId]);
  });
});

describe("Group.sync()", () => {
  it("hands each its own bytes, again when asked again, and none to whom the leader forgot", async () => {
    const { group, join, sync, claimOf, alone } = make();
    const first = await alone();
    const joining = join();
    await settled();
    const leader = await join({ memberId: first.memberId });
    const follower = await joining;
    const waiting = group.sync(claimOf(follower));
    const own = await sync(leader);
    expect(new TextDecoder().decode(own)).toBe(leader.memberId);
    expect(await waiting).toEqual(new Uint8Array(0));
    expect(await group.sync(claimOf(leader))).toEqual(own);
    expect(group.state).toBe("stable");
  });

  it("refuses another generation, and what comes while members join", async () => {
    const { group, join, claimOf, alone } = make();
    const first = await alone();
    const stale = { ...claimOf(first), generation: 0 };
    expect(await codeOf(group.sync(stale))).toBe("illegal_generation");
    void codeOf(join());
    expect(await codeOf(group.sync(claimOf(first)))).toBe("rebalance_in_progress");
  });

  it("tells followers to join again when the leader dies before it", async () => {
    const { clock, group, join, claimOf, alone } = make();
    const first = await alone();
    const joining = join();
    await settled();
    await join({ memberId: first.memberId });
    const follower = await joining;
    const waiting = codeOf(group.sync(claimOf(follower)));
    clock.advance(SESSION_MS);
    expect(await waiting).toBe("rebalance_in_progress");
    const again = await join({ memberId: follower.memberId });
    expect(again.leaderId).toBe(follower.memberId);
  });

  it("removes those that never ask for their assignment", async () => {
    const { clock, group, join, sync, claimOf, alone } = make();
    const first = await alone();
    const joining = join();
    await settled();
    const leader = await join({ memberId: first.memberId });
    const follower = await joining;
    await sync(leader, follower);
    for (let at = 0; at < REBALANCE_MS; at += 5_000) {
      thrownBy(() => group.heartbeat(claimOf(leader)));
      thrownBy(() => group.heartbeat(claimOf(follower)));
      clock.advance(5_000);
    }
    expect([...group.members.keys()]).toEqual([leader.memberId]);
    // What they had is to be shared out anew.
    expect(thrownBy(() => group.heartbeat(claimOf(leader)))).toBe("rebalance_in_progress");
  });
});

describe("a member", () => {
  it("is lost when nothing is heard of it for its session, and the others are told at once", async () => {
    const { clock, group, claimOf, two } = make();
    const [leader, follower] = await two();
    const told = codeOf(group.waitForRebalance(claimOf(leader), { waitMs: 5_000 }));
    clock.advance(4_999);
    await settled();
    group.heartbeat(claimOf(follower));
    clock.advance(1);
    expect(await told).toBe("no error");
    const watching = codeOf(group.waitForRebalance(claimOf(follower), { waitMs: 5_000 }));
    group.leave({ group: "g", memberId: leader.memberId });
    expect(await watching).toBe("rebalance_in_progress");
    expect([...group.members.keys()]).toEqual([follower.memberId]);
  });

  it("gives no sign of life by a wait that its connection did not outlive", async () => {
    const { clock, group, claimOf, alone } = make();
    const member = await alone();
    const connection = new AbortController();
    const { signal } = connection;
    const waiting = group.waitForRebalance(claimOf(member), { waitMs: 5_000, signal });
    clock.advance(4_000);
    connection.abort();
    await waiting;
    clock.advance(SESSION_MS - 4_000);
    expect(group.members.size).toBe(0);
    expect(group.state).toBe("empty");
  });

  it("may commit until the next generation begins, and not before it has its assignment", async () => {
    const { group, join, sync, claimOf, alone } = make();
    const first = await alone();
    const stranger = { memberId: "nobody", generation: 1 };
    expect(thrownBy(() => group.checkCommit(stranger))).toBe("unknown_member");
    expect(thrownBy(() => group.checkCommit(undefined))).toBe("group_not_empty");
    group.checkCommit(claimOf(first));
    const joining = join();
    group.checkCommit(claimOf(first));
    const again = await join({ memberId: first.memberId });
    expect(thrownBy(() => group.checkCommit(claimOf(first)))).toBe("illegal_generation");
    expect(thrownBy(() => group.checkCommit(claimOf(again)))).toBe("rebalance_in_progress");
    await sync(again, await joining);
    group.checkCommit(claimOf(again));
  });

  it("leaves nothing behind: no timers, no bytes, and anyone may commit", async () => {
    const { clock, group, two, bytes } = make();
    const members = await two();
    expect(bytes()).toBeGreaterThan(0);
    for (const { memberId } of members) group.leave({ group: "g", memberId });
    expect(group.state).toBe("empty");
    expect(group.isEmpty).toBe(true);
    group.checkCommit(undefined);
    expect(bytes()).toBe(0);
    expect(clock.timersWaiting).toBe(0);
  });

  it("hears that topics have changed, where the leader can tell", async () => {
    const { group, join, claimOf } = make();
    const leader = await join();
    let outdated = false;
    await group.sync({ ...claimOf(leader), isOutdated: () => outdated });
    group.heartbeat(claimOf(leader));
    outdated = true;
    expect(thrownBy(() => group.heartbeat(claimOf(leader)))).toBe("rebalance_in_progress");
  });
});

describe("a static member", () => {
  const instanceId = "i";

  it("takes its own place when it starts again, and nobody rebalances", async () => {
    const { group, join, sync, claimOf } = make();
    const first = await join({ instanceId });
    await sync(first);
    const again = await join({ instanceId });
    expect(again.generation).toBe(first.generation);
    expect(again.memberId).not.toBe(first.memberId);
    expect(new TextDecoder().decode(await group.sync(claimOf(again)))).toBe(first.memberId);
    expect(group.leaderId).toBe(again.memberId);
    const old = { ...claimOf(first), instanceId };
    expect(thrownBy(() => group.heartbeat(old))).toBe("fenced_instance");
    expect(thrownBy(() => group.checkCommit(old))).toBe("fenced_instance");
  });

  it("rebalances when it comes back with another subscription", async () => {
    const { group, join, sync } = make();
    await sync(await join({ instanceId }));
    const protocols = [{ name: "range", metadata: new Uint8Array([7]) }];
    const again = await join({ instanceId, protocols });
    expect(again.generation).toBe(2);
    expect(group.members.size).toBe(1);
  });

  it("keeps its place in a rebalance it sleeps through, until its session is over", async () => {
    const { clock, group, join, sync } = make();
    const long = await join({ instanceId, sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 });
    await sync(long);
    const joining = join({ rebalanceTimeoutMs: 20_000 });
    clock.advance(20_000);
    const other = await joining;
    expect(other.generation).toBe(2);
    expect(other.leaderId).toBe(other.memberId);
    expect(group.members.has(long.memberId)).toBe(true);
    clock.advance(80_000);
    expect(group.members.has(long.memberId)).toBe(false);
  });

  it("ends what its predecessor waits for, and leaves by its name", async () => {
    const { group, join } = make({ initialDelayMs: 1_000 });
    const old = codeOf(join({ instanceId }));
    const now = codeOf(join({ instanceId }));
    expect(await old).toBe("fenced_instance");
    group.leave({ group: "g", memberId: "", instanceId });
    expect(await now).toBe("unknown_member");
    expect(group.isEmpty).toBe(true);
  });
});

it("close() answers all who wait, and lets no timer behind", async () => {
  const { clock, group, join, claimOf, alone } = make();
  const first = await alone();
  const watching = codeOf(group.waitForRebalance(claimOf(first), { waitMs: 5_000 }));
  const joining = codeOf(join());
  group.close();
  expect(await joining).toBe("shutting_down");
  expect(await watching).toBe("shutting_down");
  expect(clock.timersWaiting).toBe(0);
});
