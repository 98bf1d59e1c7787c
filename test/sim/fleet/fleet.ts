/**
 * Plays a plan: builds the fleet, lets its day pass, heals what is broken, and asks the oracle.
 */
import { type LogFields, type Logger, SILENT_LOGGER } from "../../../src/base/log.ts";
import type { Core } from "../../../src/core/core.ts";
import { testCore } from "../../support/core.ts";
import { diceOf } from "../../support/dice.ts";
import { FleetNode } from "./fleet_node.ts";
import { SimulatedLink } from "./network.ts";
import { Openings } from "./openings.ts";
import { Oracle } from "./oracle.ts";
import { judge } from "./judge.ts";
import { HEALED_PART, isFault, type NodePlan, type Plan, type Publish } from "./plan.ts";
import { planOf, Striker } from "./striker.ts";
import { Trace } from "./trace.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface Outcome {
  readonly seed: number;
  /** What the oracle finds wrong; empty when all is well. */
  readonly wrongs: readonly string[];
  readonly hash: string;
  readonly records: number;
  readonly acknowledged: number;
  readonly faults: number;
  readonly crashes: number;
  readonly crashesInCommit: number;
  readonly requests: number;
  readonly turns: number;
  /** What the seed is about. */
  readonly about: readonly string[];
  readonly lines: readonly string[];
}

export interface PlayOptions {
  /** Keeps what happened, line by line. */
  readonly traced?: boolean;
  /** Makes up for what chance left short of what every seed must bring. */
  readonly minima?: boolean;
}

const HOUR_MS = 3_600_000;
/** Devices try again after this while their gateway is away. */
const RETRY_MS = 300_000;
export const RECORDS_MIN = 5_000;
const TOP_UP_TURNS = 60;

/** Cores are dear to make, so fleets that follow one another share them. */
const cores: Core[] = [];

export async function play(plan: Plan, options: PlayOptions = {}): Promise<Outcome> {
  const fleet = new Fleet(plan, options.traced ?? false);
  return await fleet.play(options.minima ?? false);
}

class Fleet {
  readonly #plan: Plan;
  readonly #time = new VirtualTime();
  readonly #trace: Trace;
  readonly #oracle = new Oracle();
  readonly #openings = new Openings();
  readonly #nodes = new Map<string, FleetNode>();
  readonly #links = new Map<string, SimulatedLink>();
  readonly #striker: Striker;
  readonly #wrongs: string[] = [];

  constructor(plan: Plan, traced: boolean) {
    this.#plan = plan;
    this.#trace = new Trace(traced);
    plan.nodes.forEach((node, at) => this.#build(node, at, traced));
    this.#striker = new Striker({
      ...{ plan, time: this.#time, oracle: this.#oracle, nodes: this.#nodes, links: this.#links },
      note: (what) => this.#note(what),
    });
  }

  async play(minima: boolean): Promise<Outcome> {
    const { hours, steps } = this.#plan;
    const endMs = hours * HOUR_MS;
    const healMs = endMs * HEALED_PART;
    const time = this.#time;
    for (const node of this.#nodes.values()) {
      if (planOf(this.#plan, node.name).cloneOf === undefined) node.start();
    }
    for (const step of steps) time.at(step.atMs, () => this.#apply(step));
    await time.runUntil(healMs);
    if (minima) await this.#topUp();
    this.#note("healed");
    this.#striker.heal();
    // Where all were full.
    if (minima) await this.#topUp();
    await time.runUntil(endMs);
    if (time.bug === null) await this.#judge();
    return this.#outcome();
  }

  // ── building ─────────────────────────────────────────────────────────────────────────────────

  #build(plan: NodePlan, at: number, traced: boolean): void {
    const { seed } = this.#plan;
    const { name, upstream, store, topics, forwarder, budget } = plan;
    const time = this.#time;
    const link = new SimulatedLink(time, diceOf(seed * 7_919 + at));
    link.latencyMs = plan.latencyMs;
    link.bytesPerMs = plan.bytesPerMs;
    cores[at] ??= testCore();
    const node = new FleetNode({
      time,
      seed: seed * 100 + at,
      settings: { name, store, topics, forwarder, budget },
      core: cores[at]!,
      logger: traced ? this.#logger(name) : SILENT_LOGGER,
      client: () => (caller) => {
        const client = link.client(caller, () => this.#nodes.get(this.#nodes.get(name)!.upstream!));
        return (call) => {
          if (this.#nodes.get(name)!.upstream === "centre") this.#openings.note(call);
          return client(call);
        };
      },
      syncMs: plan.syncMs,
      changed: (changed, what) => this.#changed(changed, what),
      onBug: (error) => time.bug ??= error,
    });
    node.upstream = upstream;
    node.clock.rate = plan.rate;
    this.#nodes.set(name, node);
    this.#links.set(name, link);
  }

  #logger(name: string): Logger {
    const keep = (level: string) => (event: string, fields: LogFields = {}) =>
      this.#trace.note(this.#time.nowMs, `${name}   ${level} ${event} ${JSON.stringify(fields)}`);
    return { debug() {}, info: keep("info"), warn: keep("warn"), error: keep("error") };
  }

  // ── living ───────────────────────────────────────────────────────────────────────────────────

  #changed(node: FleetNode, what: string): void {
    this.#note(`${node.name} ${what}`);
    if (!what.startsWith("dies")) return;
    this.#time.after(this.#striker.downMs(node.name), () => node.start());
  }

  #note(what: string): void {
    this.#trace.note(this.#time.nowMs, what);
  }

  #apply(step: Plan["steps"][number]): void {
    if (isFault(step)) this.#striker.strike(step);
    else this.#publish(step);
  }

