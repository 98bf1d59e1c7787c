/**
 * The accounts of two gateways, a relay with publishes of its own and a root, all in one partition,
 * through random histories: publishes, outages, live lanes, crashes, evictions, a gateway that turns
 * to another upstream; in half of them, the topic is deleted below the root, and comes again. They
 * are held against payload ids, counted by the test alone; and `verify` has to come to the same
 * numbers.
 *
 * LOGBOOM_SEEDS says how many histories; LOGBOOM_SEED begins at another one.
 *
 * About one in two hundred with topics deleted comes to what the limits of the promise say of a move
 * to another upstream whose acknowledgement was lost, and fails here: 9016 (in a ledger, and at the
 * root too), 9057 and 9187 (the old upstream's account says delivered, the root's ledger lost).
 */
import { expect, it } from "vitest";
import { REPLICATION_PROBE_MS } from "../../src/base/link_limits.ts";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { LogId } from "../../src/base/types.ts";
import { VERIFY } from "../../src/cli/verify.ts";
import { createEgressApp } from "../../src/egress/http/app.ts";
import type { Account } from "../../src/egress/http/losses.ts";
import { PrometheusMetrics } from "../../src/egress/http/metrics.ts";
import { inflate } from "../../src/host/inflate.ts";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { NarrowLink } from "../support/narrow_link.ts";
import { pass, SimulatedNode, turns, until } from "../support/replication_world.ts";
import { runCommand } from "../support/terminal.ts";

const SEEDS = Number(process.env["LOGBOOM_SEEDS"] ?? 12);
const FIRST_SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const STEPS = 30;
/** Histories that once ended otherwise, and why. */
const FOUND_ONCE: readonly (readonly [seed: number, how: string, why: string])[] = [
  [7_028, ", topics deleted", "a loss was looked for while it was on its way, and then no more"],
  [5_049, "", "what went ahead of its turn settled past the site, which did not ask"],
  [5_185, "", "verify knew of no loss that its origin had told the root past the site"],
];
const NAMES = ["g0", "g1", "site", "root"] as const;
type Name = typeof NAMES[number];

const DEFAULTS = {
  ...TOPIC_DEFAULTS,
  compressionType: "none",
  replicationOrder: "live_first",
  segmentBytes: 20_000,
  retentionMs: 60_000,
  retainUndelivered: false,
} as const;

interface Books {
  readonly accounts: readonly Account[];
  readonly totals: Record<"accepted" | "delivered" | "pending" | "ledgered", number>;
  readonly entries: readonly { readonly state: string; readonly count: number }[];
}

class World {
  readonly clock = new HandClock();
  readonly dice: () => number;
  readonly nodes: Record<Name, SimulatedNode>;
  readonly links: Record<"g0" | "g1" | "site", NarrowLink>;
  readonly upstream = new Map<Name, Name>([["g0", "site"], ["g1", "site"], ["site", "root"]]);
  /** Acknowledged at each node. */
  readonly acknowledged = new Map<Name, string[]>(NAMES.map((name) => [name, []]));
  readonly down = new Set<Name>();
  /** Whether topics are deleted. */
  readonly deletes: boolean;
  /** Whether g1 ever had another upstream than the site. */
  turned = false;
  #next = 0;

  constructor(seed: number, { deletes = false } = {}) {
    this.dice = diceOf(seed);
    this.deletes = deletes;
    const { clock, dice } = this;
    const node = (name: Name, at: number) =>
      new SimulatedNode({
        ...{ name, seed: 4 * seed + at, clock },
        settings: name === "root" ? {} : { topicDefaults: DEFAULTS },
        ...(deletes ? { hasUpstream: name !== "root" } : {}),
      });
    this.nodes = {
      g0: node("g0", 0),
      g1: node("g1", 1),
      site: node("site", 2),
      root: node("root", 3),
    };
    const link = () =>
      new NarrowLink(clock, {
        bytesPerSecond: 40_000,
        delayMs: 20,
        isLost: () => dice() < 0.02,
      });
    this.links = { g0: link(), g1: link(), site: link() };
  }

  async start(): Promise<void> {
    for (const name of ["root", "site", "g0", "g1"] as const) await this.up(name);
  }

  /** Starts a node, and joins it with those beside it. */
  async up(name: Name): Promise<void> {
    const node = this.nodes[name];
    await node.start();
    if (name === "site") {
      node.store.hasUpstream = true;
      node.receive({
        settledOf: (logId) => node.store.forwarded.ofLog(logId)?.settled ?? 0,
        settledCountsOf: (logId) => node.store.forwarded.ofLog(logId),
      });
    }
    for (const from of ["g0", "g1", "site"] as const) this.join(from);
    if (name !== "root") node.forward(this.links[name]);
  }

