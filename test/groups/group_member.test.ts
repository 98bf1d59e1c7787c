import { expect, it } from "vitest";
import { GroupMember, protocolBytes, sameProtocols } from "../../src/groups/group_member.ts";
import { Parked } from "../../src/groups/parked.ts";
import { joinRequest } from "../support/group_world.ts";
import { HandClock } from "../support/hand_clock.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

function make() {
  const clock = new HandClock();
  let lost = 0;
  const member = new GroupMember("m", joinRequest(), clock, () => lost++);
  return { clock, member, lost: () => lost };
}

it("heard() puts its end off, and does not begin its session while it waits for us", () => {
  const { clock, member, lost } = make();
  member.heard();
  clock.advance(9_999);
  member.heard();
  clock.advance(9_999);
  expect(lost()).toBe(0);
  clock.advance(1);
  expect(lost()).toBe(1);
  const never = () => new Error("never");
  member.joining = new Parked({ timers: clock, gone: never, late: never });
  member.heard();
  expect(member.session.isSet).toBe(false);
});

it("update() tells whether the others have to hear of it", () => {
  const { member } = make();
  expect(member.update(joinRequest({ sessionTimeoutMs: 6_000 }))).toBe(false);
  expect(member.sessionTimeoutMs).toBe(6_000);
  const protocols = [{ name: "range", metadata: bytes(9) }];
  expect(member.update(joinRequest({ protocols }))).toBe(true);
  expect(member.metadataOf("range")).toEqual(bytes(9));
  expect(member.metadataOf("other")).toEqual(bytes());
  expect([member.supports("range"), member.supports("other")]).toEqual([true, false]);
});

it("end() ends all it waits for", async () => {
  const { clock, member } = make();
  const never = () => new Error("never");
  member.heard();
  member.joining = new Parked({ timers: clock, gone: never, late: never });
  member.syncing = new Parked({ timers: clock, gone: never, late: never });
  const answers = [member.joining.answer, member.syncing.answer];
  member.end(new Error("over"));
  for (const answer of answers) await expect(answer).rejects.toThrow("over");
  expect(clock.timersWaiting).toBe(0);
});

it("sameProtocols() compares names, order and bytes; protocolBytes() counts them", () => {
  const a = { name: "a", metadata: bytes(1, 2) };
  const b = { name: "b", metadata: bytes() };
  expect(sameProtocols([a, b], [{ ...a, metadata: bytes(1, 2) }, b])).toBe(true);
  expect(sameProtocols([a, b], [b, a])).toBe(false);
  expect(sameProtocols([a], [a, b])).toBe(false);
  expect(sameProtocols([a], [{ ...a, metadata: bytes(1, 3) }])).toBe(false);
  expect(protocolBytes([a, b])).toBe(4);
});
