/** Draws a plan from a seed. */
import { diceOf, pick } from "../../support/dice.ts";
import type { TopicSettings } from "../../../src/store/settings.ts";
import { drawEvictionCrashes, drawFaults } from "./draw_faults.ts";
import { drawStories, type Stories, tellStories } from "./draw_stories.ts";
import { HEALED_PART, type NodePlan, type Plan, type Publish } from "./plan.ts";

/** Records that a day brings at the least; a part of them is refused or lost before it counts. */
const RECORDS_A_DAY = 6_500;
const HOUR_MS = 3_600_000;
/** What the books of a small node take of its budget, about. */
const BOOKS_BYTES = 560_000;

export const TOPICS = ["logs", "metrics"] as const;

export type Dice = () => number;

/** What a seed is about; most are about a few of these. */
export interface Character {
  /** One topic puts live records first, and there is enough of them to matter. */
  readonly live: boolean;
  readonly relay: boolean;
  /** Gateways with disks too small for an outage. */
  readonly smallDisks: boolean;
  /** Links with a cap or a quota. */
  readonly linkBudget: boolean;
  readonly decay: boolean;
  readonly clone: boolean;
  /** A gateway that is put back to an older image. */
  readonly gatewayImage: boolean;
  /** The same of the centre. */
  readonly centreImage: boolean;
  readonly reroute: boolean;
  /** Power cuts that keep later writes and lose earlier ones; see the README of replication. */
  readonly anyOrder: boolean;
}

/** What a plan is about: its character, and the stories it tells. */
export type About = Character & Stories;

export function drawPlan(seed: number, hours: number): Plan {
  const dice = diceOf(seed * 2_654_435_761);
  const relay = dice() < 0.4;
  const character: Character = {
    relay,
    live: dice() < 0.35,
    smallDisks: dice() < 0.3,
    linkBudget: dice() < 0.12,
    decay: dice() < 0.25,
    clone: dice() < 0.1,
    gatewayImage: dice() < 0.12,
    centreImage: dice() < 0.12,
    reroute: relay && dice() < 0.5,
    anyOrder: dice() < 0.15,
  };
  const nodes = drawNodes(dice, character);
  const activeMs = hours * HOUR_MS * HEALED_PART;
  const publishes = drawPublishes(dice, nodes, { activeMs, live: character.live });
  const faults = drawFaults(dice, { nodes, activeMs, character });
  if (character.smallDisks) {
    faults.push(...drawEvictionCrashes(diceOf(seed * 40_503 + 17), nodes, activeMs));
  }
  const companions = faults.filter(({ kind }) => kind === "crash_in_commit")
    .map(({ atMs, node }) => companionOf(dice, nodes, { atMs, node }));
  // Begun so that the seeds the tests name are as they were when they were found.
  const storyDice = diceOf(seed * 69_069 + 113_238_111);
  const stories = drawStories(storyDice, character.live);
  const told = tellStories(storyDice, stories, { nodes, activeMs, live: character.live });
  const steps = [...publishes, ...faults, ...companions, ...told].sort((a, b) => a.atMs - b.atMs);
  return { seed, hours, character: { ...character, ...stories }, nodes, steps };
}

// ── the fleet ──────────────────────────────────────────────────────────────────────────────────

interface FleetDrawn {
  readonly character: Character;
  readonly partitions: number;
  readonly topics: NodePlan["topics"];
}

function drawNodes(dice: Dice, character: Character): NodePlan[] {
  const gateways = 2 + Math.floor(dice() * dice() * 3);
  const drawn: FleetDrawn = {
    character,
    partitions: dice() < 0.6 ? 1 : 2,
    topics: drawTopics(dice, character),
  };
  const nodes: NodePlan[] = [drawNode(dice, drawn, { name: "centre", role: "centre" })];
  if (character.relay) {
    nodes.push(drawNode(dice, drawn, { name: "site", role: "relay", upstream: "centre" }));
  }
  for (let at = 1; at <= gateways; at++) {
    const upstream = character.relay && (at === 1 || dice() < 0.5) ? "site" : "centre";
    nodes.push(drawNode(dice, drawn, { name: `g${at}`, role: "gateway", upstream }));
  }
  if (character.clone) {
    const original = nodes.at(-1)!;
    nodes.push({ ...original, name: `${original.name}x`, cloneOf: original.name });
  }
  return nodes;
}

function drawTopics(dice: Dice, { live }: Character): NodePlan["topics"] {
  const common: Partial<TopicSettings> = {
    compressionType: dice() < 0.2 ? "lz4" : "none",
    segmentBytes: live ? 40_000 : pick(dice, [2_000, 6_000, 20_000]),
    retentionMs: -1,
  };
  return {
    logs: { ...common, priority: pick(dice, [5, 9]) },
    metrics: { ...common, replicationOrder: live ? "live_first" : "strict" },
  };
}

