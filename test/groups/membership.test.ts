import { expect, it } from "vitest";
import { Membership } from "../../src/groups/membership.ts";
import { seededRandom } from "../support/dice.ts";
import { joinRequest } from "../support/group_world.ts";
import { HandClock } from "../support/hand_clock.ts";

function make(membersMax = 3) {
  const clock = new HandClock();
  const lost: string[] = [];
  let bytes = 0;
  let pendingLost = 0;
  const members = new Membership({
    ...{ name: "g", time: clock, random: seededRandom(1), membersMax },
    grew: (more) => void (bytes += more),
    lost: ({ id }) => lost.push(id),
    pendingLost: () => pendingLost++,
  });
  return { clock, members, lost, bytes: () => bytes, pendingLost: () => pendingLost };
}

it("add() draws an id nobody can guess, and the first member leads", () => {
  const { members } = make();
  const first = members.add(joinRequest());
  const second = members.add(joinRequest({ clientId: "d" }));
  expect(first.id).toMatch(/^c-[0-9a-f]{32}$/);
  expect(second.id).toMatch(/^d-[0-9a-f]{32}$/);
  expect(members.leaderId).toBe(first.id);
  members.remove(first, new Error("over"));
  expect(members.leaderId).toBe(second.id);
  members.remove(second, new Error("over"));
  expect([members.leaderId, members.size]).toEqual([null, 0]);
});

it("counts those that were given an id as members, until nobody comes back with it", () => {
  const { clock, members, pendingLost } = make(1);
  expect(() => members.add(joinRequest({ memberIdRequired: true }))).toThrow("join again as");
  expect(members.pending).toBe(1);
  expect(() => members.add(joinRequest())).toThrow("the limit");
  clock.advance(10_000);
  expect([members.pending, pendingLost()]).toEqual([0, 1]);
});

it("replace() hands on assignment and lead, and counts bytes once", () => {
  const { members, bytes } = make();
  const old = members.add(joinRequest({ instanceId: "i" }));
  members.add(joinRequest());
  members.assign(old, new Uint8Array(10));
  const before = bytes();
  const request = joinRequest({ instanceId: "i" });
  expect(members.predecessorOf(request)).toBe(old);
  const member = members.replace(old, request);
  expect(member.assignment.length).toBe(10);
  expect(members.leaderId).toBe(member.id);
  expect(bytes()).toBe(before);
  expect(() => members.find(old.id, "i")).toThrow("another member has taken its place");
  expect(members.find(member.id, "i")).toBe(member);
  expect(members.leaving("", "i")).toBe(member);
});

it("find() knows a member by its id, with its own instance or without", () => {
  const { members } = make();
  const plain = members.add(joinRequest());
  expect(members.find(plain.id, undefined)).toBe(plain);
  expect(() => members.find(plain.id, "x")).toThrow("was given up, or never joined");
  expect(() => members.find("", undefined)).toThrow("was given up, or never joined");
});

it("close() ends all of it", () => {
  const { clock, members, bytes } = make();
  members.add(joinRequest()).heard();
  expect(() => members.add(joinRequest({ memberIdRequired: true }))).toThrow("join again");
  members.close(new Error("over"));
  expect([members.size, members.pending, bytes(), clock.timersWaiting]).toEqual([0, 0, 0, 0]);
});
