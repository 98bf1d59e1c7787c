import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import {
  TAIL_GOODBYE_MS,
  TAIL_STALLED_MS,
  TAIL_SWEEP_MS,
  TAILS_MAX,
} from "../../../src/base/tail_limits.ts";
import { PrometheusMetrics } from "../../../src/egress/http/metrics.ts";
import { ScanTurns } from "../../../src/egress/scan_turns.ts";
import { TailHub, type TailRequest } from "../../../src/egress/tail/tail_hub.ts";
import { placeAt } from "../../../src/egress/tail/tail_place.ts";
import type { TailReader } from "../../../src/egress/tail/tail_reader.ts";
import { append } from "../../support/stores.ts";
import { openTailWorld, type TailWorld } from "../../support/tail_world.ts";

async function openHub(given: { partitions?: number } = {}) {
  const world = await openTailWorld(given);
  const stopping = new AbortController();
  const metrics = new PrometheusMetrics();
  const said: unknown[] = [];
  const hub = new TailHub({
    ...{ store: world.store, clock: world.clock, timers: world.clock, metrics },
    turns: new ScanTurns(world.clock),
    logger: { ...SILENT_LOGGER, warn: (event, fields) => void said.push([event, fields]) },
    stopping: stopping.signal,
    cut: (addresses) => void cuts.push(...addresses),
  });
  const cuts: string[] = [];
  const open = (more: Partial<TailRequest> = {}) =>
    hub.open({
      ...{ ...world.options, scope: world.scope, likeness: "" },
      place: placeAt(world.scope, "latest"),
      address: "h:1",
      ...more,
    });
  return { hub, world, metrics, stopping, said, open, cuts };
}

const text = async (reader: TailReader) => new TextDecoder().decode((await reader.next())!);

/** Lets time pass as the sweeps see it. */
function pass({ clock }: TailWorld, ms: number): void {
  for (let passed = 0; passed < ms; passed += TAIL_SWEEP_MS) clock.advance(TAIL_SWEEP_MS);
}

describe("TailHub", () => {
  it("lets those who want the same share a feed, and only those", async () => {
    const { open, world } = await openHub({ partitions: 2 });
    const [one, same, other] = [open(), open(), open({ likeness: "filtered" })];
    const third = open({ scope: { ...world.scope, partition: 1 } });
    expect(one.feed).toBe(same.feed);
    expect(new Set([one.feed, other.feed, third.feed]).size).toBe(3);
  });

  it("does nothing while there is no tail", async () => {
    const { open, world, hub } = await openHub();
    // The store has timers of its own.
    world.clock.advance(10 * TAIL_SWEEP_MS);
    const { timersWaiting } = world.clock;
    const reader = open();
    expect(world.clock.timersWaiting).toBe(timersWaiting + 1);
    reader.close();
    expect(hub.size).toBe(0);
    pass(world, TAIL_SWEEP_MS);
    expect(world.clock.timersWaiting).toBe(timersWaiting);
    expect(hub.bytes).toBe(0);
  });

  it("ends one who takes nothing, and cuts him off where he does not take even that", async () => {
    const { open, world, said, cuts, hub } = await openHub();
    const [stuck, quick, sorry] = ["h:1", "h:2", "h:3"].map((address) => open({ address })) as [
      TailReader,
      TailReader,
      TailReader,
    ];
    for (const reader of [stuck, quick, sorry]) await reader.next();
    await world.put(0, "a");
    expect(await text(quick)).toContain('"a"');
    pass(world, TAIL_STALLED_MS);
    expect(said).toEqual(
      ["h:1", "h:3"].map((address) => [
        "tail_ended",
        { topic: "t", reason: "slow_reader", address, lag: 1 },
      ]),
    );
    expect(await text(sorry)).toContain("event: end");
    expect(await sorry.next()).toBeNull();
    expect(cuts).toEqual([]);
    pass(world, TAIL_GOODBYE_MS);
    expect(cuts).toEqual(["h:1"]);
    expect(await stuck.next()).toBeNull();
    expect(hub.size).toBe(1);
    const next = text(quick);
    await world.put(0, "b");
    expect(await next).toContain('"b"');
  });

  it("ends all when the node stops, and takes no more", async () => {
    const { open, stopping } = await openHub();
    const reader = open();
    await reader.next();
    const next = text(reader);
    stopping.abort();
    expect(await next).toContain('"shutting_down"');
    expect(await reader.next()).toBeNull();
    expect(() => open()).toThrow("the node stops");
  });

  it("takes up partitions that are added, at once", async () => {
    const { open, world } = await openHub();
    const reader = open();
    await reader.next();
    const { partitions } = await world.store.changes.change("t", { partitions: 3 });
    await append(world.store, partitions[2]!, ["there"]);
    expect(await text(reader)).toContain('"partition":2,"offset":0');
  });

  it("ends when the topic is deleted, before anything comes of the next one", async () => {
    const { open, world } = await openHub();
    const reader = open();
    await reader.next();
    await world.store.changes.delete("t");
    const { partitions } = await world.store.createTopic("t");
    await append(world.store, partitions[0]!, ["of another"]);
    const end = await text(reader);
    expect(end).toContain("event: end");
    expect(end).toContain("unknown_topic");
    expect(end).not.toContain("of another");
  });

  it("refuses more than it may have", async () => {
    const { open, metrics } = await openHub();
    const readers = Array.from({ length: TAILS_MAX }, () => open());
    expect(() => open()).toThrow(`${TAILS_MAX} readers do`);
    expect(await metrics.text()).toContain(`\nlogboom_tails ${TAILS_MAX}\n`);
    readers[7]!.close();
    open();
  });
});
