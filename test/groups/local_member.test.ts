import { describe, expect, it } from "vitest";
import type { TopicPartition } from "../../src/groups/group_api.ts";
import { LocalMember, type LocalMemberOptions } from "../../src/groups/local_member.ts";
import { openGroupWorld, settled } from "../support/group_world.ts";

async function make() {
  const world = await openGroupWorld();
  world.topics.put("t", 4);
  world.topics.put("u", 1);
  const revoked: string[] = [];
  const assigned: string[] = [];
  const texts = (partitions: readonly TopicPartition[]) =>
    partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(" ");
  const member = (clientId: string, more: Partial<LocalMemberOptions> = {}) => {
    const made = new LocalMember(world.groups, world.topics, {
      ...{ group: "g", clientId, host: "::1", sessionTimeoutMs: 10_000 },
      onRevoke: (partitions) => void revoked.push(`${clientId}: ${texts(partitions)}`),
      onAssign: (partitions) => void assigned.push(`${clientId}: ${texts(partitions)}`),
      ...more,
    });
    made.subscribe(["t"]);
    return made;
  };
  return { ...world, member, revoked, assigned, texts };
}

describe("LocalMember", () => {
  it("joins with the first poll, and goes on with what it has with the next", async () => {
    const { member, assigned, texts } = await make();
    const one = member("a");
    expect([one.memberId, one.generation, one.assignment]).toEqual(["", -1, []]);
    expect(texts(await one.poll())).toBe("t-0 t-1 t-2 t-3");
    expect(texts(await one.poll())).toBe("t-0 t-1 t-2 t-3");
    expect(assigned).toEqual(["a: t-0 t-1 t-2 t-3"]);
    expect(one.generation).toBe(1);
  });

  it("keeps what it has until it polls, and may commit then for the last time", async () => {
    const { groups, member, revoked, texts } = await make();
    const one = member("a", {
      async onRevoke(partitions) {
        revoked.push(texts(partitions));
        await one.commit([{ topic: "t", partition: 3, offset: 33 }]);
      },
    });
    await one.poll();
    const other = member("b");
    const polling = other.poll();
    await settled();
    expect(texts(one.assignment)).toBe("t-0 t-1 t-2 t-3");
    expect(revoked).toEqual([]);
    expect(texts(await one.poll())).toBe("t-0 t-1");
    expect(texts(await polling)).toBe("t-2 t-3");
    expect(revoked).toEqual(["t-0 t-1 t-2 t-3"]);
    expect((await groups.committed("g")).map(({ offset }) => offset)).toEqual([33]);
  });

  it("learns in its sleep that it should poll", async () => {
    const { member } = await make();
    const one = member("a");
    await one.poll();
    let disturbed = false;
    const sleeping = one.disturbed(5_000).then(() => {
      disturbed = true;
    });
    await settled();
    expect(disturbed).toBe(false);
    const polling = member("b").poll();
    await sleeping;
    expect(disturbed).toBe(true);
    one.heartbeat();
    await one.poll();
    await polling;
  });

  it("is given up without a sign of life, and joins anew; what it had is not revoked then", async () => {
    const { clock, groups, member, revoked, texts } = await make();
    const one = member("a");
    await one.poll();
    const { memberId } = one;
    clock.advance(9_999);
    one.heartbeat();
    clock.advance(9_999);
    expect(groups.members).toBe(1);
    clock.advance(1);
    expect(groups.members).toBe(0);
    await expect(one.commit([{ topic: "t", partition: 0, offset: 1 }])).rejects.toThrow(
      "join anew",
    );
    one.heartbeat();
    expect(texts(await one.poll())).toBe("t-0 t-1 t-2 t-3");
    expect(one.memberId).not.toBe(memberId);
    expect(revoked).toEqual([]);
  });

  it("takes another subscription with the next poll, and none by leaving", async () => {
    const { groups, member, revoked, texts } = await make();
    const one = member("a");
    await one.poll();
    one.subscribe(["u", "t", "u"]);
    expect(one.subscription).toEqual(["u", "t"]);
    expect(texts(await one.poll())).toBe("t-0 t-1 t-2 t-3 u-0");
    one.subscribe([]);
    expect(await one.poll()).toEqual([]);
    expect(revoked).toEqual(["a: t-0 t-1 t-2 t-3", "a: t-0 t-1 t-2 t-3 u-0"]);
    expect(groups.members).toBe(0);
    one.subscribe(["u"]);
    expect(texts(await one.poll())).toBe("u-0");
  });

  it("gives what it had to the others at once when it leaves", async () => {
    const { member, texts } = await make();
    const [one, other] = [member("a"), member("b")];
    await one.poll();
    const polling = other.poll();
    await settled();
    await one.poll();
    await polling;
    one.leave();
    one.leave();
    expect([one.memberId, one.assignment]).toEqual(["", []]);
    expect(texts(await other.poll())).toBe("t-0 t-1 t-2 t-3");
  });

  it("comes back to a rebalance that it did not wait for", async () => {
    const { clock, member, texts } = await make();
    const [one, other] = [member("a"), member("b")];
    await one.poll();
    const impatient = other.poll({ waitMs: 100 }).catch((error) => error.code);
    await settled();
    clock.advance(100);
    expect(await impatient).toBe("rebalance_in_progress");
    expect(other.memberId).toMatch(/^b-/);
    const polling = other.poll();
    await settled();
    expect(texts(await one.poll())).toBe("t-0 t-1");
    expect(texts(await polling)).toBe("t-2 t-3");
  });

  it("shares a poll that is under way, and refuses a commit before the first", async () => {
    const { member, assigned } = await make();
    const one = member("a");
    await expect(one.commit([])).rejects.toThrow("has not joined yet");
    const [first, second] = await Promise.all([one.poll(), one.poll()]);
    expect(first).toBe(second);
    expect(assigned.length).toBe(1);
  });

  it("is fenced by another of the same instance", async () => {
    const { member } = await make();
    const one = member("a", { instanceId: "i" });
    await one.poll();
    const other = member("b", { instanceId: "i" });
    expect(await other.poll()).toEqual(one.assignment);
    await expect(one.poll()).rejects.toThrow("another member has taken its place");
  });
});
