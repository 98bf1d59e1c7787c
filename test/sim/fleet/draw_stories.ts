/**
 * Stories that chance alone tells too seldom: each needs several things in the right order. They
 * are drawn from dice of their own, so that a seed without one stays what it was.
 */
import { pick } from "../../support/dice.ts";
import type { Dice } from "./draw_plan.ts";
import type { Fault, NodePlan, Publish, Step } from "./plan.ts";

/** Which of them a seed tells. More of them are drawn last, so that the others stay as they are. */
export interface Stories {
  /** A long backlog drains slowly behind live records, and the receiver dies meanwhile. */
  readonly catchUp: boolean;
  /** A gateway starts often during an outage, and sends all its runs through a bad link. */
  readonly manyRuns: boolean;
  /** The card of a receiver stalls: what it was sent is not durable for most of a minute. */
  readonly stalledDisk: boolean;
  /** Many small publishes within seconds, and the receiver dies while its checkpoint is fresh. */
  readonly flurry: boolean;
}

interface Told {
  readonly nodes: readonly NodePlan[];
  readonly activeMs: number;
  readonly live: boolean;
}

const MINUTE_MS = 60_000;
/** What is left of the active time, so that the end of a story is part of it. */
const LATEST_PART = 0.8;

export function drawStories(dice: Dice, live: boolean): Stories {
  return {
    catchUp: dice() < 0.5 && live,
    manyRuns: dice() < 0.15,
    stalledDisk: dice() < 0.15,
    flurry: dice() < 0.15,
  };
}

export function tellStories(dice: Dice, stories: Stories, told: Told): Step[] {
  return [
    ...stories.catchUp ? tellCatchUp(dice, told) : [],
    ...stories.manyRuns ? tellManyRuns(dice, told) : [],
    ...stories.stalledDisk ? tellStalledDisk(dice, told) : [],
    ...stories.flurry ? tellFlurries(dice, told) : [],
  ];
}

function tellCatchUp(dice: Dice, { nodes, activeMs }: Told): Step[] {
  const { name, upstream, store } = gatewayOf(dice, nodes);
  const partition = Math.floor(dice() * store.defaultPartitions!);
  const atMs = Math.floor(activeMs * LATEST_PART * dice());
  const downMs = 20 * MINUTE_MS;
  const upMs = atMs + downMs;
  const publish = (at: number, records: number): Publish => ({
    ...{ kind: "publish", atMs: Math.floor(at), node: name, topic: "metrics", partition },
    ...{ records, bytes: 900 },
  });
  const bytesPerMs = pick(dice, [0.5, 1, 2]);
  const backlogRecords = 300 + Math.floor(dice() * 300);
  const catchUpMs = backlogRecords * 1_000 / bytesPerMs;
  const steps: Step[] = [
    { kind: "link_down", node: name, atMs, forMs: downMs },
    { kind: "link_slow", node: name, atMs: upMs, forMs: 2 * catchUpMs, bytesPerMs },
  ];
  for (let left = backlogRecords; left > 0; left -= 100) {
    steps.push(publish(atMs + dice() * downMs, Math.min(100, left)));
  }
  const within = () => Math.floor(upMs + 5_000 + dice() * 1.5 * catchUpMs);
  for (let at = 0; at < 40; at++) steps.push(publish(within(), 1 + Math.floor(dice() * 3)));
  for (let at = 0; at < 5; at++) steps.push(death(dice, upstream!, within()));
  return steps;
}

function tellManyRuns(dice: Dice, { nodes, activeMs, live }: Told): Step[] {
  const { name, store } = gatewayOf(dice, nodes);
  const atMs = Math.floor(activeMs * LATEST_PART * dice());
  const runs = 4 + Math.floor(dice() * 5);
  const runMs = 3 * MINUTE_MS;
  const upMs = atMs + runs * runMs;
  const steps: Step[] = [
    { kind: "link_down", node: name, atMs, forMs: runs * runMs },
    {
      ...{ kind: "link_trouble", node: name, atMs: upMs, forMs: 20 * MINUTE_MS },
      faults: {
        ...{ loseRequest: 0.1 + 0.3 * dice(), loseAnswer: 0.2 * dice(), repeat: 0.3 * dice() },
        ...{ damage: 0, delayMs: pick(dice, [200, 5_000]) },
      },
    },
  ];
  const partition = Math.floor(dice() * store.defaultPartitions!);
  for (let run = 0; run < runs; run++) {
    const startMs = atMs + run * runMs;
    steps.push({
      ...{ kind: "publish", atMs: startMs + MINUTE_MS, node: name, partition },
      ...{ topic: pick(dice, live ? ["logs"] : ["logs", "metrics"]) },
      ...{ records: 20 + Math.floor(dice() * 80), bytes: pick(dice, [20, 400]) },
    });
    steps.push(death(dice, name, startMs + 2 * MINUTE_MS));
  }
  return steps;
}

function tellStalledDisk(dice: Dice, { nodes, activeMs }: Told): Step[] {
  const gateway = gatewayOf(dice, nodes);
  const node = gateway.upstream!;
  const atMs = Math.floor(activeMs * LATEST_PART * dice());
  const forMs = (5 + Math.floor(dice() * 15)) * MINUTE_MS;
  const steps: Step[] = [
    { kind: "sync_stall", node, atMs, forMs, stallMs: pick(dice, [45_000, 70_000, 600_000]) },
  ];
  for (let at = 0; at < 8; at++) {
    steps.push({
      ...{ kind: "publish", atMs: atMs + Math.floor(dice() * forMs), node: gateway.name },
      ...{ topic: pick(dice, ["logs", "metrics"]), records: 1 + Math.floor(dice() * 60) },
      ...{ partition: Math.floor(dice() * gateway.store.defaultPartitions!), bytes: 40 },
    });
  }
  for (let at = 0; at < 3; at++) {
    steps.push(death(dice, node, atMs + Math.floor((0.2 + 0.8 * dice()) * forMs)));
  }
  return steps;
}

function tellFlurries(dice: Dice, { nodes, activeMs }: Told): Step[] {
  const steps: Step[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const { name, upstream, store } = gatewayOf(dice, nodes);
    const partition = Math.floor(dice() * store.defaultPartitions!);
    const topic = pick(dice, ["logs", "metrics"]);
    const startMs = Math.floor(activeMs * dice());
    for (let at = 0; at < 80; at++) {
      steps.push({
        ...{ kind: "publish", atMs: startMs + 40 * at, node: name, topic, partition },
        ...{ records: 1 + Math.floor(dice() * 2), bytes: 20 },
      });
    }
    steps.push(death(dice, upstream!, startMs + 1_500 + Math.floor(dice() * 10_000)));
  }
  return steps;
}

function gatewayOf(dice: Dice, nodes: readonly NodePlan[]): NodePlan {
  return pick(
    dice,
    nodes.filter(({ role, cloneOf }) => role === "gateway" && cloneOf === undefined),
  );
}

/** A power cut, a kill, or a stop that writes down all it knows. */
function death(dice: Dice, node: string, atMs: number): Fault {
  const downMs = 2_000 + Math.floor(dice() * 10_000);
  const drawn = dice();
  if (drawn < 0.2) return { kind: "restart", node, atMs, downMs };
  const model = drawn < 0.7 ? "prefix" : "killed";
  return { kind: "crash", node, atMs, death: model, skip: 0, downMs };
}
