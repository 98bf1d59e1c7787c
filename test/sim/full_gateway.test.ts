/**
 * A gateway whose disk is too small for what comes while its link is down, over random histories:
 * eviction, thinning, refusal, retention, damage, an operator's wipe, power cuts, a bad link.
 *
 * The model is the test's own: which records were acknowledged, and at which offset. In the end each
 * offset is at the centre or in the ledger, never both and never neither; the ledgers of both ends
 * say the same; and the account of `/v1/losses` closes. LOGBOOM_SEEDS says how many histories.
 */
import process from "node:process";
import { expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { type Account, listLosses } from "../../src/egress/http/losses.ts";
import type { LedgerEntry } from "../../src/store/ledger.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import type { TopicSettings } from "../../src/store/settings.ts";
import { diceOf, pick } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";
import { append } from "../support/stores.ts";

const SEEDS = Number(process.env["LOGBOOM_SEEDS"] ?? 12);
const FIRST_SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const STEPS = 120;
const LEVELS = ["debug", "info", "info", "warn", "error"];

class History {
  readonly clock = new HandClock();
  readonly gateway: SimulatedNode;
  readonly centre: SimulatedNode;
  readonly link: FlakyLink;
  /** What was acknowledged, by its offset. */
  readonly acknowledged = new Map<number, string>();
  readonly happened: Record<string, number> = {};
  readonly #dice: () => number;
  readonly #policy: TopicSettings["diskPolicy"];
  readonly #live: boolean;
  #next = 0;

  constructor(seed: number) {
    this.#dice = diceOf(seed);
    this.#policy = pick(this.#dice, ["drop_oldest", "keep_errors", "keep_errors", "reject"]);
    this.#live = this.#dice() < 0.3;
    const settings = { checkpointBytes: 50_000 };
    this.gateway = new SimulatedNode({
      ...{ name: "gateway", seed: 2 * seed, clock: this.clock },
      settings: { ...settings, diskBudgetBytes: 1_500_000 },
    });
    this.centre = new SimulatedNode({ name: "centre", seed: 2 * seed + 1, clock: this.clock });
    this.link = new FlakyLink(this.clock, this.#dice);
  }

  get log(): PartitionLog {
    return this.gateway.store.topic("logs")!.partitions[0]!;
  }

  async run(): Promise<void> {
    await this.centre.start();
    await this.gateway.start();
    await this.gateway.store.createTopic("logs", {
      ...{ compressionType: "none", segmentBytes: 64 * 1024, retainUndelivered: false },
      ...{ diskPolicy: this.#policy, severityField: "json:level", retentionMs: 600_000 },
      replicationOrder: this.#live ? "live_first" : "strict",
    });
    this.gateway.forward(this.link);
    for (let step = 0; step < STEPS; step++) {
      const what = pick(this.#dice, [
        ...Array(14).fill("publish"),
        ...["link", "link", "time", "time", "time", "crash", "wipe", "damage", "retain", "late"],
      ]);
      this.happened[what] = (this.happened[what] ?? 0) + 1;
      await this.#step(what);
    }
    await this.#heal();
  }

  async #step(what: string): Promise<void> {
    const dice = this.#dice;
    if (what === "publish") await this.#publish(1 + Math.floor(dice() * 60));
    else if (what === "link") this.link.serve = dice() < 0.7 ? null : this.centre.serve();
    else if (what === "time") await pass(this.clock, 50 + dice() * 1_500);
    else if (what === "late") this.clock.advance(100_000);
    else if (what === "retain") await this.#attempt(() => this.gateway.store.retain());
    else if (what === "crash") await this.#crash();
    else if (what === "damage") this.#damage();
    else await this.#wipe();
  }

  async #publish(count: number): Promise<void> {
    const values = Array.from({ length: count }, () =>
      JSON.stringify({
        id: this.#next++,
        level: pick(this.#dice, LEVELS),
        text: "x".repeat(this.#dice() * 1_500),
      }));
    const { gateway } = this;
    let ended = false;
    void append(gateway.store, this.log, values).then(({ ticket }) => {
      values.forEach((value, at) => this.acknowledged.set(ticket.baseOffset + at, value));
    }).catch((error) => {
      if (!isOperatingError(error)) throw error;
      this.happened["refused"] = (this.happened["refused"] ?? 0) + 1;
    }).finally(() => ended = true);
    await until(this.clock, () => ended, { what: "it is answered" });
  }

  async #crash(): Promise<void> {
    const { logStartOffset } = this.log;
    this.gateway.crash();
    await this.gateway.start();
    this.gateway.forward(this.link);
    expect(this.log.logStartOffset, "a log start never falls").toBeGreaterThanOrEqual(
      logStartOffset,
    );
  }

  /** Of a sealed segment: the very last commit cannot be told from a torn one. */
  #damage(): void {
    const sealed = this.log.segments().slice(0, -1);
    if (sealed.length === 0) return;
    const { baseOffset, bytes } = pick(this.#dice, sealed);
    const position = Math.floor(this.#dice() * bytes);
    this.gateway.disk.flipBit(this.log.pathOf(baseOffset), position, 1 + this.#dice() * 6);
  }

  async #wipe(): Promise<void> {
    const { logStartOffset, highWatermark } = this.log;
    const below = logStartOffset + this.#dice() ** 4 * (highWatermark - logStartOffset);
    await this.#attempt(() => this.gateway.store.space.wipe(this.log, Math.floor(below)));
  }

  async #attempt(action: () => Promise<unknown>): Promise<void> {
    let ended = false;
    void action().catch((error) => {
      if (!isOperatingError(error)) throw error;
    }).finally(() => ended = true);
    await until(this.clock, () => ended, { what: "it is done" });
  }

  /** The link is up and good for as long as it takes. */
  async #heal(): Promise<void> {
    this.link.serve = this.centre.serve();
    const { store } = this.gateway;
    const settled = () =>
      this.gateway.forwarder!.status().lagRecords === 0 &&
      [...store.ledger.entries()].every(({ state }) => state !== "provisional");
    await until(this.clock, settled, { what: "all is delivered and every entry is final" });
    await pass(this.clock, 3_000);
  }
}

