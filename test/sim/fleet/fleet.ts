/**
 * Plays a plan: builds the fleet, lets its day pass, heals what is broken, and asks the oracle.
 */
import { type LogFields, type Logger, SILENT_LOGGER } from "../../../src/base/log.ts";
import type { Core } from "../../../src/core/core.ts";
import { testCore } from "../../support/core.ts";
import { diceOf } from "../../support/dice.ts";
import { NO_FAULTS } from "../../support/flaky_link.ts";
import { FleetNode } from "./fleet_node.ts";
import { SimulatedLink } from "./network.ts";
import { Oracle } from "./oracle.ts";
import {
  type Fault,
  HEALED_PART,
  isFault,
  type NodePlan,
  type Plan,
  type Publish,
} from "./plan.ts";
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
  readonly lines: readonly string[];
}

export interface PlayOptions {
  /** Keeps what happened, line by line. */
  readonly traced?: boolean;
}

const HOUR_MS = 3_600_000;
/** Devices try again after this while their gateway is away. */
const RETRY_MS = 45_000;
const LOOK_MS = 5_000;
export const RECORDS_MIN = 5_000;
const DOWN_MS = 5_000;

/** Cores are dear to make, so fleets that follow one another share them. */
const cores: Core[] = [];

export async function play(plan: Plan, options: PlayOptions = {}): Promise<Outcome> {
  const fleet = new Fleet(plan, options.traced ?? false);
  return await fleet.play();
}

class Fleet {
  readonly #plan: Plan;
  readonly #time = new VirtualTime();
  readonly #trace: Trace;
  readonly #oracle = new Oracle();
  readonly #nodes = new Map<string, FleetNode>();
  readonly #links = new Map<string, SimulatedLink>();
  readonly #downMs = new Map<string, number>();
  readonly #wrongs: string[] = [];
  #faults = 0;
  #publishing = 0;
  #healed = false;

