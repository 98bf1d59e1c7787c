import { describe, expect, it } from "vitest";
import { TAIL_FEED_LAG_RECORDS_MAX } from "../../../src/base/tail_limits.ts";
import type { FeedReader } from "../../../src/egress/tail/tail_feed.ts";
import { placeAt } from "../../../src/egress/tail/tail_place.ts";
import { eventsIn, openTailWorld, told } from "../../support/tail_world.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

class Reader implements FeedReader {
  isLive = true;
  woken = 0;
  readonly failures: unknown[] = [];

  wake(): void {
    this.woken += 1;
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}

describe("TailFeed", () => {
  it("reads once for all who wait, and only while somebody does", async () => {
    const { feed, put, topic, store } = await openTailWorld();
    const tail = feed();
    const readers = [new Reader(), new Reader(), new Reader()];
    for (const reader of readers) tail.join(reader);
    const log = topic.partitions[0]!;
    let reads = 0;
    const read = log.read.bind(log);
    log.read = (...args) => {
      reads += 1;
      return read(...args);
    };
    store.commits.observe(() => tail.advance());
    await put(0, "nobody waits");
    await settled();
    expect(reads).toBe(0);
    for (const reader of readers) tail.wait(reader);
    await settled();
    expect(reads).toBe(1);
    expect(readers.map(({ woken }) => woken)).toEqual([1, 1, 1]);
    expect(told(eventsIn([tail.ring.at(0)!]))).toEqual(["nobody waits"]);
    expect(tail.place).toEqual(placeAt({ topic, partition: null }, "latest"));
  });

  it("goes to the end for one who comes from there, rather than let him wait for the slow", async () => {
    const { feed, put } = await openTailWorld();
    const tail = feed();
    const slow = new Reader();
    tail.join(slow);
    const values = Array.from({ length: TAIL_FEED_LAG_RECORDS_MAX + 1 }, () => "v");
    await put(0, ...values.slice(0, -1));
    const before = tail.place;
    tail.join(new Reader());
    expect(tail.place).toBe(before);
    await put(0, values[0]!);
    tail.join(new Reader());
    expect(tail.place[0]!.offset).toBe(values.length);
  });

  it("goes to the end where nobody was live", async () => {
    const { feed, put } = await openTailWorld();
    const tail = feed();
    const behind = new Reader();
    behind.isLive = false;
    tail.join(behind);
    await put(0, "a");
    const next = new Reader();
    next.isLive = false;
    tail.join(next);
    expect(tail.place[0]!.offset).toBe(1);
  });

  it("tells those who wait that it cannot be read, and tries again for the next", async () => {
    const { feed, put, topic } = await openTailWorld();
    const tail = feed();
    const reader = new Reader();
    tail.join(reader);
    const log = topic.partitions[0]!;
    const read = log.read.bind(log);
    log.read = () => Promise.reject(new Error("the disk is gone"));
    await put(0, "a");
    tail.wait(reader);
    await settled();
    expect(reader.failures).toEqual([new Error("the disk is gone")]);
    log.read = read;
    tail.wait(reader);
    await settled();
    expect(reader.woken).toBe(1);
  });

  it("reads for one who is not here yet, and no further than here", async () => {
    const { feed, put, scope } = await openTailWorld();
    await put(0, "a", "b");
    const earliest = placeAt(scope, "earliest");
    const tail = feed();
    await put(0, "not yet");
    const { pieces, place } = await tail.readFor(earliest, { turn: 0 });
    expect(told(eventsIn(pieces))).toEqual(["a", "b"]);
    expect(place).toEqual(tail.place);
  });

  it("keeps nothing once its last reader has gone", async () => {
    const { feed, put, budget } = await openTailWorld();
    const tail = feed();
    const reader = new Reader();
    tail.join(reader);
    await put(0, "a");
    tail.wait(reader);
    await settled();
    expect(budget.bytes).toBeGreaterThan(0);
    tail.leave(reader);
    expect(budget.bytes).toBe(0);
  });
});
