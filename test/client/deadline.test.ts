import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/client/deadline.ts";
import { handEnvironment } from "../support/client_world.ts";

describe("Deadline", () => {
  it("aborts when its time is over, and not before", async () => {
    const environment = handEnvironment();
    const deadline = new Deadline(environment);
    deadline.within(100);
    await environment.pass(99);
    expect(deadline.signal.aborted).toBe(false);
    await environment.pass(1);
    expect(deadline.signal.reason).toMatchObject({ code: "timed_out", retriable: true });
    expect(deadline.passed).toBe(true);
  });

  it("within() starts anew, rest() stands still", async () => {
    const environment = handEnvironment();
    const deadline = new Deadline(environment);
    deadline.within(100);
    await environment.pass(90);
    deadline.within(100);
    await environment.pass(90);
    deadline.rest();
    await environment.pass(1_000);
    expect(deadline.signal.aborted).toBe(false);
  });

  it("aborts with the outer signal, at once where that has", () => {
    const outer = new AbortController();
    const deadline = new Deadline(handEnvironment(), outer.signal);
    outer.abort("enough");
    expect(deadline.signal.reason).toBe("enough");
    expect(deadline.passed).toBe(false);
    expect(new Deadline(handEnvironment(), outer.signal).signal.reason).toBe("enough");
  });

  it("end() lets go of both", async () => {
    const environment = handEnvironment();
    const outer = new AbortController();
    const deadline = new Deadline(environment, outer.signal);
    deadline.within(100);
    deadline.end();
    outer.abort();
    await environment.pass(1_000);
    expect(deadline.signal.aborted).toBe(false);
  });
});
