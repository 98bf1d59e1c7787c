/** The pace of a link: how it yields, how far, and that it comes back. */
import { describe, expect, it } from "vitest";
import { PACE, Pace } from "../../src/replication/pace.ts";

const MINUTES = 60_000;
const stateOf = ({ requestBytes, inFlightMax, timeoutMs }: Pace) => ({
  requestBytes,
  inFlightMax,
  timeoutMs,
});

describe("Pace", () => {
  it("yields to a link that times out, down to a floor that any link can carry", () => {
    const pace = new Pace();
    pace.timedOut();
    expect(stateOf(pace)).toEqual({
      requestBytes: PACE.requestBytes / 2,
      inFlightMax: 1,
      timeoutMs: PACE.timeoutMs * 2,
    });
    for (let times = 0; times < 50; times++) pace.timedOut();
    expect(stateOf(pace)).toEqual({
      requestBytes: 16 * 1024,
      inFlightMax: 1,
      timeoutMs: 10 * MINUTES,
    });
  });

  it("comes back to full size when answers are quick again", () => {
    const pace = new Pace();
    for (let times = 0; times < 50; times++) pace.timedOut();
    for (let times = 0; times < 20; times++) pace.answered(5);
    expect(stateOf(pace)).toEqual(stateOf(new Pace()));
  });

  it("stays where it is while answers take their time", () => {
    const pace = new Pace();
    pace.timedOut();
    const before = stateOf(pace);
    pace.answered(pace.timeoutMs / 2);
    expect(stateOf(pace)).toEqual(before);
  });

  it("shrinks requests only, when the receiver finds them too large", () => {
    const pace = new Pace();
    pace.tooLarge();
    expect(stateOf(pace)).toEqual({ ...stateOf(new Pace()), requestBytes: PACE.requestBytes / 2 });
  });
});
