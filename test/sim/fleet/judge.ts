/**
 * The verdict on a fleet whose day is over: the oracle's count of what the root holds, against what
 * was acknowledged, against the ledgers, and against the accounts the product shows over HTTP.
 */
import { createEgressApp } from "../../../src/egress/http/app.ts";
import { PrometheusMetrics } from "../../../src/egress/http/metrics.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import type { OffsetRange } from "../../../src/base/types.ts";
import { inflate } from "../../../src/host/inflate.ts";
import { without } from "../../../src/store/ledger_entry.ts";
import type { FleetNode } from "./fleet_node.ts";
import type { SimulatedLink } from "./network.ts";
import { ProcessClock } from "./node_clock.ts";
import type { Openings } from "./openings.ts";
import { type Burst, type Found, idOf, type Oracle } from "./oracle.ts";
import type { OrderRule } from "./order.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./striker.ts";
import { Wrongs } from "./wrongs.ts";

export interface Judged {
  readonly plan: Plan;
  readonly oracle: Oracle;
  readonly nodes: ReadonlyMap<string, FleetNode>;
  readonly links: ReadonlyMap<string, SimulatedLink>;
  /** Where the root was told that a live stream goes ahead. */
  readonly openings: Openings;
}

/** Part of a quota that heads take, which the link does not count. */
const PAGE_RECORDS = 2_000;

export async function judge(judged: Judged): Promise<Wrongs> {
  const { oracle, plan } = judged;
  const wrongs = new Wrongs();
  const nodes = [...judged.nodes.values()].filter(({ process }) => process !== null);
  for (const node of nodes) checkAlive(node, wrongs);
  checkQuotas(judged, wrongs);
  if (wrongs.kinds.length > 0) return wrongs;
  const root = judged.nodes.get("centre")!;
  const found = await oracle.find(root, wrongs);
  await checkOrder(judged, nodes, wrongs);
  // What an image put back made undone may be known to some and not to others.
  const undone = plan.character.centreImage || plan.character.gatewayImage;
  const mayBeBoth = (burst: Burst, offset: number) =>
    undone || (isRerouted(plan, burst.node) && lostOnTheWay(judged, burst, offset));
  oracle.checkObligations(found, nodes, { mayBeBoth, wrongs });
  if (plan.character.live) await checkSourceOrder(judged, { root, found, wrongs });
  const checked = { found, heldAt: heldOf(found), wrongs };
  if (!undone) { for (const node of nodes) checkLedger(judged, { ...checked, node }); }
  for (const node of nodes) await checkAccounts(judged, { ...checked, node });
  return wrongs;
}

function checkAlive({ name, process, up }: FleetNode, wrongs: Wrongs): void {
  if (!up) return wrongs.add("liveness", `${name} is not up`);
  const status = process!.forwarder?.status();
  if (status === undefined || (status.lagRecords === 0 && status.state === "connected")) return;
  wrongs.add("liveness", `${name} ${JSON.stringify(status)}`);
}

/** In the order of arrival: at the root as was said to it, at a relay what of it is strict. */
async function checkOrder(
  { plan, oracle, openings }: Judged,
  nodes: readonly FleetNode[],
  wrongs: Wrongs,
): Promise<void> {
  for (const node of nodes) {
    const isRoot = node.upstream === null;
    const ruleAt = (burst: Burst) => {
      const rule = ruleOf(plan, burst);
      return rule === "strict" || isRoot ? rule : null;
    };
    await oracle.checkOrder(node, { ruleOf: ruleAt, openings }, wrongs);
  }
}

/** Where a log came by two ways, or is to, there is no order between them: null. */
function ruleOf(plan: Plan, burst: Burst): OrderRule | null {
  const { character } = plan;
  const { node, topic } = burst;
  if (isRerouted(plan, node) || mayBeCopysAlone(plan, burst)) return null;
  if (!character.live || topic !== "metrics") return "strict";
  return character.centreImage ? null : "openings";
}

/** What an original died over may be on its copy alone, which brings it when it comes. */
function mayBeCopysAlone({ nodes }: Plan, { node, ack }: Burst): boolean {
  return ack === null && nodes.some(({ cloneOf }) => cloneOf === node);
}

/**
 * What the upstream before took, and could not answer any more, or did and was forgotten by a kill,
 * the next one lacks in truth. The sender that gave it up meanwhile ledgers it on that word: too
 * much, as no node on the new way can know better, and never too little.
 */
