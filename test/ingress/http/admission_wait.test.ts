import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../../src/base/errors.ts";
import { Admission } from "../../../src/ingress/admission.ts";
import { waitForRoom } from "../../../src/ingress/http/admission_wait.ts";
import { HandClock } from "../../support/hand_clock.ts";

describe("waitForRoom()", () => {
  it("does not wait while there is room", async () => {
    const clock = new HandClock();
    await waitForRoom(new Admission({ timers: clock, bytesMax: 10 }), clock, 1_000);
    expect(clock.timersWaiting).toBe(0);
  });

  it("waits until there is room, and leaves nothing behind", async () => {
    const clock = new HandClock();
    const admission = new Admission({ timers: clock, bytesMax: 10 });
    const other = admission.source(() => {});
    other.enter(10);
    const waiting = waitForRoom(admission, clock, 1_000);
    other.leave(1);
    await waiting;
    expect(clock.timersWaiting).toBe(0);
    expect(admission.bytes).toBe(9);
  });

  it("gives up in the end, and no longer stands in the queue", async () => {
    const clock = new HandClock();
    const admission = new Admission({ timers: clock, bytesMax: 10 });
    const other = admission.source(() => {});
    other.enter(10);
    const error = waitForRoom(admission, clock, 1_000).then(() => null, (error) => error);
    clock.advance(1_000);
    expect(isOperatingError(await error, "overloaded")).toBe(true);
    other.close();
    expect(admission.bytes).toBe(0);
  });
});
