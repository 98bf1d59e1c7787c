/** Draws a plan from a seed. */
import { diceOf, pick } from "../../support/dice.ts";
import type { CrashModel } from "../../support/simulated_disk.ts";
import type { TopicSettings } from "../../../src/store/settings.ts";
import { type Fault, HEALED_PART, type NodePlan, type Plan, type Publish } from "./plan.ts";

/** Records that a day brings at the least; a part of them is refused or lost before it counts. */
const RECORDS_A_DAY = 6_500;
const FAULTS_MIN = 24;
const HOUR_MS = 3_600_000;

export const TOPICS = ["logs", "metrics"] as const;

type Dice = () => number;

export function drawPlan(seed: number, hours: number): Plan {
  const dice = diceOf(seed * 2_654_435_761);
  const nodes = drawNodes(dice);
  const activeMs = hours * HOUR_MS * HEALED_PART;
  const publishes = drawPublishes(dice, nodes, { activeMs, records: RECORDS_A_DAY });
  const faults = drawFaults(dice, nodes, activeMs);
  const companions = faults.filter(({ kind }) => kind === "crash_in_commit")
    .map((fault) => companionOf(dice, nodes, fault));
  const steps = [...publishes, ...faults, ...companions].sort((a, b) => a.atMs - b.atMs);
  return { seed, hours, nodes, steps };
}

// ── the fleet ──────────────────────────────────────────────────────────────────────────────────

function drawNodes(dice: Dice): NodePlan[] {
  const gateways = 2 + Math.floor(dice() * dice() * 3);
  const hasRelay = dice() < 0.35;
  const partitions = dice() < 0.6 ? 1 : 2;
  const topics = drawTopics(dice);
  const nodes: NodePlan[] = [
    drawNode(dice, { name: "centre", role: "centre", partitions, topics }),
  ];
  if (hasRelay) {
    nodes.push(
      drawNode(dice, { name: "site", role: "relay", upstream: "centre", partitions, topics }),
    );
  }
  for (let at = 1; at <= gateways; at++) {
    const upstream = hasRelay && (at === 1 || dice() < 0.5) ? "site" : "centre";
    nodes.push(drawNode(dice, { name: `g${at}`, role: "gateway", upstream, partitions, topics }));
  }
  return nodes;
}

type Topics = NodePlan["topics"];

function drawTopics(dice: Dice): Topics {
  const common: Partial<TopicSettings> = {
    compressionType: dice() < 0.2 ? "lz4" : "none",
    segmentBytes: pick(dice, [2_000, 6_000, 20_000]),
    retentionMs: -1,
  };
  return Object.fromEntries(TOPICS.map((topic) => [topic, common]));
}

interface NodeGiven {
  readonly name: string;
  readonly role: NodePlan["role"];
  readonly upstream?: string;
  readonly partitions: number;
  readonly topics: Topics;
}

function drawNode(dice: Dice, { name, role, upstream, partitions, topics }: NodeGiven): NodePlan {
  const retained: Partial<TopicSettings> = role === "centre" ? {} : {
    retentionBytes: pick(dice, [-1, 5_000, 30_000]),
    retainUntil: dice() < 0.3 ? "settled" : "held",
  };
  const own = Object.fromEntries(
    Object.entries(topics).map(([topic, settings]) => [topic, { ...settings, ...retained }]),
  );
  return {
    name,
    role,
    upstream: upstream ?? null,
    syncMs: pick(dice, [0, 0, 3, 20]),
    rate: 1 + (dice() - 0.5) * 0.001,
    store: {
      defaultPartitions: partitions,
      checkpointBytes: pick(dice, [3_000, 20_000, 1_000_000]),
      lingerMs: pick(dice, [0, 0, 5]),
    },
    topics: own,
    forwarder: {
      probeMs: pick(dice, [300_000, 1_200_000]),
      pace: {
        requestBytes: pick(dice, [4_000, 30_000, 1_048_576]),
        inFlightMax: pick(dice, [1, 4, 4]),
        timeoutMs: 30_000,
      },
      backoff: { firstMs: 100, capMs: pick(dice, [30_000, 120_000]) },
    },
    latencyMs: pick(dice, [1, 30, 300]),
    bytesPerMs: pick(dice, [5, 50, 1_000]),
  };
}

// ── what devices publish ───────────────────────────────────────────────────────────────────────