interface NodeGiven {
  readonly name: string;
  readonly role: NodePlan["role"];
  readonly upstream?: string;
}

function drawNode(
  dice: Dice,
  { character, partitions, topics }: FleetDrawn,
  { name, role, upstream }: NodeGiven,
): NodePlan {
  const retained: Partial<TopicSettings> = role === "centre" ? {} : {
    retentionBytes: pick(dice, [-1, 5_000, 30_000]),
    retainUntil: dice() < 0.3 ? "settled" : "held",
  };
  const small = role === "gateway" && character.smallDisks && dice() < 0.7;
  const diskPolicy = pick(dice, ["drop_oldest", "drop_oldest", "reject", "keep_errors"] as const);
  const policy: Partial<TopicSettings> = role === "gateway"
    ? { diskPolicy, severityField: diskPolicy === "keep_errors" ? "json:level" : "" }
    // What the root holds is the operator's to remove; it must not look like a loss.
    : { diskPolicy: role === "centre" ? "reject" : "drop_oldest" };
  const own = Object.fromEntries(
    Object.entries(topics).map(([topic, all]) => [topic, { ...all, ...retained, ...policy }]),
  );
  const roomBytes = pick(dice, [100_000, 130_000]) * (character.live ? 3 : 1);
  return {
    name,
    role,
    upstream: upstream ?? null,
    syncMs: pick(dice, [0, 0, 3, 20]),
    rate: 1 + (dice() - 0.5) * 0.001,
    store: {
      defaultPartitions: partitions,
      checkpointBytes: pick(dice, [3_000, 20_000, 1_000_000]),
      // Each look is a turn of the simulation, for every node: most of a quiet day.
      retentionIntervalMs: 600_000,
      lingerMs: pick(dice, [0, 0, 5]),
      headroomBytes: pick(dice, [0, 20_000]),
      diskBudgetBytes: small ? BOOKS_BYTES + roomBytes : null,
    },
    topics: own,
    forwarder: drawForwarder(dice),
    budget: role !== "centre" && character.linkBudget ? drawBudget(dice) : null,
    latencyMs: pick(dice, [1, 30, 300]),
    bytesPerMs: character.live ? pick(dice, [5, 20]) : pick(dice, [5, 50, 1_000]),
  };
}

function drawForwarder(dice: Dice): NodePlan["forwarder"] {
  return {
    probeMs: pick(dice, [300_000, 1_200_000]),
    pace: {
      requestBytes: pick(dice, [16_384, 1_048_576]),
      inFlightMax: pick(dice, [1, 4, 4]),
      timeoutMs: 30_000,
    },
    backoff: { firstMs: 100, capMs: pick(dice, [30_000, 120_000]) },
  };
}

function drawBudget(dice: Dice): NodePlan["budget"] {
  return pick(dice, [
    { bytesPerSecond: 4_000 },
    { bytesPerSecond: 20_000, bytesPerDay: 400_000 },
    { bytesPerDay: 200_000 },
  ]);
}

// ── what devices publish ───────────────────────────────────────────────────────────────────────

function drawPublishes(
  dice: Dice,
  nodes: readonly NodePlan[],
  { activeMs, live }: { readonly activeMs: number; readonly live: boolean },
): Publish[] {
  const publishes: Publish[] = [];
  const gateways = nodes.filter(({ role }) => role === "gateway");
  for (let sum = 0; sum < RECORDS_A_DAY;) {
    const node = pick(dice, gateways);
    const burst = 10 + Math.floor(dice() * dice() * 250);
    sum += burst;
    const topic = dice() < (live ? 0.3 : 0.6) ? TOPICS[0] : TOPICS[1];
    publishes.push({
      kind: "publish",
      atMs: Math.floor(dice() * activeMs),
      node: node.name,
      topic,
      partition: Math.floor(dice() * node.store.defaultPartitions!),
      records: burst,
      bytes: live && topic === TOPICS[1] ? 900 : 10 + Math.floor(dice() * dice() * 80),
    });
  }
  return publishes;
}

/** A crash inside a commit needs a commit: something is published right behind it. */
function companionOf(
  dice: Dice,
  nodes: readonly NodePlan[],
  { atMs, node }: { readonly atMs: number; readonly node: string },
): Publish {
  const below = nodes.filter(({ name, upstream }) => name === node || upstream === node);
  const gateway = below.find(({ role }) => role === "gateway") ??
    nodes.find(({ role }) => role === "gateway")!;
  return {
    kind: "publish",
    atMs: atMs + 1,
    node: gateway.name,
    topic: TOPICS[0],
    partition: 0,
    records: 1 + Math.floor(dice() * 20),
    bytes: 20,
  };
}