  join(from: "g0" | "g1" | "site"): void {
    const to = this.nodes[this.upstream.get(from)!];
    this.links[from].serve = this.down.has(from) || to.store === undefined ? null : to.serve();
  }

  async restart(name: Name): Promise<void> {
    const node = this.nodes[name];
    for (const from of ["g0", "g1", "site"] as const) {
      if (this.upstream.get(from) === name) this.links[from].serve = null;
    }
    node.crash();
    await this.up(name);
  }

  async publish(name: Name, count: number, bytes: number): Promise<void> {
    const values = Array.from({ length: count }, () => `${this.#next++}:`.padEnd(bytes, "."));
    if (await this.nodes[name].append("logs", 0, values)) {
      this.acknowledged.get(name)!.push(...values);
    }
  }

  /** Whatever is old enough is given up, delivered or not. */
  async expire(name: Name): Promise<void> {
    const { store } = this.nodes[name];
    const log = store.topic("logs")?.partitions[0];
    if (log === undefined) return;
    await log.roll();
    this.clock.advance(61_000);
    await store.checkpoint();
    await store.checkpoint();
    await store.retain();
  }

  /** Gives up the topic; in part of the cases, a crash comes between. */
  async delete(name: Name): Promise<void> {
    const { store } = this.nodes[name];
    if (store.topic("logs") === undefined) return;
    let over = false;
    const deleted = store.changes.delete("logs").finally(() => over = true);
    if (this.dice() < 0.5) {
      deleted.catch(() => {});
      await turns(Math.floor(this.dice() * 4));
      await this.restart(name);
      return;
    }
    await until(this.clock, () => over);
    await deleted;
  }

  async turnTo(upstream: Name): Promise<void> {
    const node = this.nodes.g1;
    let stopped = false;
    void node.forwarder!.stop().then(() => stopped = true);
    await until(this.clock, () => stopped);
    this.turned ||= upstream !== "site";
    this.upstream.set("g1", upstream);
    this.join("g1");
    node.forward(this.links.g1);
  }

  get caughtUp(): boolean {
    return (["g0", "g1", "site"] as const).every((name) =>
      this.nodes[name].forwarder!.status().lagRecords === 0 &&
      this.provisional(name) === 0
    );
  }

  provisional(name: Name): number {
    return [...this.nodes[name].store.ledger.entries()]
      .filter(({ state }) => state === "provisional").length;
  }

  /** Values that can be read at a node, by the log they came in. */
  async held(name: Name): Promise<Map<LogId, Set<string>>> {
    const held = new Map<LogId, Set<string>>();
    for (const { logId, value } of await this.nodes[name].records("logs")) {
      const values = held.get(logId) ?? new Set();
      held.set(logId, values);
      expect(values.has(value), `${value.slice(0, 9)} twice at ${name}`).toBe(false);
      values.add(value);
    }
    return held;
  }

  async get(name: Name, path: string): Promise<Response> {
    const { store } = this.nodes[name];
    const app = createEgressApp({
      ...{ store, inflate, clock: this.clock, timers: this.clock, logger: SILENT_LOGGER },
      nodeName: name,
      metrics: new PrometheusMetrics(),
      authorize: () => async (_, next) => await next(),
      ready: () => ({ ready: true }),
      onBug(error) {
        throw error;
      },
    });
    const headers = path.includes("/records")
      ? { accept: "application/vnd.logboom.batches" }
      : undefined;
    return await app.fetch(new Request(`http://${name}${path}`, headers ? { headers } : {}));
  }

  async books(name: Name): Promise<Books> {
    const books = await (await this.get(name, "/v1/losses?max_entries=10000")).json() as Books;
    for (const { accepted, delivered, pending, ledgered } of [...books.accounts, books.totals]) {
      expect(delivered + pending + ledgered, name).toBe(accepted);
      expect(Math.min(delivered, pending, ledgered), name).toBeGreaterThanOrEqual(0);
    }
    return books;
  }

  async verify(gateway: Name, upstream: Name): Promise<Books["totals"] & { proven: boolean }> {
    const { stdout } = await runCommand(VERIFY, {
      args: ["--gateway", `http://${gateway}`, "--upstream", `http://${upstream}`, "--json"],
      answer: async ({ url }) => {
        const { host, pathname, search } = new URL(url);
        const response = await this.get(host as Name, pathname + search);
        const body = new Uint8Array(await response.arrayBuffer());
        return { status: response.status, headers: response.headers, body };
      },
    });
    const total = stdout.trim().split("\n").map((line) => JSON.parse(line))
      .find((row) => "proven" in row && !("log_id" in row));
    if (!total.proven) process.stdout.write(stdout);
    return total;
  }
}