function isRerouted({ steps }: Plan, node: string): boolean {
  return steps.some((step) => step.kind === "reroute" && step.node === node);
}

/**
 * A copy goes to the first upstream, wherever its original had moved: of the logs that it has from
 * there it lacks the acknowledgements that no checkpoint held yet. Its own runs go one way only.
 */
function cameTheWayBefore({ plan, nodes }: Judged, node: string, logId: string): boolean {
  if (isRerouted(plan, node)) return true;
  const { cloneOf: original } = planOf(plan, node);
  return original !== undefined && isRerouted(plan, original) &&
    nodes.get(original)!.process!.store.logs.get(logId) !== undefined;
}

/** Whether a relay lacks it, and says so. */
function lostOnTheWay({ plan, nodes }: Judged, { ack }: Burst, offset: number): boolean {
  const range = { from: offset, to: offset + 1 };
  return plan.nodes.some(({ name, role }) =>
    role === "relay" &&
    nodes.get(name)?.process?.store.ledger.countOf(ack!.logId, range) === 1
  );
}

/**
 * By the sender's calendar; one whose clock was set has days of its own, and one that was put back
 * to an older image knows of what it used until then.
 */
function checkQuotas({ plan, links }: Judged, wrongs: Wrongs): void {
  for (const [name, link] of links) {
    const bytesPerDay = planOf(plan, name).budget?.bytesPerDay;
    const forgets = plan.steps.some(({ kind, node }) =>
      (kind === "wall_jump" || kind === "restore") && node === name
    );
    if (bytesPerDay === undefined || bytesPerDay === null || forgets) continue;
    for (const [day, bytes] of link.bytesOfDay) {
      if (bytes <= bytesPerDay) continue;
      wrongs.add("quota", `${name} took ${bytes} of ${bytesPerDay} bytes on day ${day}`);
    }
  }
}

/** What a gateway gave up is final by now, and the root was told. */
function checkLedger(judged: Judged, { node, heldAt, wrongs }: Checked): void {
  const { plan, nodes } = judged;
  const { relay: hasRelay, clone: hasClone } = plan.character;
  const root = nodes.get("centre")!;
  const { ledger, logs } = node.process!.store;
  if (node === root) return;
  for (const { logId, from, to, reason, state } of ledger.entries()) {
    const shown = `${node.name} log ${logId} [${from}, ${to}) ${reason}`;
    // Of damage at a relay that left no way to tell whose it was, there is nobody to ask.
    const isNobodys = logId === null;
    if (state === "provisional" && !isNobodys) wrongs.add("ledger", `still provisional: ${shown}`);
    if (reason === "lost_at_receiver" && !hasRelay && !hasClone) {
      wrongs.add("ledger", `no receiver lost anything: ${shown}`);
    }
    if (state !== "final" || logId === null || logs.get(logId) === undefined) continue;
    const unknown = without({ from, to }, root.process!.store.ledger.standing(logId));
    const twoWays = cameTheWayBefore(judged, node.name, logId);
    const held = twoWays ? countIn(heldAt.get(logId), unknown) : 0;
    if (sumOf(unknown) > held) wrongs.add("ledger", `the root does not know: ${shown}`);
  }
}

interface Checked {
  readonly node: FleetNode;
  readonly found: Found;
  /** The offsets of each log that the root holds. */
  readonly heldAt: ReadonlyMap<string, readonly number[]>;
  readonly wrongs: Wrongs;
}

