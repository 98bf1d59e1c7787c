import { expect, it } from "vitest";
import { HOST_CLOCK } from "../../src/host/clock.ts";

it("tells the time of day, and a time that never runs backwards", () => {
  expect(Number.isInteger(HOST_CLOCK.wallMs())).toBe(true);
  const times = Array.from({ length: 1_000 }, () => HOST_CLOCK.monotonicMs());
  expect(times.every((time, at) => at === 0 || time >= times[at - 1]!)).toBe(true);
});
