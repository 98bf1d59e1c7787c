/** Does to a fleet what a plan says goes wrong, and takes it back when its time is over. */
import { NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { NO_FAULTS } from "../../support/flaky_link.ts";
import type { FleetNode, Image } from "./fleet_node.ts";
import type { SimulatedLink } from "./network.ts";
import type { Oracle } from "./oracle.ts";
import { batchPlaces } from "./raw_batches.ts";
import type { Fault, NodePlan, Plan } from "./plan.ts";
import type { VirtualTime } from "./virtual_time.ts";

export interface StrikerOptions {
  readonly plan: Plan;
  readonly time: VirtualTime;
  readonly oracle: Oracle;
  readonly nodes: ReadonlyMap<string, FleetNode>;
  readonly links: ReadonlyMap<string, SimulatedLink>;
  readonly note: (what: string) => void;
}

/** How long a machine is away when nothing else is said. */
export const DOWN_MS = 5_000;

/** Of a batch: its offset and its length. */
const PREFIX_BYTES = 12;

export class Striker {
  faults = 0;
  healed = false;
  readonly #options: StrikerOptions;
  readonly #downMs = new Map<string, number>();
  readonly #images = new Map<string, { image: Image; bursts: number; acks: number }>();

  constructor(options: StrikerOptions) {
    this.#options = options;
  }

  /** How long it stays away once it died. */
  downMs(name: string): number {
    return this.healed ? DOWN_MS : this.#downMs.get(name) ?? DOWN_MS;
  }

  strike(fault: Fault): void {
    const { nodes, links, note } = this.#options;
    const node = nodes.get(fault.node)!;
    this.faults++;
    note(`fault ${JSON.stringify(fault)}`);
    if ("downMs" in fault) this.#downMs.set(node.name, fault.downMs);
    if (!this.#strikeLink(fault, links.get(fault.node)!)) this.#strikeNode(fault, node);
  }

  /** Everything is well from now on. */
  heal(): void {
    const { links, nodes, plan, time } = this.#options;
    this.healed = true;
    for (const node of nodes.values()) {
      const link = links.get(node.name)!;
      link.up = true;
      // Nothing bounds it from here on.
      link.counting = false;
      link.faults = NO_FAULTS;
      link.stalledUntilMs = 0;
      link.bytesPerMs = planOf(plan, node.name).bytesPerMs;
      node.syncTrouble = 0;
      node.stall(0);
      node.limit(Infinity);
      node.disarm();
      node.unbounded = true;
      node.process?.budget?.change(NO_BUDGET);
      if (node.process !== null && !node.process.alive) time.after(DOWN_MS, () => node.start());
    }
  }

  /** Whether it was one of a link. */
  #strikeLink(fault: Fault, link: SimulatedLink): boolean {
    const { plan, time } = this.#options;
    switch (fault.kind) {
      case "link_down":
        link.up = false;
        this.#after(fault.forMs, () => link.up = true);
        return true;
      case "link_stall":
        link.stalledUntilMs = time.nowMs + fault.forMs;
        return true;
      case "link_trouble":
        link.faults = fault.faults;
        this.#after(fault.forMs, () => link.faults = NO_FAULTS);
        return true;
      case "link_slow":
        link.bytesPerMs = fault.bytesPerMs;
        this.#after(fault.forMs, () => link.bytesPerMs = planOf(plan, fault.node).bytesPerMs);
        return true;
      default:
        return false;
    }
  }

  #strikeNode(fault: Fault, node: FleetNode): void {
    switch (fault.kind) {
      case "crash":
        return node.crash(fault.death);
      case "crash_at_step":
        return node.crashAfter(fault.skip, fault.death);
      case "crash_in_commit":
        return node.crashInCommit(fault.death, fault.skip);
      case "crash_in_eviction":
        return node.crashInEviction(fault.death, fault.skip);
      case "restart":
        return this.#restart(node, fault.downMs);
      case "sync_trouble":
        node.syncTrouble = fault.share;
        return this.#after(fault.forMs, () => node.syncTrouble = 0);
      case "sync_stall":
        node.stall(fault.stallMs);
        return this.#after(fault.forMs, () => node.stall(0));
      case "disk_full":
        node.limit(node.disk.usedBytes() + fault.roomBytes);
        return this.#after(fault.forMs, () => node.limit(Infinity));
      case "wall_jump":
        node.clock.wallErrorMs += fault.byMs;
        return;
      case "drift":
        node.clock.rate = fault.rate;
        return;
      case "reroute":
        node.upstream = fault.to;
        return;
      case "decay":
        return this.#decay(node, fault.part, fault.bit);
      case "image":
        this.#images.set(node.name, {
          image: node.image(),
          bursts: this.#options.oracle.bursts.length,
          acks: this.#options.oracle.acknowledgements.length,
        });
        return;
      case "restore":
        return this.#restore(node);
      case "clone":
        return this.#clone(node);
    }
  }

  #after(forMs: number, over: () => void): void {
    this.#options.time.after(forMs, () => this.healed || over());
  }

  #restart(node: FleetNode, downMs: number): void {
    // A copy that is not made yet: an empty machine under its name would be a node of its own.
    if (node.process === null) return;
    void node.stop().then(() => this.#options.time.after(downMs, () => node.start()));
  }

  /** What it took in since then is gone with the machine: nobody owes it any more. */
  #restore(node: FleetNode): void {
    const kept = this.#images.get(node.name);
    if (kept === undefined) return;
    node.crash("killed");
    node.restore(kept.image);
    this.#options.oracle.excuseBursts(node.name, kept);
    if (node.process?.alive !== true) this.#options.time.after(DOWN_MS, () => node.start());
  }

  #clone(node: FleetNode): void {
    const { nodes, plan } = this.#options;
    const original = nodes.get(planOf(plan, node.name).cloneOf!)!;
    node.restore(original.image());
    node.start();
  }

  /** Not in the last batch of a file: that damage cannot be told from tearing. */
  #decay(node: FleetNode, part: number, bit: number): void {
    const { oracle, note } = this.#options;
    const places = node.segments().flatMap(({ path, bytes }) =>
      batchPlaces(bytes).slice(0, -1).map((place) => ({ path, ...place }))
    );
    const place = places[Math.floor(part * places.length)];
    if (place === undefined) return;
    // Beside its length, which a batch's checksum does not cover: how much damage to that costs
    // where there is more of it in the file is a matter of test/store/recovery.test.ts.
    const at = PREFIX_BYTES + Math.floor((part * 7_919 % 1) * (place.bytes - PREFIX_BYTES));
    const position = place.position + at;
    note(`${node.name} decays in ${place.path} at ${position}`);
    const raw = node.disk.contents(place.path)
      .subarray(place.position, place.position + place.bytes);
    const { role } = planOf(this.#options.plan, node.name);
    if (role !== "gateway") oracle.excuseBatch(node, raw);
    node.disk.flipBit(place.path, position, bit);
  }
}

export function planOf(plan: Plan, name: string): NodePlan {
  return plan.nodes.find((node) => node.name === name)!;
}
