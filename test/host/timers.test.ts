import { describe, expect, it } from "vitest";
import { HOST_TIMERS } from "../../src/host/timers.ts";

describe("HOST_TIMERS", () => {
  it("runs soon() after what is queued, and before a timer", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      HOST_TIMERS.after(50, () => {
        order.push("after");
        resolve();
      });
      HOST_TIMERS.soon(() => order.push("soon"));
      queueMicrotask(() => order.push("microtask"));
    });
    expect(order).toEqual(["microtask", "soon", "after"]);
  });

  it("forgets what was cancelled", async () => {
    let ran = false;
    HOST_TIMERS.after(1, () => ran = true)();
    await new Promise<void>((resolve) => HOST_TIMERS.after(20, resolve));
    expect(ran).toBe(false);
  });

  it("does not fire at once when the delay is longer than a timeout can hold", async () => {
    let ran = false;
    const cancel = HOST_TIMERS.after(2 ** 40, () => ran = true);
    await new Promise<void>((resolve) => HOST_TIMERS.after(20, resolve));
    cancel();
    expect(ran).toBe(false);
  });
});