function drawPublishes(
  dice: Dice,
  nodes: readonly NodePlan[],
  { activeMs, records }: { readonly activeMs: number; readonly records: number },
): Publish[] {
  const publishes: Publish[] = [];
  for (let sum = 0; sum < records;) {
    const node = pick(dice, nodes.filter(({ role }) => role === "gateway"));
    const burst = 10 + Math.floor(dice() * dice() * 250);
    sum += burst;
    publishes.push({
      kind: "publish",
      atMs: Math.floor(dice() * activeMs),
      node: node.name,
      topic: dice() < 0.6 ? TOPICS[0] : TOPICS[1],
      partition: Math.floor(dice() * node.store.defaultPartitions!),
      records: burst,
      bytes: 10 + Math.floor(dice() * dice() * 80),
    });
  }
  return publishes;
}

/** A crash inside a commit needs a commit: something is published right behind it. */
function companionOf(dice: Dice, nodes: readonly NodePlan[], { atMs, node }: Fault): Publish {
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

// ── what goes wrong ────────────────────────────────────────────────────────────────────────────

function drawFaults(dice: Dice, nodes: readonly NodePlan[], activeMs: number): Fault[] {
  const count = FAULTS_MIN + Math.floor(dice() * 12);
  // Where later writes may outlive earlier ones, order is lost; see the README of replication.
  const model: CrashModel = "prefix";
  return Array.from({ length: count }, (_, at) => {
    const atMs = Math.floor(dice() * activeMs);
    const node = pick(dice, nodes);
    if (at === 0) return crashInCommit(dice, { atMs, node: node.name, model });
    return drawFault(dice, { atMs, node, model });
  });
}

interface Where {
  readonly atMs: number;
  readonly node: NodePlan;
  readonly model: CrashModel;
}

function drawFault(dice: Dice, { atMs, node, model }: Where): Fault {
  const at = { atMs, node: node.name };
  const drawn = dice() * 100;
  if (node.upstream !== null && drawn < 40) return drawLinkFault(dice, at);
  if (drawn < 58) return crashInCommit(dice, { ...at, model });
  if (drawn < 70) return { ...at, ...drawDeath(dice, model), kind: "crash", skip: 0 };
  if (drawn < 82) {
    const skip = 1 + Math.floor(dice() * 40);
    return { ...at, ...drawDeath(dice, model), kind: "crash_at_step", skip };
  }
  if (drawn < 87) return { ...at, kind: "restart", downMs: drawDown(dice) };
  if (drawn < 92) {
    const [share, forMs] = [pick(dice, [0.05, 0.3]), minutes(dice, 60)];
    return { ...at, kind: "sync_trouble", share, forMs };
  }
  if (drawn < 96) {
    return { ...at, kind: "wall_jump", byMs: Math.floor((dice() - 0.5) * 4 * 24 * HOUR_MS) };
  }
  return { ...at, kind: "drift", rate: 1 + (dice() - 0.5) * 0.05 };
}

function drawLinkFault(dice: Dice, at: { readonly atMs: number; readonly node: string }): Fault {
  const drawn = dice();
  if (drawn < 0.35) return { ...at, kind: "link_down", forMs: minutes(dice, 240) };
  if (drawn < 0.5) return { ...at, kind: "link_stall", forMs: minutes(dice, 30) };
  if (drawn < 0.7) {
    const bytesPerMs = pick(dice, [0.2, 1, 4]);
    return { ...at, kind: "link_slow", forMs: minutes(dice, 120), bytesPerMs };
  }
  const faults = {
    loseRequest: dice() * 0.3,
    loseAnswer: dice() * 0.3,
    repeat: dice() * 0.3,
    damage: dice() * 0.1,
    delayMs: pick(dice, [0, 200, 5_000]),
  };
  return { ...at, kind: "link_trouble", forMs: minutes(dice, 180), faults };
}

function crashInCommit(
  dice: Dice,
  { atMs, node, model }: { atMs: number; node: string; model: CrashModel },
): Fault {
  const skip = Math.floor(dice() * 3);
  return { atMs, node, ...drawDeath(dice, model), kind: "crash_in_commit", skip };
}

function drawDeath(dice: Dice, model: CrashModel) {
  const death = dice() < 0.3 ? "killed" as const : model;
  return { death, downMs: drawDown(dice) };
}

function drawDown(dice: Dice): number {
  return dice() < 0.7 ? 1_000 + Math.floor(dice() * 60_000) : minutes(dice, 120);
}

function minutes(dice: Dice, most: number): number {
  return Math.floor((0.02 + dice() * dice()) * most * 60_000);
}
