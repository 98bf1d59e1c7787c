import { describe, expect, it } from "vitest";
import { TAIL_KEEP_ALIVE_MS, TAIL_STALLED_MS } from "../../../src/base/tail_limits.ts";
import type { TailFeed } from "../../../src/egress/tail/tail_feed.ts";
import { placeAt, type TailPlace } from "../../../src/egress/tail/tail_place.ts";
import { TailReader } from "../../../src/egress/tail/tail_reader.ts";
import { ScanTurns } from "../../../src/egress/scan_turns.ts";
import { EventParser } from "../../support/event_stream.ts";
import { openTailWorld, type TailWorld, told } from "../../support/tail_world.ts";

interface Given {
  readonly feed?: TailFeed;
  readonly place?: TailPlace;
}

function readerOf(world: TailWorld, given: Given = {}): TailReader {
  const reader = new TailReader({
    feed: given.feed ?? world.feed(),
    budget: world.budget,
    turns: new ScanTurns(world.clock),
    place: given.place ?? placeAt(world.scope, "latest"),
    opening: "retry: 1\n\n",
    monotonicMs: () => world.clock.monotonicMs(),
    closed() {},
  });
  world.store.commits.observe(() => reader.feed.advance());
  return reader;
}

/** Takes until so many events were seen. */
async function take(reader: TailReader, count: number): Promise<string[]> {
  const parser = new EventParser();
  const seen: string[] = [];
  while (seen.length < count) {
    const bytes = await reader.next();
    if (bytes === null) break;
    seen.push(...told(parser.push(bytes)));
  }
  return seen;
}

describe("TailReader", () => {
  it("is told the opening, then what comes", async () => {
    const world = await openTailWorld();
    const reader = readerOf(world);
    expect(new TextDecoder().decode((await reader.next())!)).toBe("retry: 1\n\n");
    const next = take(reader, 2);
    await world.put(0, "a", "b");
    expect(await next).toEqual(["a", "b"]);
    expect(reader.isLive).toBe(true);
  });

  it("shares each piece with the others of its feed", async () => {
    const world = await openTailWorld();
    const feed = world.feed();
    const readers = [readerOf(world, { feed }), readerOf(world, { feed })];
    for (const reader of readers) await reader.next();
    const next = readers.map((reader) => reader.next());
    await world.put(0, "a");
    const [one, other] = await Promise.all(next);
    expect(one).toBe(other);
  });

  it("reads by itself what the feed no longer keeps, and is live again: nothing twice", async () => {
    const world = await openTailWorld({ budgetBytes: 4_000 });
    const feed = world.feed();
    const [quick, slow] = [readerOf(world, { feed }), readerOf(world, { feed })];
    const [seenQuick, seenSlow]: [string[], string[]] = [[], []];
    const parser = new EventParser();
    await quick.next();
    await slow.next();
    const expected: string[] = [];
    for (let at = 0; at < 60; at++) {
      expected.push(`${at}`);
      const next = take(quick, 1);
      await world.put(0, `${at}`);
      seenQuick.push(...await next);
      // It takes for a while, then not, then again.
      while (Math.floor(at / 25) % 2 === 0 && seenSlow.length <= at) {
        seenSlow.push(...told(parser.push((await slow.next())!)));
      }
    }
    expect(seenQuick).toEqual(expected);
    expect(seenSlow).toEqual(expected);
    const last = take(slow, 1);
    await world.put(0, "live");
    expect(await last).toEqual(["live"]);
    expect(slow.isLive).toBe(true);
  });

  it("passes over nothing where what it read by itself was dropped before it took it", async () => {
    const world = await openTailWorld({ budgetBytes: 20_000 });
    const values = Array.from({ length: 100 }, (_, nth) => `${nth} ${"x".repeat(1_000)}`);
    await world.put(0, ...values);
    const [one, other] = [0, 1].map(() =>
      readerOf(world, { place: placeAt(world.scope, "earliest") })
    );
    const [seenOne, seenOther]: [string[], string[]] = [[], []];
    for (const reader of [one!, other!]) await reader.next();
    const [parserOne, parserOther] = [new EventParser(), new EventParser()];
    while (seenOne.length < 100 || seenOther.length < 100) {
      if (seenOne.length < 100) seenOne.push(...told(parserOne.push((await one!.next())!)));
      if (seenOther.length < 100) seenOther.push(...told(parserOther.push((await other!.next())!)));
    }
    expect(seenOne).toEqual(values);
    expect(seenOther).toEqual(values);
    expect(world.budget.bytes).toBeLessThan(40_000);
  });

  it("waits for a feed that is not as far as it came from", async () => {
    const world = await openTailWorld();
    const feed = world.feed();
    const first = readerOf(world, { feed });
    await first.next();
    const sleeping = first.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await world.put(0, "a");
    await sleeping;
    // Nobody waits now: the feed stays where it is.
    await world.put(0, "b");
    const ahead = readerOf(world, { feed, place: placeAt(world.scope, "latest") });
    await ahead.next();
    const next = take(ahead, 1);
    await world.put(0, "c");
    expect(await next).toEqual(["c"]);
    expect(await take(first, 2)).toEqual(["b", "c"]);
  });

  it("comes to life when it is silent, and is stalled when it takes nothing that is there", async () => {
    const world = await openTailWorld();
    const reader = readerOf(world);
    world.clock.advance(TAIL_STALLED_MS);
    // It was gone before it took anything.
    expect(reader.look(world.clock.monotonicMs())).toBe("stalled");
    await reader.next();
    world.clock.advance(TAIL_STALLED_MS);
    // Nothing came: it has all there is.
    expect(reader.look(world.clock.monotonicMs())).toBe("fine");
    await world.put(0, "a");
    expect(reader.lag()).toBe(1);
    expect(reader.look(world.clock.monotonicMs())).toBe("stalled");
    expect(await take(reader, 1)).toEqual(["a"]);
    expect(reader.look(world.clock.monotonicMs())).toBe("fine");
    const silent = reader.next();
    world.clock.advance(TAIL_KEEP_ALIVE_MS);
    expect(reader.look(world.clock.monotonicMs())).toBe("fine");
    expect(new TextDecoder().decode((await silent)!)).toMatch(/^:\nid: [\w-]+\n\n$/);
  });

  it("says why it ends, once, behind what was said before, and then is over", async () => {
    const world = await openTailWorld();
    let closed = 0;
    const reader = new TailReader({
      ...{ feed: world.feed(), budget: world.budget, turns: new ScanTurns(world.clock) },
      ...{ place: placeAt(world.scope, "latest"), opening: ":\n\n" },
      monotonicMs: () => 0,
      closed: () => closed++,
    });
    await reader.next();
    const next = reader.next();
    reader.end({ code: "slow_reader", detail: "x" });
    reader.end({ code: "shutting_down", detail: "y" });
    expect(new TextDecoder().decode((await next)!))
      .toBe('event: end\ndata: {"code":"slow_reader","detail":"x"}\n\n');
    expect(await reader.next()).toBeNull();
    reader.close();
    expect(closed).toBe(1);
    expect(reader.feed.readers.size).toBe(0);
  });

  it("ends a wait when it is closed, and gives what failed to who takes", async () => {
    const world = await openTailWorld();
    const reader = readerOf(world);
    await reader.next();
    const next = reader.next();
    reader.close();
    expect(await next).toBeNull();
    const other = readerOf(world);
    await other.next();
    const waiting = other.next();
    other.failed(new Error("no disk"));
    await expect(waiting).rejects.toThrow("no disk");
  });
});