  #publish(publish: Publish): void {
    const node = this.#nodes.get(publish.node)!;
    if (!node.up) {
      this.#time.after(RETRY_MS, () => this.#publish(publish));
      return;
    }
    const { topic, partition } = publish;
    const { burst, values } = this.#oracle.begin(publish);
    const { process } = node;
    this.#note(
      `${node.name} publishes ${values.length} from ${burst.firstId} to ${topic}/${partition}`,
    );
    process!.publish(topic, partition, values).then((ack) => {
      if (ack === null) return this.#note(`${node.name} refuses ${burst.firstId}`);
      this.#note(`${node.name} acknowledges ${burst.firstId} at ${ack.logId} ${ack.baseOffset}`);
      this.#oracle.acknowledge(burst, ack);
    }, (error) => this.#time.bug ??= error);
  }

  // ── healing and judging ──────────────────────────────────────────────────────────────────────

  /** What chance left short: records, and a crash inside a commit. */
  async #topUp(): Promise<void> {
    const gateways = this.#plan.nodes
      .filter(({ role, cloneOf }) => role === "gateway" && cloneOf === undefined)
      .map(({ name }) => this.#nodes.get(name)!);
    const short = () => this.#oracle.acknowledged < RECORDS_MIN || this.#crashesInCommit() === 0;
    for (let turn = 0; turn < TOP_UP_TURNS && short() && this.#time.bug === null; turn++) {
      // One that is full goes on refusing.
      const node = gateways[Math.floor(turn / TOP_UP_TURNS * gateways.length)]!;
      if (this.#crashesInCommit() === 0 && node.up) {
        node.crashInCommit("prefix", 0);
      }
      this.#publish({
        ...{ kind: "publish", atMs: this.#time.nowMs, node: node.name, topic: "logs" },
        ...{ partition: 0, records: 200, bytes: 20 },
      });
      await this.#time.runUntil(this.#time.nowMs + 20_000);
    }
  }

  #crashesInCommit(): number {
    let sum = 0;
    for (const node of this.#nodes.values()) sum += node.crashesInCommit;
    return sum;
  }

  async #judge(): Promise<void> {
    const [oracle, nodes, links] = [this.#oracle, this.#nodes, this.#links];
    const judged = judge({ plan: this.#plan, oracle, nodes, links, openings: this.#openings });
    let over = false;
    void judged.then(() => over = true, (error) => this.#time.bug ??= error);
    await this.#time.runUntil(this.#time.nowMs + HOUR_MS, () => over);
    if (over) this.#wrongs.push(...(await judged).lines());
    else this.#wrongs.push("liveness: what the root holds cannot be read");
  }

  #outcome(): Outcome {
    const nodes = [...this.#nodes.values()];
    const { bug, turns } = this.#time;
    const said = bug instanceof Error ? bug.stack ?? bug.message : String(bug);
    if (bug !== null) this.#wrongs.push(`bug: ${said}`);
    for (const { process } of nodes) process?.end();
    const sum = (of: (node: FleetNode) => number) =>
      nodes.reduce((total, node) => total + of(node), 0);
    return {
      seed: this.#plan.seed,
      wrongs: this.#wrongs,
      hash: this.#trace.hash,
      records: this.#oracle.records,
      acknowledged: this.#oracle.acknowledged,
      faults: this.#striker.faults,
      crashes: sum(({ deaths }) => deaths),
      crashesInCommit: this.#crashesInCommit(),
      requests: [...this.#links.values()].reduce((total, { requests }) => total + requests, 0),
      turns,
      about: Object.entries(this.#plan.character).filter(([, is]) => is).map(([name]) => name),
      lines: this.#trace.lines,
    };
  }
}
