/** Cap, quota, schedule and classes behind one face. Time is wound by hand. */
import { describe, expect, it } from "vitest";
import { mergeBudget, NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../../src/replication/budget/link_budget.ts";
import { CONTROL, type LinkClass } from "../../../src/replication/budget/link_class.ts";
import { diceOf } from "../../support/dice.ts";
import { HandClock } from "../../support/hand_clock.ts";

const MONDAY = Date.parse("2026-11-23T00:00:00Z");
const HOUR_MS = 3_600_000;
const LIVE: LinkClass = { kind: "live", priority: 5 };
const BACKLOG: LinkClass = { kind: "backlog", priority: 5 };
const SMALL = { headBytes: 300, bodyBytes: 200, answerBytes: 500 };

function budgetOf(given: unknown, wallMs = MONDAY) {
  const clock = new HandClock({ wallMs });
  const settings = mergeBudget(NO_BUDGET, given);
  return { clock, budget: new LinkBudget({ clock, timers: clock, settings }) };
}

describe("LinkBudget", () => {
  it("lets everything go at once, and counts it, where nothing is set", async () => {
    const { budget, clock } = budgetOf({});
    expect(budget.blocked()).toBeNull();
    expect(budget.requestBytesMax).toBe(Infinity);
    expect(budget.wrapNeeds).toEqual({ bytesPerSecond: Infinity, quota: false });
    for (let count = 0; count < 100; count++) {
      expect(budget.waitMs(LIVE)).toBe(0);
      const passage = await budget.begin(LIVE, {
        headBytes: 300,
        bodyBytes: 1e6,
        answerBytes: 500,
      });
      expect(passage.paced).toBe(false);
      passage.end(400);
    }
    expect(clock.timersWaiting).toBe(0);
    expect(budget.status().used).toEqual({ day: 100 * 1_000_700, month: 100 * 1_000_700 });
  });

  it("lets no request begin outside its windows, and says when the next opens", async () => {
    const { budget, clock } = budgetOf({ windows: [{ from: "02:00", to: "03:00" }] });
    expect(budget.blocked()).toMatchObject({ reason: "schedule", untilMs: MONDAY + 2 * HOUR_MS });
    await expect(budget.begin(CONTROL, SMALL)).rejects.toThrow("outside the link's windows");
    // Looked at again before that: clocks are set, and put on and back.
    expect(budget.blocked()!.waitMs).toBe(HOUR_MS / 4);
    clock.advance(2 * HOUR_MS);
    expect(budget.blocked()).toBeNull();
    expect(budget.status()).toMatchObject({
      scheduleOpen: true,
      scheduleChangesAtMs: MONDAY + 3 * HOUR_MS,
    });
  });

  it("stops at the quota, until the day is over", async () => {
    const { budget, clock } = budgetOf({ bytes_per_day: 100_000 });
    let sent = 0;
    while (budget.blocked() === null) {
      const passage = await budget.begin(LIVE, SMALL);
      sent += passage.sentBytes + 500;
      passage.end(500);
    }
    expect(sent).toBeGreaterThan(95_000);
    expect(sent).toBeLessThanOrEqual(100_000);
    expect(budget.blocked()).toMatchObject({
      reason: "day_quota",
      untilMs: MONDAY + 24 * HOUR_MS,
    });
    await expect(budget.begin(LIVE, { ...SMALL, bodyBytes: 50_000 })).rejects.toMatchObject({
      code: "quota_exceeded",
    });
    clock.advance(24 * HOUR_MS);
    expect(budget.blocked()).toBeNull();
  });

  it("does not try again what does not fit, and says never where it cannot", async () => {
    const { budget } = budgetOf({ bytes_per_day: 100_000 });
    (await budget.begin(LIVE, { ...SMALL, bodyBytes: 60_000 })).end(500);
    // One batch that nobody divides, however small a request is asked for.
    const tryAll = async (bodyBytes: number) => {
      let tries = 0;
      for (; budget.blocked() === null; tries++) {
        const begun = budget.begin(LIVE, { ...SMALL, bodyBytes });
        await expect(begun).rejects.toThrow("quota");
      }
      return tries;
    };
    expect(await tryAll(60_000)).toBeLessThan(8);
    expect(budget.blocked()).toMatchObject({ reason: "day_quota", untilMs: MONDAY + 24 * HOUR_MS });
    budget.change(budget.settings);
    expect(await tryAll(200_000)).toBeLessThan(8);
    expect(budget.blocked()).toMatchObject({ reason: "day_quota", untilMs: null });
    let told = 0;
    budget.observe(() => told++);
    budget.change(mergeBudget(NO_BUDGET, { bytes_per_day: 1_000_000 }));
    expect(told).toBe(1);
    expect(budget.blocked()).toBeNull();
  });

  it("takes nothing from others when what may be left out does not fit", async () => {
    const { budget } = budgetOf({ bytes_per_day: 100_000 });
    const before = budget.requestBytesMax;
    for (let tries = 0; tries < 20; tries++) {
      const repair = { ...SMALL, answerBytes: 2_000_000, dispensable: true };
      await expect(budget.begin(LIVE, repair)).rejects.toThrow("quota");
    }
    expect(budget.blocked()).toBeNull();
    expect(budget.requestBytesMax).toBe(before);
  });

  it("asks for smaller requests when one does not fit what is left", async () => {
    const { budget } = budgetOf({ bytes_per_day: 1_000_000 });
    (await budget.begin(LIVE, { ...SMALL, bodyBytes: 500_000 })).end(500);
    const first = budget.requestBytesMax;
    expect(first).toBeLessThan(250_000);
    await expect(budget.begin(LIVE, { ...SMALL, bodyBytes: 600_000 })).rejects.toThrow("quota");
    expect(budget.blocked()).toBeNull();
    expect(budget.requestBytesMax).toBeLessThan(first * 0.51);
    (await budget.begin(LIVE, { ...SMALL, bodyBytes: budget.requestBytesMax })).end(500);
  });

  it("sends a large body in pieces, and better classes between them", async () => {
    const { budget, clock } = budgetOf({ bytes_per_second: 10_000 });
    const large = { headBytes: 300, bodyBytes: 20_000, answerBytes: 500 };
    const backlog = await budget.begin(BACKLOG, large);
    expect(backlog.paced).toBe(true);
    let left = 20_000;
    const sending = (async () => {
      while (left > 0) left -= await backlog.pace(left);
      backlog.end(500);
    })();
    await settle(clock, 500);
    const startMs = clock.monotonicMs();
    const begun = budget.begin(LIVE, SMALL).then((passage) => {
      passage.end(500);
      return clock.monotonicMs() - startMs;
    });
    await settle(clock, 3_000);
    expect(await begun).toBeLessThan(500);
    await sending;
    expect(left).toBe(0);
  });

  it("asks to build the next request of a class when the last is through", async () => {
    const { budget, clock } = budgetOf({ bytes_per_second: 10_000 });
    const passage = await budget.begin(BACKLOG, { ...SMALL, bodyBytes: 20_000 });
    clock.advance(1_000);
    expect(budget.waitMs(BACKLOG)).toBeGreaterThan(0);
    expect(budget.waitMs(LIVE)).toBe(0);
    expect(budget.requestBytesMax).toBe(40_000);
    passage.end(0);
    expect(budget.waitMs(BACKLOG)).toBe(0);
  });

  it("gives the turn to the best class with data, and now and then to another", async () => {
    const { budget } = budgetOf({});
    const turns = new Map<string, number>();
    for (let turn = 0; turn < 1_000; turn++) {
      const next = budget.next([BACKLOG, LIVE], 1_000)!;
      (await budget.begin(next, { headBytes: 0, bodyBytes: 1_000, answerBytes: 0 })).end(0);
      turns.set(next.kind, (turns.get(next.kind) ?? 0) + 1);
    }
    expect(turns.get("backlog")).toBeGreaterThan(40);
    expect(turns.get("backlog")).toBeLessThan(60);
    expect(budget.next([], 1)).toBeNull();
    expect(budget.next([CONTROL, LIVE], 1_000)).toBe(CONTROL);
  });

  it("takes a change at once, for what is under way too", async () => {
    const { budget } = budgetOf({ bytes_per_second: 1_000 });
    (await budget.begin(LIVE, { headBytes: 200, bodyBytes: 0, answerBytes: 0 })).end(0);
    const waiting = budget.begin(LIVE, { headBytes: 240, bodyBytes: 0, answerBytes: 0 });
    budget.change(NO_BUDGET);
    (await waiting).end(0);
    expect(budget.settings).toEqual(NO_BUDGET);
    budget.change(mergeBudget(NO_BUDGET, { windows: [{ from: "01:00", to: "02:00" }] }));
    expect(budget.blocked()).toMatchObject({ reason: "schedule" });
  });

  it("writes down what was used when it is closed", async () => {
    const clock = new HandClock({ wallMs: MONDAY });
    const written: unknown[] = [];
    const book = {
      marks: null,
      write: (marks: unknown) => Promise.resolve(void written.push(marks)),
    };
    const budget = new LinkBudget({ clock, timers: clock, book });
    (await budget.begin(LIVE, SMALL)).end(500);
    await budget.close();
    expect(written).toEqual([
      { day: "2026-11-23", dayBytes: 1_000, month: "2026-11", monthBytes: 1_000 },
    ]);
  });
});

/** Lets time pass a little at a time, and what waits for it go on. */
async function settle(clock: HandClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(5);
  }
}