/** What the product says of itself adds up, and is what was counted. */
async function checkAccounts(
  judged: Judged,
  { node, found, heldAt, wrongs }: Checked,
): Promise<void> {
  const { plan: { character, nodes }, nodes: fleet } = judged;
  const { accounts } = await fetchJson(node, "/v1/losses?max_entries=1") as Losses;
  const root = fleet.get("centre")!;
  const own = Array.from(node.process!.store.logs.all(), ({ logId }) => logId);
  // Whoever was put back, copied, or damaged beyond telling whose it was, may know less.
  const undone = character.centreImage || character.gatewayImage || character.clone ||
    character.decay;
  for (const account of accounts) {
    const { accepted, delivered, pending, ledgered, log_id } = account;
    const shown = `${node.name} ${JSON.stringify(account)}`;
    if (accepted !== delivered + pending + ledgered) wrongs.add("account", `open: ${shown}`);
    if (undone) continue;
    // A relay's loss of a gateway's records stands in the relay's ledger, and in the root's.
    const lostAbove = own.includes(log_id) ? lostOf(root, log_id) - lostOf(node, log_id) : 0;
    // What came by another way is none of a relay's; what is lost by its books and the gateway's is
    // not delivered, though it came by the way before: see isRerouted.
    const elsewhere = node.process!.store.ranges.get(log_id)?.elsewhere ?? [];
    const others = [
      ...elsewhere,
      ...(character.reroute ? node.process!.store.ledger.standing(log_id) : []),
    ].sort((a, b) => a.from - b.from);
    const counted = (found.countOf.get(log_id) ?? 0) + Math.max(0, lostAbove) -
      countIn(heldAt.get(log_id), others);
    // Where a part lies elsewhere, a relay hears how many of them the root lost, and not which.
    const mayBeLost = elsewhere.length > 0 && cameTheWayBefore(judged, account.gateway, log_id);
    const lost = root.process!.store.ledger.standing(log_id).flatMap((one) => without(one, others));
    if (pending !== 0) wrongs.add("account", `pending: ${shown}`);
    else if (delivered !== counted && !(mayBeLost && delivered === counted + sumOf(lost))) {
      wrongs.add("account", `${counted} are there: ${shown}`);
    }
  }
  if (undone || nodes.length === 0) return;
  for (const logId of own) {
    if (accounts.some(({ log_id }) => log_id === logId)) continue;
    wrongs.add("account", `${node.name} shows none of log ${logId}`);
  }
}

/** Offsets that the node's ledger names of a log. */
function lostOf({ process }: FleetNode, logId: string): number {
  return sumOf(process!.store.ledger.standing(logId));
}

function sumOf(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function heldOf({ places }: Found): Map<string, number[]> {
  const held = new Map<string, number[]>();
  for (const { logId, sourceOffset } of places.values()) {
    const offsets = held.get(logId);
    if (offsets === undefined) held.set(logId, [sourceOffset]);
    else offsets.push(sourceOffset);
  }
  return held;
}

function countIn(offsets: readonly number[] = [], ranges: readonly OffsetRange[]): number {
  if (ranges.length === 0) return 0;
  return offsets.filter((at) => ranges.some(({ from, to }) => from <= at && at < to)).length;
}

interface Losses {
  readonly accounts: readonly {
    readonly log_id: string;
    readonly gateway: string;
    readonly accepted: number;
    readonly delivered: number;
    readonly pending: number;
    readonly ledgered: number;
  }[];
}

async function checkSourceOrder(
  { oracle, plan }: Judged,
  { root, found, wrongs }: { root: FleetNode; found: Found; wrongs: Wrongs },
): Promise<void> {
  const ids: number[] = [];
  let cursor = "";
  let heldBack = 0;
  for (;;) {
    const page = await fetchJson(
      root,
      `/v1/topics/metrics/records?order=source&max_records=${PAGE_RECORDS}${cursor}`,
    ) as Page;
    for (const { value } of page.records) ids.push(idOf(value));
    heldBack = page.held_back;
    if (page.records.length === 0) break;
    cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
  const { ledger } = root.process!.store;
  const isLedgered = (logId: string, offset: number) =>
    ledger.countOf(logId, { from: offset, to: offset + 1 }) > 0;
  const isApart = (burst: Burst) => mayBeCopysAlone(plan, burst);
  oracle.checkSourceOrder(ids, { topic: "metrics", found, heldBack, isLedgered, isApart }, wrongs);
}

interface Page {
  readonly records: readonly { readonly value: string }[];
  readonly cursor: string;
  readonly held_back: number;
}

async function fetchJson({ name, process, clock }: FleetNode, path: string): Promise<unknown> {
  const app = createEgressApp({
    ...{ store: process!.store, nodeName: name, inflate, logger: SILENT_LOGGER },
    clock: { wallMs: () => clock.wallMs(), monotonicMs: () => clock.countedMs() },
    timers: new ProcessClock(clock),
    metrics: new PrometheusMetrics(),
    authorize: () => (_, next) => next(),
    ready: () => ({ ready: true }),
  });
  const response = await app.fetch(new Request(`http://node${path}`));
  if (response.status !== 200) throw new Error(`${path}: ${await response.text()}`);
  return await response.json();
}
