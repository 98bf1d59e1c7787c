import { describe, expect, it } from "vitest";
import { SharedPages } from "../../src/egress/shared_pages.ts";
import { HandClock } from "../support/hand_clock.ts";

describe("SharedPages.take()", () => {
  it("makes a page once for all who come meanwhile, and in the turn it is done", async () => {
    const clock = new HandClock({ soon: "by_hand" });
    const pages = new SharedPages<number>(clock);
    let made = 0;
    const make = () => Promise.resolve(++made);
    const [one, other] = [pages.take("k", make), pages.take("k", make)];
    expect(await Promise.all([one, other, pages.take("other", make)])).toEqual([1, 1, 2]);
    expect(await pages.take("k", make)).toBe(1);
    clock.runSoon();
    expect(pages.size).toBe(0);
    expect(await pages.take("k", make)).toBe(3);
  });

  it("fails for all who share it, and is tried again for the next", async () => {
    const clock = new HandClock({ soon: "by_hand" });
    const pages = new SharedPages<string>(clock);
    const broken = () => Promise.reject(new Error("no disk"));
    const both = [pages.take("k", broken), pages.take("k", broken)];
    for (const each of both) await expect(each).rejects.toThrow("no disk");
    clock.runSoon();
    expect(await pages.take("k", () => Promise.resolve("page"))).toBe("page");
  });
});