describe("LinkBudget under a cap, over a minute of requests without end", () => {
  interface Sent {
    readonly atMs: number;
    readonly bytes: number;
  }

  /** Each class sends requests of random sizes, one after the other; what passed when. */
  async function busyMinute(rate: number, dice: () => number): Promise<Sent[]> {
    const { budget, clock } = budgetOf({ bytes_per_second: rate });
    const sent: Sent[] = [];
    let over = false;
    const note = (bytes: number) => sent.push({ atMs: clock.monotonicMs(), bytes });
    const sendAll = async (linkClass: LinkClass) => {
      while (!over) {
        const waitMs = budget.waitMs(linkClass);
        if (waitMs > 0) {
          await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
          continue;
        }
        const headBytes = 250 + Math.floor(dice() * 300);
        const bodyBytes = Math.floor(100 * (1024 * 1024 / 100) ** dice());
        const passage = await budget.begin(linkClass, { headBytes, bodyBytes, answerBytes: 500 });
        note(passage.sentBytes);
        for (let left = passage.paced ? bodyBytes : 0; left > 0 && !over;) {
          const before = passage.sentBytes;
          left -= await passage.pace(left);
          note(passage.sentBytes - before);
        }
        passage.end(500);
      }
    };
    const senders = [CONTROL, LIVE, BACKLOG].map(sendAll);
    while (clock.monotonicMs() < 60_000) {
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
      clock.advance(1);
    }
    over = true;
    budget.change(NO_BUDGET);
    for (let turn = 0; turn < 50; turn++) {
      clock.advance(1_000);
      await Promise.resolve();
    }
    await Promise.all(senders);
    return sent.filter(({ atMs }) => atMs < 60_000);
  }

  const seeds = Array.from({ length: 10 }, (_, at) => at + 1);

  it.each(seeds)(
    "holds it in each ten seconds, and uses it: seed %i",
    async (seed) => {
      const dice = diceOf(seed);
      const rate = Math.round(2_000 * 25_000 ** dice());
      const sent = await busyMinute(rate, dice);
      let [most, inWindow, first] = [0, 0, 0];
      for (const { atMs, bytes } of sent) {
        inWindow += bytes;
        while (sent[first]!.atMs <= atMs - 10_000) inWindow -= sent[first++]!.bytes;
        most = Math.max(most, inWindow);
      }
      expect(most, `rate ${rate}`).toBeLessThanOrEqual(rate * 10 * 1.05);
      const total = sent.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(total, `rate ${rate}`).toBeGreaterThanOrEqual(rate * 60 * 0.95);
    },
  );
});