/** Offsets that entries of the partition's own runs take, with why. */
function ledgeredBy(entries: Iterable<LedgerEntry>, ownLogs: ReadonlySet<string>) {
  const offsets = new Map<number, string>();
  for (const { logId, from, to, count, state, reason, bytes } of entries) {
    if (state === "reversed" || logId === null || !ownLogs.has(logId)) continue;
    expect(count, "records of an entry").toBe(to - from);
    expect(bytes).toBeGreaterThanOrEqual(0);
    for (let offset = from; offset < to; offset++) {
      expect(offsets.has(offset), `offset ${offset} is ledgered twice`).toBe(false);
      offsets.set(offset, reason);
    }
  }
  return offsets;
}

async function expectClosed(history: History): Promise<void> {
  const { gateway, centre, log, acknowledged, clock } = history;
  const { store } = gateway;
  const ownLogs = new Set(store.logs.chain("logs", 0).map(({ logId }) => logId));
  const here = ledgeredBy(store.ledger.entries(), ownLogs);
  const there = ledgeredBy(centre.store.ledger.entries(), ownLogs);
  const only = (a: Map<number, string>, b: Map<number, string>) =>
    [...a].filter(([offset]) => !b.has(offset)).map(([offset, reason]) => `${offset} ${reason}`);
  expect([only(here, there), only(there, here)], "only in one ledger").toEqual([[], []]);

  const held = new Map<number, string>();
  for (const { sourceOffset, value } of await centre.records("logs")) {
    expect(held.has(sourceOffset), `offset ${sourceOffset} is twice at the centre`).toBe(false);
    held.set(sourceOffset, value);
  }
  for (let offset = 0; offset < log.highWatermark; offset++) {
    const places = [held.has(offset), here.has(offset)];
    expect(places.filter(Boolean).length, `offset ${offset}: ${here.get(offset)}`).toBe(1);
  }
  for (const [offset, value] of acknowledged) {
    if (held.has(offset)) expect(held.get(offset), `offset ${offset}`).toBe(value);
    else expect(here.has(offset), `offset ${offset} was acknowledged and is gone`).toBe(true);
  }
  const options = { store, nodeName: "gateway", clock } as unknown as Parameters<
    typeof listLosses
  >[0];
  const losses = listLosses(options, new Request("http://gateway/v1/losses"));
  const { totals } = losses as { totals: Account };
  expect(totals).toMatchObject({
    accepted: log.highWatermark,
    delivered: held.size,
    pending: 0,
    ledgered: here.size,
  });
}

it(`keeps a full gateway's account over ${SEEDS} histories`, async () => {
  const happened: Record<string, number> = {};
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const history = new History(seed);
    try {
      await history.run();
      await expectClosed(history);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    for (const [what, count] of Object.entries(history.happened)) {
      happened[what] = (happened[what] ?? 0) + count;
    }
    for (const { reason } of history.gateway.store.ledger.entries()) {
      happened[`ledgered ${reason}`] = (happened[`ledgered ${reason}`] ?? 0) + 1;
    }
    await history.gateway.stop();
    await history.centre.stop();
  }
  process.stdout.write(`${JSON.stringify(happened)}\n`);
  expect(happened["ledgered evicted"]).toBeGreaterThan(0);
}, 900_000);
