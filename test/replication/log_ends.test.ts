/** Where logs end at their senders: the most that was told, until who told it takes it back. */
import { expect, it } from "vitest";
import { LogEnds } from "../../src/replication/log_ends.ts";

const logId = "00000000000000a1";
const at = (offset: number) => ({ logId, offset });

it("LogEnds are the largest that any path told, whatever overtook it", () => {
  const ends = new LogEnds();
  expect(ends.of(logId)).toBeNull();
  ends.announced("north", at(5));
  ends.told("north", at(20));
  ends.told("north", at(12));
  expect(ends.of(logId)).toBe(20);
  ends.announced("south", at(7));
  expect(ends.of(logId)).toBe(20);
  ends.told("south", at(31));
  ends.told("north", at(30));
  expect(ends.of(logId)).toBe(31);
});

it("LogEnds take the word of who lost what it had", () => {
  const ends = new LogEnds();
  ends.told("north", at(20));
  ends.announced("north", at(12));
  expect(ends.of(logId)).toBe(12);
});
