import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import {
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
} from "../../src/groups/consumer_protocol.ts";
import { joinLocally, type LocalJoin, sameTopics } from "../../src/groups/local_join.ts";
import { type GroupWorld, joinRequest, openGroupWorld, settled } from "../support/group_world.ts";

const local = (more: Partial<LocalJoin> = {}): LocalJoin => ({
  ...{ group: "g", memberId: "", topics: ["t"], clientId: "c", host: "::1" },
  ...more,
});
const join = ({ groups, topics }: GroupWorld, more: Partial<LocalJoin> = {}) =>
  joinLocally(groups, topics, local(more));
const numbers = (partitions: readonly { readonly partition: number }[]) =>
  partitions.map(({ partition }) => partition);

describe("joinLocally()", () => {
  it("shares out the partitions among those that join", async () => {
    const world = await openGroupWorld({ initialDelayMs: 10 });
    world.topics.put("t", 5);
    const joins = [join(world), join(world)];
    await settled();
    world.clock.advance(10);
    const [one, other] = await Promise.all(joins);
    expect([one!.generation, other!.generation]).toEqual([1, 1]);
    expect([...one!.assignment, ...other!.assignment].map(({ partition }) => partition).toSorted())
      .toEqual([0, 1, 2, 3, 4]);
  });

  it("keeps what each had with the sticky assignor, without being told what that was", async () => {
    const world = await openGroupWorld();
    world.topics.put("t", 6);
    const first = await join(world, { assignor: "sticky" });
    expect(first).toMatchObject({ assignor: "sticky", leaderId: first.memberId });
    const second = join(world, { assignor: "sticky" });
    await settled();
    const again = await join(world, { assignor: "sticky", memberId: first.memberId });
    const had = numbers((await second).assignment);
    expect(numbers(again.assignment)).toEqual([0, 1, 2]);
    world.groups.leave({ group: "g", memberId: again.memberId });
    const alone = await join(world, { assignor: "sticky", memberId: (await second).memberId });
    expect(numbers(alone.assignment).slice(0, 3)).toEqual(had);
  });

  it("shares with members of Kafka's clients, whoever leads", async () => {
    const world = await openGroupWorld();
    world.topics.put("t", 4);
    const first = await join(world, { assignor: "sticky" });
    // A client that only knows "range", and sends what it owns.
    const metadata = encodeSubscription({ topics: ["t"], owned: [{ topic: "t", partition: 3 }] });
    const kafka = world.groups.join(joinRequest({ protocols: [{ name: "range", metadata }] }));
    await settled();
    const again = join(world, { assignor: "sticky", memberId: first.memberId });
    const answer = await kafka;
    const claim = { group: "g", memberId: answer.memberId, generation: answer.generation };
    const own = decodeAssignment(await world.groups.sync(claim));
    expect([own.length, (await again).assignment.length]).toEqual([2, 2]);
    expect((await again).assignor).toBe("range");

    world.groups.leave({ group: "g", memberId: first.memberId });
    const local = join(world);
    await settled();
    const led = await world.groups.join(
      joinRequest({ memberId: answer.memberId, protocols: [{ name: "range", metadata }] }),
    );
    expect(led.members.length).toBe(2);
    const other = led.members.find(({ memberId }) => memberId !== led.memberId)!;
    await world.groups.sync({
      ...{ group: "g", memberId: led.memberId, generation: led.generation },
      assignments: new Map([[other.memberId, encodeAssignment([{ topic: "t", partition: 2 }])]]),
    });
    expect(numbers((await local).assignment)).toEqual([2]);
  });

  it("gives nothing to a member it cannot understand, and the others their part", async () => {
    const world = await openGroupWorld();
    world.topics.put("t", 2);
    const first = await join(world);
    const protocols = [{ name: "range", metadata: new Uint8Array([0, 0, 0xff, 1]) }];
    const strange = world.groups.join(joinRequest({ protocols }));
    await settled();
    const again = await join(world, { memberId: first.memberId });
    expect(numbers(again.assignment)).toEqual([0, 1]);
    const { memberId, generation } = await strange;
    const own = await world.groups.sync({ group: "g", memberId, generation });
    expect(decodeAssignment(own)).toEqual([]);
  });

  it("joins anew where it is no longer known", async () => {
    const world = await openGroupWorld();
    world.topics.put("t", 1);
    const joined = await join(world, { memberId: "c-that-was-given-up" });
    expect(joined.memberId).not.toBe("c-that-was-given-up");
    expect(numbers(joined.assignment)).toEqual([0]);
  });

  it("waits no longer than it is told to, and says how to go on", async () => {
    const world = await openGroupWorld();
    world.topics.put("t", 1);
    await join(world);
    const waiting = join(world, { waitMs: 1_000 }).catch((error) => error);
    await settled();
    world.clock.advance(1_000);
    const error = await waiting;
    expect(isOperatingError(error, "rebalance_in_progress")).toBe(true);
    expect(error.detail["member_id"]).toMatch(/^c-/);
  });

  it("lets a heartbeat notice that a topic came, grew, or was made anew", async () => {
    const world = await openGroupWorld();
    let { memberId, generation, assignment } = await join(world);
    expect(assignment).toEqual([]);
    for (const [partitions, anew] of [[1, false], [3, false], [3, true]] as const) {
      world.groups.heartbeat({ group: "g", memberId, generation });
      world.topics.put("t", partitions, { anew });
      expect(() => world.groups.heartbeat({ group: "g", memberId, generation }))
        .toThrow("rebalancing");
      ({ memberId, generation, assignment } = await join(world, { memberId }));
      expect(assignment.length).toBe(partitions);
    }
  });
});

it("sameTopics() does not mind the order", () => {
  expect(sameTopics(["a", "b"], ["b", "a"])).toBe(true);
  expect(sameTopics(["a"], ["a", "b"])).toBe(false);
  expect(sameTopics(["a", "b"], ["a", "c"])).toBe(false);
});