/** What is so at every moment: own records by acknowledgements, the root's by what it holds. */
async function checkNow(world: World, told: string): Promise<void> {
  for (const name of NAMES) {
    const { accounts } = await world.books(name);
    const { store } = world.nodes[name];
    const own = accounts.filter(({ log_id }) => store.logs.get(log_id) !== undefined);
    const accepted = own.reduce((sum, account) => sum + account.accepted, 0);
    expect(accepted, `${told}: own records of ${name}`)
      .toBe(world.acknowledged.get(name)!.length);
  }
  const held = await world.held("root");
  for (const { log_id, delivered } of (await world.books("root")).accounts) {
    expect(delivered, `${told}: ${log_id} at the root`).toBe(held.get(log_id)?.size ?? 0);
  }
}

/** With nothing under way: what each node says is at the root is what is there. */
async function checkSettled(world: World, told: string): Promise<void> {
  await checkNow(world, told);
  const held = await world.held("root");
  for (const name of ["g0", "g1", "site"] as const) {
    for (const account of (await world.books(name)).accounts) {
      const at = `${told}: ${account.log_id} at ${name}: ${JSON.stringify(account)}`;
      const atRoot = held.get(account.log_id)?.size ?? 0;
      // What went past the site it does not count.
      if (name === "site" && account.gateway === "g1" && world.turned) {
        expect(account.delivered, at).toBeLessThanOrEqual(atRoot);
      } else {
        expect(account.delivered, at).toBe(atRoot);
      }
    }
  }
}

async function step(world: World): Promise<void> {
  const { dice } = world;
  const pick = <T>(from: readonly T[]) => from[Math.floor(dice() * from.length)]!;
  const draw = dice();
  if (draw < 0.45) {
    const bytes = dice() < 0.3 ? 700 : 20;
    await world.publish(pick(NAMES), 1 + Math.floor(dice() * (bytes > 20 ? 120 : 9)), bytes);
  } else if (draw < 0.6) {
    const from = pick(["g0", "g1", "site"] as const);
    if (!world.down.delete(from)) world.down.add(from);
    world.join(from);
  } else if (draw < 0.7) await world.restart(pick(NAMES));
  else if (draw < 0.75) await world.nodes[pick(NAMES)].store.checkpoint();
  else if (draw < 0.8) await world.expire(pick(["g0", "g1", "site"] as const));
  else if (draw < 0.83) await world.turnTo(dice() < 0.5 ? "root" : "site");
  else if (draw < 0.88 && world.deletes) await world.delete(pick(["g0", "g1", "site"] as const));
  else await pass(world.clock, dice() * 3_000);
}

async function heal(world: World): Promise<void> {
  world.down.clear();
  for (const from of ["g0", "g1", "site"] as const) world.join(from);
  await until(world.clock, () => world.caughtUp, { what: "all is delivered" });
  // What nobody sends records after is told with a probe.
  const endMs = world.clock.monotonicMs() + 2 * REPLICATION_PROBE_MS;
  await until(world.clock, () => world.clock.monotonicMs() > endMs);
}

const HISTORIES: readonly (readonly [seed: number, how: string])[] = [
  ...FOUND_ONCE.map(([seed, how]) => [seed, how] as const),
  ...Array.from({ length: SEEDS }, (_, at) => FIRST_SEED + at)
    .flatMap((seed) => [[seed, ""], [seed, ", topics deleted"]] as const),
];

it.each(HISTORIES)(
  "accounts close to the record at every node (seed %i%s)",
  async (seed, how) => {
    const world = new World(seed, { deletes: how !== "" });
    await world.start();
    for (let at = 0; at < STEPS; at++) {
      await step(world);
      await checkNow(world, `seed ${seed}, step ${at}`);
    }
    await heal(world);
    await checkSettled(world, `seed ${seed}, healed`);
    const books = await world.books("site");
    expect(books.totals.pending).toBe(0);
    const proof = await world.verify("site", "root");
    expect(proof, JSON.stringify(proof)).toMatchObject({ ...books.totals, proven: true });

    // The link is cut: what comes now is pending, and nothing else is, voids or not.
    world.down.add("site");
    world.join("site");
    const more = { g0: 3, g1: world.upstream.get("g1") === "site" ? 5 : 0, site: 7 };
    for (const name of ["g0", "site", "g1", "site"] as const) {
      await world.publish(name, more[name], 20);
    }
    await pass(world.clock, 5_000);
    await checkSettled(world, `seed ${seed}, cut`);
    const cut = await world.books("site");
    expect(cut.totals.pending).toBe(more.g0 + more.g1 + 2 * more.site);
    expect(await world.verify("site", "root")).toMatchObject({ ...cut.totals, proven: true });
    await world.restart("site");
    await checkSettled(world, `seed ${seed}, restarted`);
    await heal(world);
    await checkSettled(world, `seed ${seed}, healed again`);
  },
  60_000,
);
