import { describe, expect, it } from "vitest";
import type { Timers } from "../../src/base/clock.ts";
import {
  CROWD_IN_FLIGHT_BYTES_MAX,
  MODEST_IN_FLIGHT_BYTES,
  MODEST_SEEN_BYTES,
} from "../../src/base/door_limits.ts";
import { Admission, AdmissionGate, type AdmissionSource } from "../../src/ingress/admission.ts";

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

  it("has those who want much share what a commit carries while there is a modest one", () => {
    const { admission, turn } = fixture(Infinity, 2 ** 21);
    const greedy = Array.from({ length: 4 }, () => admission.source(() => {}));
    const modest = admission.source(() => {});
    const fill = (source: AdmissionSource) => {
      while (source.mayEnter()) source.enter(16 * 1024);
      return source.bytes;
    };
    expect(fill(greedy[0]!), "alone").toBe(2 ** 21);
    greedy[0]!.close();
    modest.enter(100);
    expect(fill(greedy[0]!)).toBe(CROWD_IN_FLIGHT_BYTES_MAX);
    expect(fill(greedy[1]!)).toBe(CROWD_IN_FLIGHT_BYTES_MAX / 2);
    fill(greedy[2]!);
    expect(fill(greedy[3]!)).toBe(CROWD_IN_FLIGHT_BYTES_MAX / 4);
    expect(modest.mayEnter(), "it does not wait for them").toBe(true);
    const many = Array.from({ length: 50 }, () => admission.source(() => {}));
    many.forEach(fill);
    modest.enter(100);
    expect(fill(admission.source(() => {})), "each has some").toBe(MODEST_IN_FLIGHT_BYTES);
    turn();
  });

  it("lets a source have all again once modest ones are gone for long", () => {
    const { admission } = fixture(Infinity, 2 ** 20);
    const modest = admission.source(() => {});
    modest.enter(100);
    modest.leave(100);
    const greedy = admission.source(() => {});
    let most = 0;
    for (let taken = 0; taken < 2 * MODEST_SEEN_BYTES; taken += 64 * 1024) {
      if (!greedy.mayEnter()) greedy.leave(greedy.bytes);
      greedy.enter(64 * 1024);
      most = Math.max(most, greedy.bytes);
      if (taken < MODEST_SEEN_BYTES / 2) {
        expect(most).toBeLessThanOrEqual(CROWD_IN_FLIGHT_BYTES_MAX);
      }
    }
    expect(most).toBe(2 ** 20);
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
