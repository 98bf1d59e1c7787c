/** Draws what goes wrong in a plan. */
import { pick } from "../../support/dice.ts";
import type { CrashModel } from "../../support/simulated_disk.ts";
import type { Character, Dice } from "./draw_plan.ts";
import type { Fault, NodePlan } from "./plan.ts";

const FAULTS_MIN = 24;
const MINUTE_MS = 60_000;

interface Drawn {
  readonly nodes: readonly NodePlan[];
  readonly activeMs: number;
  readonly character: Character;
}

interface Where {
  readonly atMs: number;
  readonly node: string;
}

export function drawFaults(dice: Dice, { nodes, activeMs, character }: Drawn): Fault[] {
  const faults = drawSpecials(dice, { nodes, activeMs, character });
  const count = FAULTS_MIN + Math.floor(dice() * 12);
  const modelOf = ({ role }: NodePlan): CrashModel =>
    character.anyOrder && role === "gateway" ? "any_order" : "prefix";
  for (let at = 0; at < count; at++) {
    const atMs = Math.floor(dice() * activeMs);
    const node = pick(dice, nodes);
    const where = { atMs, node: node.name };
    faults.push(
      at === 0
        ? crashInCommit(dice, where, modelOf(node))
        : drawFault(dice, where, { plan: node, model: modelOf(node), character }),
    );
  }
  return faults;
}

/** What a seed may be about: each comes as a story of its own. */
function drawSpecials(dice: Dice, { nodes, activeMs, character }: Drawn): Fault[] {
  const gateways = nodes.filter(({ role, cloneOf }) => role === "gateway" && cloneOf === undefined);
  const faults: Fault[] = [];
  const within = (from: number, to: number) => Math.floor(activeMs * (from + dice() * (to - from)));
  const image = (node: string) => {
    const atMs = within(0.1, 0.6);
    const laterMs = atMs + minutes(dice, 240);
    faults.push({ kind: "image", node, atMs });
    faults.push({ kind: "restore", node, atMs: laterMs, downMs: drawDown(dice) });
  };
  if (character.gatewayImage) image(pick(dice, gateways).name);
  if (character.centreImage) image("centre");
  if (character.clone) {
    const { name } = nodes.find(({ cloneOf }) => cloneOf !== undefined)!;
    faults.push({ kind: "clone", node: name, atMs: within(0.1, 0.7) });
  }
  if (character.reroute) {
    const { name } = pick(dice, gateways);
    for (let turn = 0; turn < 4; turn++) {
      faults.push({
        ...{ kind: "reroute", node: name },
        atMs: within(turn / 5, (turn + 1) / 5),
        to: turn % 2 === 0 ? "centre" : "site",
      });
    }
  }
  // A long outage: what the rest of the seed is to cope with.
  if (character.live || character.smallDisks) {
    const small = gateways.filter(isSmall);
    const { name } = pick(dice, small.length > 0 ? small : gateways);
    const forMs = Math.floor(activeMs * (0.2 + (small.length > 0 ? 0.4 : 0.2) * dice()));
    const atMs = within(0.1, 0.5);
    faults.push({ kind: "link_down", node: name, atMs, forMs });
    if (character.live) faults.push(...crashesWhileItCatchesUp(atMs + forMs));
  }
  return faults;
}

/** The centre goes down while a backlog drains behind the live records. */
function crashesWhileItCatchesUp(fromMs: number): Fault[] {
  return [15_000, 45_000, 100_000, 160_000].map((laterMs) => ({
    ...{ kind: "crash" as const, node: "centre", atMs: fromMs + laterMs },
    ...{ death: "prefix" as const, skip: 0, downMs: 2_000 },
  }));
}

/** Of gateways whose disks are small: in the middle of giving something up. */
export function drawEvictionCrashes(
  dice: Dice,
  nodes: readonly NodePlan[],
  activeMs: number,
): Fault[] {
  return nodes.filter(isSmall).flatMap(({ name }) =>
    Array.from({ length: 3 }, () => ({
      ...{ kind: "crash_in_eviction" as const, node: name, skip: Math.floor(dice() * 3) },
      ...{ atMs: Math.floor(dice() * activeMs), ...drawDeath(dice, "prefix") },
    }))
  );
}

function drawFault(
  dice: Dice,
  at: Where,
  { plan, model, character }: {
    readonly plan: NodePlan;
    readonly model: CrashModel;
    readonly character: Character;
  },
): Fault {
  const drawn = dice() * 100;
  if (plan.upstream !== null && drawn < 38) return drawLinkFault(dice, at);
  if (character.decay && drawn < 46) {
    return { ...at, kind: "decay", part: dice(), bit: Math.floor(dice() * 8) };
  }
  if (drawn < 58) return crashInCommit(dice, at, model);
  if (drawn < 68) return { ...at, ...drawDeath(dice, model), kind: "crash", skip: 0 };
  if (drawn < 80) {
    const skip = 1 + Math.floor(dice() * 40);
    return { ...at, ...drawDeath(dice, model), kind: "crash_at_step", skip };
  }
  if (drawn < 85) return { ...at, kind: "restart", downMs: drawDown(dice) };
  if (drawn < 89) {
    const [share, forMs] = [pick(dice, [0.05, 0.3]), minutes(dice, 60)];
    return { ...at, kind: "sync_trouble", share, forMs };
  }
  if (drawn < 93) {
    const roomBytes = Math.floor(dice() * dice() * 60_000);
    return { ...at, kind: "disk_full", roomBytes, forMs: minutes(dice, 120) };
  }
  if (drawn < 97) {
    return { ...at, kind: "wall_jump", byMs: Math.floor((dice() - 0.5) * 4 * 1_440) * MINUTE_MS };
  }
  return { ...at, kind: "drift", rate: 1 + (dice() - 0.5) * 0.05 };
}

function isSmall({ store }: NodePlan): boolean {
  return (store.diskBudgetBytes ?? null) !== null;
}

function drawLinkFault(dice: Dice, at: Where): Fault {
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

function crashInCommit(dice: Dice, at: Where, model: CrashModel): Fault {
  const skip = Math.floor(dice() * 3);
  return { ...at, ...drawDeath(dice, model), kind: "crash_in_commit", skip };
}

function drawDeath(dice: Dice, model: CrashModel) {
  const death = dice() < 0.3 ? "killed" as const : model;
  return { death, downMs: drawDown(dice) };
}

function drawDown(dice: Dice): number {
  return dice() < 0.7 ? 1_000 + Math.floor(dice() * 60_000) : minutes(dice, 120);
}

function minutes(dice: Dice, most: number): number {
  return Math.floor((0.02 + dice() * dice()) * most * MINUTE_MS);
}
