/**
 * The order of source, case by case. Whether readers meet every record once, whatever arrives in
 * whatever order and wherever a crash comes: test/sim/source_order.test.ts.
 */
import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import { type OrderedLog, SourceOrder } from "../../src/store/source_order.ts";

const target = { topic: "logs", partition: 0 };

function logOf(logId: string, firstOffset = 0): OrderedLog {
  return { logId, firstOffset, target, committed: new RangeSet(firstOffset), order: null };
}

/** A chain of two logs: B begins where A ends, at 10. */
function chain() {
  const [a, b] = [logOf("a"), logOf("b", 10)];
  const order = new SourceOrder({
    before: (log) => log === b ? { log: a, end: 10 } : null,
    after: (log) => log === a ? [b] : [],
  });
  const reading = order.reading("logs", 0);
  const spliced = (at: number) =>
    reading.at(at).map(({ logId, from, to, localStart }) => [logId, from, to, localStart]);
  return { a, b, order, reading, spliced };
}

describe("SourceOrder", () => {
  it("keeps nothing of a log that comes in order", () => {
    const { a, order, reading } = chain();
    order.receive(a, { from: 0, to: 4 }, 0);
    order.skip(a, { from: 4, to: 5 }, order.isLate(a, { from: 4, to: 5 }));
    order.receive(a, { from: 5, to: 8 }, 4);
    expect(a.order).toBeNull();
    expect([order.size, reading.aside("a", 5), reading.next(0)]).toEqual([0, false, Infinity]);
  });

  it("splices a run in where what was missing below it had come", () => {
    const { a, order, reading, spliced } = chain();
    order.receive(a, { from: 0, to: 2 }, 0);
    order.receive(a, { from: 6, to: 7 }, 2);
    order.receive(a, { from: 2, to: 4 }, 3);
    order.receive(a, { from: 7, to: 8 }, 5);
    expect([reading.aside("a", 6), reading.aside("a", 2)]).toEqual([true, false]);
    order.receive(a, { from: 4, to: 6 }, 6);
    expect(spliced(8)).toEqual([["a", 6, 8, 2]]);
    expect([reading.next(0), reading.next(8)]).toEqual([8, Infinity]);
    expect(reading.aside("a", 7)).toBe(true);
    order.receive(a, { from: 8, to: 9 }, 8);
    expect(reading.aside("a", 8)).toBe(false);
  });

  it("lets a successor in once its predecessor is whole", () => {
    const { a, b, order, spliced } = chain();
    order.receive(b, { from: 10, to: 12 }, 0);
    order.receive(a, { from: 0, to: 6 }, 2);
    expect(b.order?.runs).toEqual([{ from: 10, to: 12, localStart: 0 }]);
    order.receive(a, { from: 6, to: 10 }, 8);
    expect(spliced(12)).toEqual([["b", 10, 12, 0]]);
    expect(b.order?.done).toBe(12);
  });

  it("counts a skip that lets something through from the next checkpoint on", () => {
    const { a, b, order, reading, spliced } = chain();
    order.receive(a, { from: 0, to: 4 }, 0);
    order.receive(a, { from: 6, to: 8 }, 4);
    order.receive(b, { from: 10, to: 11 }, 6);
    expect(order.isLate(a, { from: 4, to: 6 })).toBe(true);
    order.skip(a, { from: 4, to: 6 }, true);
    expect(order.isLate(a, { from: 8, to: 10 }), "nothing, while the other waits").toBe(false);
    order.skip(a, { from: 8, to: 10 }, false);
    expect([a.committed.watermark, a.order?.done]).toEqual([10, 4]);
    let woken = 0;
    order.onCaptured(() => woken++);
    order.capture(() => ({ logStartOffset: 0, highWatermark: 7 }));
    // Not before it is durable.
    expect([spliced(7), reading.end(9)]).toEqual([[], 7]);
    order.captured();
    expect([spliced(7), reading.end(9), woken]).toEqual([
      [["a", 6, 8, 4], ["b", 10, 11, 6]],
      9,
      1,
    ]);
  });

  it("waits for what lies elsewhere, though its lane goes on", () => {
    const { a, order, spliced } = chain();
    order.receive(a, { from: 0, to: 2 }, 0);
    a.committed.addOpen(2, 5, { by: "peer" });
    order.receive(a, { from: 5, to: 8 }, 2);
    expect([a.committed.watermark, a.order?.done]).toEqual([8, 2]);
    order.receive(a, { from: 2, to: 5 }, 5);
    expect(spliced(8)).toEqual([["a", 5, 8, 2]]);
  });

  it("makes one run of what only skipped offsets part", () => {
    const { a, order } = chain();
    order.receive(a, { from: 4, to: 5 }, 0);
    order.skip(a, { from: 5, to: 6 }, false);
    order.receive(a, { from: 6, to: 7 }, 1);
    order.receive(a, { from: 8, to: 9 }, 2);
    expect(a.order?.runs).toEqual([
      { from: 4, to: 7, localStart: 0 },
      { from: 8, to: 9, localStart: 2 },
    ]);
  });

  it("forgets splices that nobody can come to, and then the log", () => {
    const { a, order, spliced } = chain();
    order.receive(a, { from: 2, to: 4 }, 0);
    order.receive(a, { from: 0, to: 2 }, 2);
    order.capture(() => ({ logStartOffset: 4, highWatermark: 4 }));
    expect(spliced(4).length).toBe(1);
    expect(order.capture(() => ({ logStartOffset: 5, highWatermark: 5 }))).toEqual([a]);
    expect([spliced(4), a.order, order.size]).toEqual([[], null, 0]);
  });

  it("goes on from what a checkpoint held", () => {
    const { a, order } = chain();
    order.receive(a, { from: 2, to: 4 }, 0);
    const { a: again, order: later, spliced } = chain();
    again.committed.add(2, 4);
    later.load(again, { ...a.order!, late: [] });
    later.receive(again, { from: 0, to: 2 }, 2);
    expect(spliced(4)).toEqual([["a", 2, 4, 0]]);
  });

  it("comes to an end where logs claim to follow one another in a circle", () => {
    for (const size of [1, 2, 3]) {
      const logs = Array.from({ length: size }, (_, at) => logOf(`${at}`));
      const at = (log: OrderedLog, step: number) => logs[(logs.indexOf(log) + step + size) % size]!;
      const order = new SourceOrder({
        before: (log) => ({ log: at(log, -1), end: 0 }),
        after: (log) => [at(log, 1)],
      });
      order.receive(logs[0]!, { from: 5, to: 8 }, 0);
      order.receive(logs[0]!, { from: 0, to: 5 }, 3);
      expect(logs[0]!.order).toMatchObject({ done: 8, runs: [] });
    }
  });

  it("looks behind runs without records", () => {
    const [a, empty, c] = [logOf("a"), logOf("e", 10), logOf("c", 10)];
    const order = new SourceOrder({
      before: (log) =>
        log === c ? { log: empty, end: 10 } : log === empty ? { log: a, end: 10 } : null,
      after: (log) => log === a ? [empty] : log === empty ? [c] : [],
    });
    order.receive(c, { from: 10, to: 12 }, 0);
    expect(c.order?.runs.length).toBe(1);
    order.receive(a, { from: 0, to: 10 }, 2);
    expect(order.reading("logs", 0).at(12).map(({ logId }) => logId)).toEqual(["c"]);
  });
});
