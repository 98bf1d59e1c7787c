/**
 * Days of a link with a small quota and a window at night, on one virtual clock: a gateway with a
 * backlog of several days' worth is killed again and again. The test counts every byte itself.
 * LOGBOOM_SEED replays one run.
 */
import { expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { HttpClient } from "../../src/base/net.ts";
import { mergeBudget, NO_BUDGET } from "../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../src/replication/budget/link_budget.ts";
import { answerBytes, requestHeadBytes } from "../../src/replication/budget/wire_bytes.ts";
import { Forwarder } from "../../src/replication/forwarder.ts";
import { LinkUsage } from "../../src/store/link_usage.ts";
import { diceOf, seededRandom } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode, turns } from "../support/replication_world.ts";

const MIDNIGHT = Date.parse("2026-11-22T00:00:00Z");
const DAY_MS = 86_400_000;
const QUOTA = 500_000;
const BUDGET = mergeBudget(NO_BUDGET, {
  bytes_per_day: QUOTA,
  windows: [{ from: "02:00", to: "03:00" }],
});
const BATCHES = 50;
const SEEDS = process.env["LOGBOOM_SEED"] === undefined
  ? [1, 2, 3]
  : [Number(process.env["LOGBOOM_SEED"])];

/** The link of one gateway: its usage book and its forwarder, begun anew with each process. */
class CountedLink {
  /** Bytes by virtual day, both ways. */
  readonly days = new Map<number, number>();
  readonly outside: number[] = [];
  readonly #clock: HandClock;
  readonly #gateway: SimulatedNode;
  readonly #serve: (request: Request) => Promise<Response>;

  constructor(clock: HandClock, gateway: SimulatedNode, centre: SimulatedNode) {
    this.#clock = clock;
    this.#gateway = gateway;
    this.#serve = centre.serve();
  }

  async start(): Promise<void> {
    const clock = this.#clock;
    const { store, disk, run } = this.#gateway;
    const book = await LinkUsage.open({
      disk,
      crc32c: (bytes) => store.core.crc32c(bytes),
      logger: SILENT_LOGGER,
    });
    const budget = new LinkBudget({ clock, timers: clock, settings: BUDGET, book });
    store.hasUpstream = true;
    this.#gateway.forwarder = new Forwarder({
      ...{ store, budget, clock, timers: clock, logger: SILENT_LOGGER, metrics: SILENT_METRICS },
      http: this.#client(run),
      upstreamUrl: "http://centre.example",
      token: null,
      nodeName: "gateway",
      random: seededRandom(run),
    });
    this.#gateway.forwarder.start();
  }

  #client(run: number): HttpClient {
    return async ({ url, method, headers, body }) => {
      const bodyBytes = body?.length ?? 0;
      this.#count(requestHeadBytes({ url, headers, bodyBytes, paced: false }) + bodyBytes);
      const response = await this.#serve(
        new Request(url, { method, headers, ...(body === undefined ? undefined : { body }) }),
      );
      const bytes = new Uint8Array(await response.arrayBuffer());
      const answer = { status: response.status, headers: response.headers, body: bytes };
      this.#count(answerBytes(answer));
      if (this.#gateway.run !== run || this.#gateway.crashed) await new Promise(() => {});
      return answer;
    };
  }

  #count(bytes: number): void {
    const sinceMs = this.#clock.wallMs() - MIDNIGHT;
    const day = Math.floor(sinceMs / DAY_MS);
    this.days.set(day, (this.days.get(day) ?? 0) + bytes);
    const hour = sinceMs % DAY_MS / 3_600_000;
    if (hour < 2 || hour >= 3.01) this.outside.push(hour);
  }
}

it.each(SEEDS)("a quota and a window hold over days of kills: seed %i", async (seed) => {
  const dice = diceOf(seed);
  const clock = new HandClock({ wallMs: MIDNIGHT });
  const centre = new SimulatedNode({ name: "centre", seed, clock });
  const gateway = new SimulatedNode({ name: "gateway", seed: seed + 100, clock });
  await centre.start();
  await gateway.start();
  const values: string[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    // Random digits: LZ4 finds little in them.
    const some = Array.from({ length: 50 }, (_, at) => {
      const digits = Array.from({ length: 100 }, () => Math.floor(dice() * 1e10).toString(36));
      return `${batch}.${at} ${digits.join("")}`;
    });
    values.push(...some);
    expect(await gateway.append("logs", 0, some)).toBe(true);
  }
  const link = new CountedLink(clock, gateway, centre);
  await link.start();
  const held = async () => (await centre.records("logs")).length;
  let days = 0;
  while (await held() < values.length) {
    expect(++days, `seed ${seed}: the backlog never ends`).toBeLessThan(12);
    const killAtMs = 2 * 3_600_000 + dice() * 60_000;
    for (let passedMs = 0; passedMs < DAY_MS; passedMs += 20_000) {
      await turns(2);
      clock.advance(20_000);
      if (passedMs > killAtMs || passedMs + 20_000 < killAtMs) continue;
      gateway.crash();
      await gateway.start();
      await link.start();
    }
  }
  expect((await centre.records("logs")).map(({ value }) => value)).toEqual(values);
  expect([...link.days.values()].filter((bytes) => bytes > QUOTA)).toEqual([]);
  expect(link.outside).toEqual([]);
  // A kill costs what was promised and a chunk; the rest of the quota is used.
  const whole = [...link.days].filter(([day]) => day < days - 1).map(([, bytes]) => bytes);
  expect(Math.min(...whole)).toBeGreaterThan(QUOTA * 0.6);
  expect(days).toBeGreaterThanOrEqual(4);
}, 60_000);
