/** Changes of the budget while the node runs, and after a restart. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { BudgetControl } from "../../../src/replication/budget/budget_control.ts";
import { mergeBudget, NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../../src/replication/budget/link_budget.ts";
import { CONTROL } from "../../../src/replication/budget/link_class.ts";
import type { UsageBook, UsageMarks } from "../../../src/store/link_usage.ts";
import { HandClock } from "../../support/hand_clock.ts";

const CONFIGURED = mergeBudget(NO_BUDGET, { bytes_per_second: 50_000, bytes_per_day: 1_000_000 });

class Meta {
  readonly values = new Map<string, string>();
  failing = false;
  getMeta(key: string): Promise<string | null> {
    return Promise.resolve(this.values.get(key) ?? null);
  }
  setMeta(key: string, value: string): Promise<void> {
    if (this.failing) return Promise.reject(new Error("no room"));
    this.values.set(key, value);
    return Promise.resolve();
  }
}

class Book implements UsageBook {
  marks: UsageMarks | null = null;
  write(marks: UsageMarks): Promise<void> {
    this.marks = marks;
    return Promise.resolve();
  }
}

async function open(catalogue = new Meta(), configured = CONFIGURED, book = new Book()) {
  const clock = new HandClock();
  const budget = new LinkBudget({ clock, timers: clock, settings: configured, book });
  const errors: string[] = [];
  const logger = { ...SILENT_LOGGER, error: (event: string) => void errors.push(event) };
  const control = await BudgetControl.open({ budget, configured, catalogue, logger });
  return { control, budget, catalogue, errors };
}

describe("BudgetControl", () => {
  it("sets what is named over the configuration, and remembers it", async () => {
    const { control, budget, catalogue } = await open();
    await control.put({ bytes_per_second: 2_000 });
    await control.put({ bytes_per_day: null, time_zone: "Asia/Tokyo" });
    const expected = { ...CONFIGURED, bytesPerSecond: 2_000, bytesPerDay: null };
    expect(budget.settings).toEqual({ ...expected, timeZone: "Asia/Tokyo" });
    expect(control.changedKeys).toEqual(["bytes_per_second", "bytes_per_day", "time_zone"]);
    const again = await open(catalogue);
    expect(again.budget.settings).toEqual(budget.settings);
  });

  it("follows the configuration where nothing else was said", async () => {
    const { control, catalogue } = await open();
    await control.put({ bytes_per_second: 2_000 });
    const { budget } = await open(catalogue, { ...CONFIGURED, bytesPerDay: 9_000_000 });
    expect(budget.settings).toMatchObject({ bytesPerSecond: 2_000, bytesPerDay: 9_000_000 });
  });

  it("keeps what was used before a quota was set, should nothing be sent until a kill", async () => {
    const catalogue = new Meta();
    const book = new Book();
    const { control, budget } = await open(catalogue, NO_BUDGET, book);
    const size = { headBytes: 200, bodyBytes: 300_000, answerBytes: 100 };
    (await budget.begin(CONTROL, size)).end(100);
    const used = budget.status().used.day;
    expect(used).toBe(300_300);
    await control.put({ bytes_per_day: 500_000 });
    // Killed: nothing is closed.
    const after = await open(catalogue, NO_BUDGET, book);
    expect(after.budget.status().used.day).toBeGreaterThanOrEqual(used);
  });

  it("returns to the configuration", async () => {
    const { control, budget, catalogue } = await open();
    await control.put({ bytes_per_second: 2_000 });
    await control.reset();
    expect(budget.settings).toEqual(CONFIGURED);
    expect(control.changedKeys).toEqual([]);
    expect((await open(catalogue)).budget.settings).toEqual(CONFIGURED);
  });

  it("changes nothing that does not fit, or cannot be remembered", async () => {
    const { control, budget, catalogue } = await open();
    await expect(control.put({ bytes_per_second: -1 })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    catalogue.failing = true;
    await expect(control.put({ bytes_per_second: 2_000 })).rejects.toThrow("no room");
    expect(budget.settings).toEqual(CONFIGURED);
    catalogue.failing = false;
    await control.put({ bytes_per_second: 3_000 });
    expect(budget.settings.bytesPerSecond).toBe(3_000);
  });

  it("takes changes at the same time one after the other", async () => {
    const { control } = await open();
    await Promise.all([
      control.put({ bytes_per_second: 2_000 }),
      control.put({ bytes_per_month: 5_000_000 }),
    ]);
    expect(control.changedKeys).toEqual(["bytes_per_second", "bytes_per_month"]);
  });

  it("goes by the configuration, and says so, where what it remembers makes no sense", async () => {
    for (const text of ["{", '{"speed": 1}', "7"]) {
      const catalogue = new Meta();
      catalogue.values.set("link_budget", text);
      const { budget, errors } = await open(catalogue);
      expect(budget.settings).toEqual(CONFIGURED);
      expect(errors).toEqual(["link_budget_not_read"]);
    }
  });
});
