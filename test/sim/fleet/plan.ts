/**
 * What a seed stands for: a fleet, and a day of its life. A plan is data, drawn before anything
 * runs, so that a failure can be made smaller by leaving steps out.
 */
import type { LinkFaults } from "../../support/flaky_link.ts";
import type { BudgetSettings } from "../../../src/replication/budget/budget_settings.ts";
import type { ForwarderSettings } from "../../../src/replication/forwarder_options.ts";
import type { StoreSettings, TopicSettings } from "../../../src/store/settings.ts";
import type { About } from "./draw_plan.ts";
import type { Death } from "./fleet_node.ts";

export interface NodePlan {
  readonly name: string;
  readonly role: "gateway" | "relay" | "centre";
  readonly upstream: string | null;
  /** Milliseconds a sync takes at the most; zero: none. */
  readonly syncMs: number;
  /** What its oscillator counts in one of our milliseconds. */
  readonly rate: number;
  readonly store: Partial<StoreSettings>;
  readonly topics: Readonly<Record<string, Partial<TopicSettings>>>;
  readonly forwarder: Partial<ForwarderSettings>;
  readonly budget: Partial<BudgetSettings> | null;
  /** A copy of that node's card; it lives from a step of the plan on. */
  readonly cloneOf?: string;
  /** Of its link upstream. */
  readonly latencyMs: number;
  readonly bytesPerMs: number;
}

interface At {
  readonly atMs: number;
  readonly node: string;
}

export type Publish = At & {
  readonly kind: "publish";
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** Of each record, about. */
  readonly bytes: number;
};

export type Fault =
  | At & { readonly kind: "link_down" | "link_stall"; readonly forMs: number }
  | At & { readonly kind: "link_trouble"; readonly forMs: number; readonly faults: LinkFaults }
  | At & { readonly kind: "link_slow"; readonly forMs: number; readonly bytesPerMs: number }
  | At & {
    readonly kind: "crash" | "crash_in_commit" | "crash_in_eviction" | "crash_at_step";
    readonly death: Death;
    /** Steps, or syncs, until then. */
    readonly skip: number;
    readonly downMs: number;
  }
  | At & { readonly kind: "restart"; readonly downMs: number }
  | At & { readonly kind: "sync_trouble"; readonly forMs: number; readonly share: number }
  /** Each sync takes up to so long. */
  | At & { readonly kind: "sync_stall"; readonly forMs: number; readonly stallMs: number }
  | At & { readonly kind: "disk_full"; readonly forMs: number; readonly roomBytes: number }
  | At & { readonly kind: "wall_jump"; readonly byMs: number }
  | At & { readonly kind: "drift"; readonly rate: number }
  /** Somebody copies the data directory: an image to be put back later. */
  | At & { readonly kind: "image" }
  | At & { readonly kind: "restore"; readonly downMs: number }
  | At & { readonly kind: "clone" }
  | At & { readonly kind: "reroute"; readonly to: string }
  /** Bits flip at rest, in one batch of one file. */
  | At & { readonly kind: "decay"; readonly part: number; readonly bit: number };

export type Step = Publish | Fault;

export interface Plan {
  readonly seed: number;
  readonly hours: number;
  readonly character: About;
  readonly nodes: readonly NodePlan[];
  readonly steps: readonly Step[];
}

/** The faults end, and everything must be delivered in what is left of the time. */
export const HEALED_PART = 0.93;

export function isFault(step: Step): step is Fault {
  return step.kind !== "publish";
}
