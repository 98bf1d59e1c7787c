import { describe, expect, it } from "vitest";
import type { Timers } from "../../src/base/clock.ts";
import { Admission, AdmissionGate } from "../../src/ingress/admission.ts";

/** Timers whose `soon` tasks run when told to. */
function handTimers(): { timers: Timers; turn: () => void } {
  const tasks: (() => void)[] = [];
  return {
    timers: { after: () => () => {}, soon: (task) => void tasks.push(task) },
    turn: () => tasks.splice(0).forEach((task) => task()),
  };
}

function fixture(bytesMax: number, bytesPerSourceMax: number) {
  const { timers, turn } = handTimers();
  return { turn, admission: new Admission({ timers, bytesMax, bytesPerSourceMax }) };
}

describe("Admission", () => {
  it("stops a source at its own share, and wakes it when bytes left", () => {
    const { admission, turn } = fixture(1000, 100);
    let woken = 0;
    const source = admission.source(() => woken++);
    source.enter(100);
    expect(source.mayEnter()).toBe(false);
    source.leave(1);
    expect(woken, "not in the middle of a commit").toBe(0);
    turn();
    expect(woken).toBe(1);
    expect(source.mayEnter()).toBe(true);
  });

  it("stops every source when the node is full, and wakes them in the order they came", () => {
    const { admission, turn } = fixture(100, 100);
    const order: string[] = [];
    const full = admission.source(() => {});
    full.enter(100);
    const sources = ["a", "b", "c"].map((name) => {
      const source = admission.source(() => {
        order.push(name);
        source.enter(60);
      });
      return source;
    });
    for (const source of sources) expect(source.mayEnter()).toBe(false);
    full.leave(100);
    turn();
    expect(order, "a and b fill the node again").toEqual(["a", "b"]);
    sources[0]!.leave(60);
    turn();
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("lets a source that waits again stand behind the others", () => {
    const { admission, turn } = fixture(100, 100);
    const order: string[] = [];
    const full = admission.source(() => {});
    full.enter(100);
    const greedy = admission.source(() => {
      order.push("greedy");
      greedy.enter(100);
      greedy.mayEnter();
    });
    const modest = admission.source(() => order.push("modest"));
    greedy.mayEnter();
    modest.mayEnter();
    full.leave(100);
    turn();
    greedy.leave(100);
    turn();
    expect(order).toEqual(["greedy", "modest", "greedy"]);
  });

  it("gives back what a closed source held, and never wakes it", () => {
    const { admission, turn } = fixture(100, 100);
    let woken = 0;
    const gone = admission.source(() => woken++);
    gone.enter(100);
    gone.mayEnter();
    gone.close();
    turn();
    expect(admission.bytes).toBe(0);
    expect(woken).toBe(0);
  });
});

describe("AdmissionGate.entered()", () => {
  it("resolves at once when there is room, and later when there is none", async () => {
    const { admission, turn } = fixture(100, 100);
    const first = new AdmissionGate(admission);
    await first.entered(100);
    const second = new AdmissionGate(admission);
    let entered = false;
    const waiting = second.entered(10).then(() => entered = true);
    await Promise.resolve();
    expect(entered).toBe(false);
    first.close();
    turn();
    await waiting;
    expect(admission.bytes).toBe(10);
  });
});
