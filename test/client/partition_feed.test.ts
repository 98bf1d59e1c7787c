import { describe, expect, it } from "vitest";
import { LogboomError } from "../../src/client/logboom_error.ts";
import { PartitionFeed } from "../../src/client/partition_feed.ts";
import type { ReadPage } from "../../src/client/read.ts";
import { handEnvironment } from "../support/client_world.ts";

const never = () => false;

function page(offset: number): ReadPage {
  const position = { offset };
  return {
    contents: { records: [], gaps: [] },
    position,
    positionAfter: () => position,
    atEnd: false,
  };
}

/** A partition whose pages are given out by hand. */
function source(partition: number, answer: (nth: number) => Promise<ReadPage>) {
  let asked = 0;
  return { topic: "logs", partition, pages: { next: () => answer(asked++) }, asked: () => asked };
}

describe("PartitionFeed", () => {
  it("takes turns, and runs ahead by one page each", async () => {
    const stop = new AbortController();
    const sources = [0, 1].map((at) => source(at, (nth) => Promise.resolve(page(nth))));
    const feed = new PartitionFeed({ environment: handEnvironment() }, sources, stop.signal);
    const taken: string[] = [];
    for (let nth = 0; nth < 6; nth++) {
      const { partition, page: { position } } = (await feed.next(never))!;
      taken.push(`${partition}@${(position as { offset: number }).offset}`);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(taken).toEqual(["0@0", "1@0", "0@1", "1@1", "0@2", "1@2"]);
    expect(sources.map(({ asked }) => asked())).toEqual([4, 4]);
    stop.abort();
  });

  it("has four requests under way at the most", async () => {
    const stop = new AbortController();
    let underway = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const sources = Array.from({ length: 9 }, (_, at) =>
      source(at, async () => {
        most = Math.max(most, ++underway);
        await new Promise<void>((resolve) => release.push(resolve));
        underway--;
        return page(0);
      }));
    const feed = new PartitionFeed({ environment: handEnvironment() }, sources, stop.signal);
    const seen = new Set<number>();
    while (seen.size < 9) {
      release.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
      seen.add((await feed.next(never))!.partition);
    }
    expect(most).toBe(4);
    stop.abort();
  });

  it("looks again for a topic that went away", async () => {
    const environment = handEnvironment();
    const stop = new AbortController();
    const gone = source(
      0,
      (nth) =>
        nth < 3
          ? Promise.reject(new LogboomError("unknown_topic", "Cannot find it"))
          : Promise.resolve(page(7)),
    );
    const feed = new PartitionFeed({ environment }, [gone], stop.signal);
    const next = feed.next(never);
    await environment.pass(3_000);
    expect((await next)!.page.position).toEqual({ offset: 7 });
    stop.abort();
  });

  it("throws what cannot be helped", async () => {
    const diverged = new LogboomError("log_diverged", "It is another one");
    const feed = new PartitionFeed(
      { environment: handEnvironment() },
      [source(0, () => Promise.reject(diverged))],
      new AbortController().signal,
    );
    await expect(feed.next(never)).rejects.toBe(diverged);
  });

  it("is over when it is told so, or its signal aborts", async () => {
    const stop = new AbortController();
    const silent = source(0, () => new Promise(() => {}));
    const feed = new PartitionFeed({ environment: handEnvironment() }, [silent], stop.signal);
    let over = false;
    const next = feed.next(() => over);
    over = true;
    feed.wake();
    expect(await next).toBeNull();
    const last = feed.next(() => stop.signal.aborted);
    stop.abort();
    expect(await last).toBeNull();
  });
});