  constructor(plan: Plan, traced: boolean) {
    this.#plan = plan;
    this.#trace = new Trace(traced);
    plan.nodes.forEach((node, at) => this.#build(node, at, traced));
  }

  async play(): Promise<Outcome> {
    const { hours, steps } = this.#plan;
    const endMs = hours * HOUR_MS;
    const healMs = endMs * HEALED_PART;
    const time = this.#time;
    for (const node of this.#nodes.values()) node.start();
    for (const step of steps) time.at(step.atMs, () => this.#apply(step));
    await time.runUntil(healMs);
    await this.#topUp();
    this.#heal();
    await time.runUntil(endMs - LOOK_MS, () => false);
    await time.runUntil(endMs);
    if (time.bug === null) await this.#judge();
    return this.#outcome();
  }

  // ── building ─────────────────────────────────────────────────────────────────────────────────

  #build(plan: NodePlan, at: number, traced: boolean): void {
    const { seed } = this.#plan;
    const { name, upstream, store, topics, forwarder } = plan;
    const time = this.#time;
    const link = new SimulatedLink(time, diceOf(seed * 7_919 + at));
    link.latencyMs = plan.latencyMs;
    link.bytesPerMs = plan.bytesPerMs;
    cores[at] ??= testCore();
    const node = new FleetNode({
      time,
      seed: seed * 100 + at,
      settings: { name, store, topics, forwarder },
      core: cores[at]!,
      logger: traced ? this.#logger(name) : SILENT_LOGGER,
      client: () => (caller) =>
        link.client(caller, ({ hostname }) => this.#nodes.get(hostname.replace(/\.sim$/, ""))),
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
    const downMs = this.#healed ? DOWN_MS : this.#downMs.get(node.name) ?? DOWN_MS;
    this.#time.after(downMs, () => node.start());
  }

  #note(what: string): void {
    this.#trace.note(this.#time.nowMs, what);
  }

  #apply(step: Plan["steps"][number]): void {
    if (isFault(step)) this.#strike(step);
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
    this.#publishing++;
    this.#note(
      `${node.name} publishes ${values.length} from ${burst.firstId} to ${topic}/${partition}`,
    );
    process!.publish(topic, partition, values).then((ack) => {
      this.#publishing--;
      if (ack === null) return this.#note(`${node.name} refuses ${burst.firstId}`);
      this.#note(`${node.name} acknowledges ${burst.firstId} at ${ack.logId} ${ack.baseOffset}`);
      this.#oracle.acknowledge(burst, ack);
    }, (error) => this.#time.bug ??= error);
  }

  #strike(fault: Fault): void {
    const node = this.#nodes.get(fault.node)!;
    const link = this.#links.get(fault.node)!;
    const { nowMs } = this.#time;
    this.#faults++;
    this.#note(`fault ${JSON.stringify(fault)}`);
    const until = (forMs: number, over: () => void) =>
      void this.#time.after(forMs, () => this.#healed || over());
    switch (fault.kind) {
      case "link_down":
        link.up = false;
        return until(fault.forMs, () => link.up = true);
      case "link_stall":
        link.stalledUntilMs = nowMs + fault.forMs;
        return;
      case "link_trouble":
        link.faults = fault.faults;
        return until(fault.forMs, () => link.faults = NO_FAULTS);
      case "link_slow":
        link.bytesPerMs = fault.bytesPerMs;
        return until(fault.forMs, () => link.bytesPerMs = this.#planOf(node).bytesPerMs);
      case "crash":
        this.#downMs.set(node.name, fault.downMs);
        return node.crash(fault.death);
      case "crash_at_step":
        this.#downMs.set(node.name, fault.downMs);
        return node.crashAfter(fault.skip, fault.death);
      case "crash_in_commit":
        this.#downMs.set(node.name, fault.downMs);
        return node.crashInCommit(fault.death, fault.skip);
      case "restart":
        void node.stop().then(() => this.#time.after(fault.downMs, () => node.start()));
        return;
      case "sync_trouble":
        node.syncTrouble = fault.share;
        return until(fault.forMs, () => node.syncTrouble = 0);
      case "disk_full":
        node.disk.capacityBytes = node.capacityBytes = node.disk.usedBytes() + fault.roomBytes;
        return until(fault.forMs, () => {
          node.disk.capacityBytes = node.capacityBytes = Infinity;
        });
      case "wall_jump":
        node.clock.wallErrorMs += fault.byMs;
        return;
      case "drift":
        node.clock.rate = fault.rate;
    }
  }

  #planOf(node: FleetNode): NodePlan {
    return this.#plan.nodes.find(({ name }) => name === node.name)!;
  }

  // ── healing and judging ──────────────────────────────────────────────────────────────────────

  /** What chance left short: records, and a crash inside a commit. */
  async #topUp(): Promise<void> {
    const gateway = this.#plan.nodes.find(({ role }) => role === "gateway")!.name;
    const node = this.#nodes.get(gateway)!;
    const short = () => this.#oracle.acknowledged < RECORDS_MIN || this.#crashesInCommit() === 0;
    for (let turn = 0; turn < 60 && short() && this.#time.bug === null; turn++) {
      if (this.#crashesInCommit() === 0 && node.up) {
        this.#downMs.set(gateway, DOWN_MS);
        node.crashInCommit("prefix", 0);
      }
      this.#publish({
        ...{ kind: "publish", atMs: this.#time.nowMs, node: gateway, topic: "logs" },
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

  #heal(): void {
    this.#healed = true;
    this.#note("healed");
    for (const node of this.#nodes.values()) {
      const link = this.#links.get(node.name)!;
      link.up = true;
      link.faults = NO_FAULTS;
      link.stalledUntilMs = 0;
      link.bytesPerMs = this.#planOf(node).bytesPerMs;
      node.syncTrouble = 0;
      node.disk.capacityBytes = node.capacityBytes = Infinity;
      node.disk.onStep = null;
      if (node.process?.alive !== true) this.#time.after(DOWN_MS, () => node.start());
    }
  }

  async #judge(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    for (const node of nodes) if (!node.up) this.#wrongs.push(`liveness: ${node.name} is not up`);
    if (this.#wrongs.length > 0) return;
    for (const { name, process } of nodes) {
      const status = process!.forwarder?.status();
      if (status !== undefined && (status.lagRecords > 0 || status.state !== "connected")) {
        this.#wrongs.push(`liveness: ${name} ${JSON.stringify(status)}`);
      }
    }
    const judged = this.#oracle.wrongs(this.#nodes.get("centre")!, nodes);
    let over = false;
    void judged.finally(() => over = true);
    await this.#time.runUntil(this.#time.nowMs + HOUR_MS, () => over);
    this.#wrongs.push(...await judged);
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
      faults: this.#faults,
      crashes: sum(({ deaths }) => deaths),
      crashesInCommit: this.#crashesInCommit(),
      requests: [...this.#links.values()].reduce((total, { requests }) => total + requests, 0),
      turns,
      lines: this.#trace.lines,
    };
  }
}
