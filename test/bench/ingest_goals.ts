/**
 * The goals of ingest, G1 to G5 and the slow disk's, computed from the rounds.
 *
 * @module
 */
import type { Goal } from "./goals.ts";
import type { CellResult } from "./ingest.ts";
import { figures, type Measurement } from "./measurement.ts";
import { median, pairedRatio } from "./statistics.ts";

export function ingestGoals(
  results: readonly CellResult[],
  slow: readonly (Measurement | undefined)[],
  delayMs: number,
): Goal[] {
  const of = (cell: string, subject: string, name: keyof Measurement) =>
    figures(results.find((result) => result.cell === cell)?.subjects[subject] ?? [], name);
  const own = (cell: string, name: keyof Measurement) => of(cell, "logboom", name);
  const against = (cell: string, peer: string, name: keyof Measurement) =>
    pairedRatio(own(cell, name), of(cell, peer, name)).median;
  const deep = "10x100x1";
  const shallow = "100x1x1";
  const crowd = "1000x1x1";
  const raw = results.find((result) => result.cell === "1x1x1")?.disk ?? [];
  const goal = (
    [id, what, unit]: readonly [string, string, string],
    measured: number,
    [direction, bound]: readonly [Goal["direction"], number],
  ): Goal => ({ id, what, unit, measured, direction, bound });
  const times = (id: string, what: string) => [id, what, "×"] as const;
  const rss = Math.max(...own(crowd, "rss_bytes").map((bytes) => bytes ?? NaN), -Infinity) / 1e6;
  const delayed = figures(slow, "rate").filter((rate) => rate !== undefined);
  return [
    goal(times("G1", "10 × 100: rate / mosquitto in memory"), against(deep, "mosquitto", "rate"), [
      "at least",
      6,
    ]),
    goal(times("G1", "10 × 100: rate / NATS synced"), against(deep, "nats-sync", "rate"), [
      "at least",
      90,
    ]),
    goal(times("G1", "10 × 100: rate / redis AOF always"), against(deep, "redis", "rate"), [
      "at least",
      3,
    ]),
    goal(
      times("G1", "10 × 100: 1,000 topics / one topic"),
      pairedRatio(own("10x100x1000", "rate"), own(deep, "rate")).median,
      ["at least", 0.7],
    ),
    goal(
      times("G2", "100 × 1: rate / mosquitto (floor 0.55)"),
      against(shallow, "mosquitto", "rate"),
      [
        "at least",
        0.7,
      ],
    ),
    goal(times("G2", "100 × 1: rate / NATS synced"), against(shallow, "nats-sync", "rate"), [
      "at least",
      7,
    ]),
    goal(
      times("G3", "1 × 1: p50 / raw 4 KiB write + fdatasync"),
      pairedRatio(own("1x1x1", "p50_ms"), raw.map((probe) => probe.p50_ms)).median,
      ["at most", 1.8],
    ),
    goal(
      times("G4", "1,000 × 1: max / p50"),
      pairedRatio(own(crowd, "max_ms"), own(crowd, "p50_ms")).median,
      ["at most", 5],
    ),
    goal(["G4", "1,000 × 1: RSS", "MB"], Number.isFinite(rss) ? rss : NaN, ["at most", 130]),
    goal(times("G4", "10 × 100: p99 / mosquitto's"), against(deep, "mosquitto", "p99_ms"), [
      "at most",
      0.3,
    ]),
    goal(
      times("G5", "10 × 100: CPU per 100k / mosquitto's"),
      against(deep, "mosquitto", "cpu_s_per_100k"),
      [
        "at most",
        0.15,
      ],
    ),
    goal(["–", `100 × 10, syncs ${delayMs} ms slower: rate`, "/s"], median(delayed), [
      "at least",
      60_000,
    ]),
  ];
}
