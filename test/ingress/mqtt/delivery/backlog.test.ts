import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { MQTT_BEHIND_READS_MAX, MQTT_BEHIND_RETRY_MS } from "../../../../src/base/mqtt_limits.ts";
import { Backlog, type Behind } from "../../../../src/ingress/mqtt/delivery/backlog.ts";
import { HandClock } from "../../../support/hand_clock.ts";
import { settle } from "../../../support/mqtt_fixture.ts";

class Reader implements Behind {
  steps = 0;
  constructor(readonly order: Reader[], readonly until: number) {}
  step(): Promise<boolean> {
    this.order.push(this);
    return Promise.resolve(++this.steps < this.until);
  }
}

function started() {
  const clock = new HandClock();
  const failed: Error[] = [];
  const backlog = new Backlog({ timers: clock, failed: (error) => failed.push(error) });
  return { backlog, clock, failed };
}

describe("Backlog", () => {
  it("gives each a turn before one has two", async () => {
    const { backlog } = started();
    const order: Reader[] = [];
    const readers = [3, 1, 2].map((until) => new Reader(order, until));
    for (const reader of readers) backlog.add(reader);
    await settle();
    const [a, b, c] = readers as [Reader, Reader, Reader];
    expect(order.map((reader) => readers.indexOf(reader)))
      .toEqual([a, b, c, a, c, a].map((reader) => readers.indexOf(reader)));
    expect(backlog.waiting).toBe(0);
  });

  it("has a few read at the same time, and no more", async () => {
    const { backlog } = started();
    const held: (() => void)[] = [];
    for (let nth = 0; nth < 2 * MQTT_BEHIND_READS_MAX; nth++) {
      backlog.add({
        step: () => new Promise((resolve) => held.push(() => resolve(false))),
      });
    }
    await settle();
    expect(held).toHaveLength(MQTT_BEHIND_READS_MAX);
    held[0]!();
    await settle();
    expect(held).toHaveLength(MQTT_BEHIND_READS_MAX + 1);
  });

  it("gives one that is added in its turn another, and one that is removed none", async () => {
    const { backlog } = started();
    let steps = 0;
    const again: Behind = {
      step: () => {
        if (++steps === 1) backlog.add(again);
        return Promise.resolve(false);
      },
    };
    const order: Reader[] = [];
    const gone = new Reader(order, 1);
    backlog.add(again);
    backlog.add(gone);
    backlog.remove(gone);
    await settle();
    expect([steps, order.length]).toEqual([2, 0]);
  });

  it("tries again later what the disk refused", async () => {
    const { backlog, clock, failed } = started();
    let steps = 0;
    backlog.add({
      step: () => {
        steps += 1;
        if (steps > 1) return Promise.resolve(false);
        return Promise.reject(new OperatingError("storage_full", "Cannot read"));
      },
    });
    await settle();
    expect([steps, failed.length]).toEqual([1, 1]);
    clock.advance(MQTT_BEHIND_RETRY_MS);
    await settle();
    expect(steps).toBe(2);
  });
});
