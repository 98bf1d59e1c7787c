/**
 * The oracle owns the obligations. It gives each record a number, hears which of them were
 * acknowledged, and in the end counts the numbers it finds in the raw batches of the root and in
 * the ledgers. It never asks the product how many there should be.
 */
import type { LedgerEntry } from "../../../src/store/ledger.ts";
import type { FleetNode } from "./fleet_node.ts";
import type { Openings } from "./openings.ts";
import { Order, type OrderRule } from "./order.ts";
import { type RawBatch, rawBatches } from "./raw_batches.ts";
import { Wrongs } from "./wrongs.ts";

/** Records that were published in one go. */
export interface Burst {
  readonly node: string;
  readonly topic: string;
  readonly partition: number;
  readonly firstId: number;
  readonly records: number;
  /** Set once acknowledged. */
  ack: { readonly logId: string; readonly baseOffset: number } | null;
  /** The machine was put back to an older image: nobody owes it any more. */
  excused: boolean;
}

interface BurstGiven {
  readonly node: string;
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** Of each record, about. */
  readonly bytes: number;
}

/** What the root was found to hold. */
export interface Found {
  /** Where each record lies in its log, by number. */
  readonly places: ReadonlyMap<number, { readonly logId: string; readonly sourceOffset: number }>;
  /** Records of each log. */
  readonly countOf: ReadonlyMap<string, number>;
}

/** What may be said of the order of the records of a node. */
export interface Ordered {
  /** Null where it has no place among the others of its source. */
  readonly ruleOf: (burst: Burst) => OrderRule | null;
  readonly openings: Pick<Openings, "between">;
}

/** What a reader in the order of the source was given of a topic. */
export interface SourceOrdered {
  readonly topic: string;
  readonly found: Found;
  /** How many records wait for others below them, as he was told in the end. */
  readonly heldBack: number;
  /** Whether the root's ledger has it. */
  readonly isLedgered: (logId: string, offset: number) => boolean;
  /** Whether it has no place among the others of its source. */
  readonly isApart: (burst: Burst) => boolean;
}

const PREFIX = '{"n":';

export class Oracle {
  readonly bursts: Burst[] = [];
  /** In the order in which they were acknowledged. */
  readonly acknowledgements: Burst[] = [];
  acknowledged = 0;
  readonly #burstOf: Burst[] = [];
  readonly #excused = new Set<number>();

  get records(): number {
    return this.#burstOf.length;
  }

  /** Numbers the records of a burst, and gives their payloads. */
  begin({ bytes, ...given }: BurstGiven): { burst: Burst; values: string[] } {
    const firstId = this.#burstOf.length;
    const burst: Burst = { ...given, firstId, ack: null, excused: false };
    const padding = "x".repeat(bytes);
    const values: string[] = [];
    for (let at = 0; at < given.records; at++) {
      this.#burstOf.push(burst);
      const level = (firstId + at) % 7 === 0 ? "error" : "info";
      values.push(`${PREFIX}${firstId + at},"level":"${level}","p":"${padding}"}`);
    }
    this.bursts.push(burst);
    return { burst, values };
  }

  acknowledge(burst: Burst, ack: NonNullable<Burst["ack"]>): void {
    burst.ack = ack;
    this.acknowledgements.push(burst);
    this.acknowledged += burst.records;
  }

  /** What `node` acknowledged since that many acknowledgements went with its disk. */
  excuseBursts(node: string, since: { readonly bursts: number; readonly acks: number }): void {
    const undone = [...this.bursts.slice(since.bursts), ...this.acknowledgements.slice(since.acks)];
    for (const burst of undone) if (burst.node === node) burst.excused = true;
  }

  /** The batch is to decay where nobody has another copy of it for certain. */
  excuseBatch(node: FleetNode, raw: Uint8Array): void {
    const inflate = inflaterOf(node);
    try {
      for (const { values } of rawBatches(raw, inflate)) {
        for (const value of values) this.#excused.add(idOf(value));
      }
    } catch {
      // It decayed before, and was excused then.
    }
  }

  nameOf(id: number): string {
    const burst = this.#burstOf[id]!;
    const at = burst.ack === null
      ? "not acknowledged"
      : `log ${burst.ack.logId} offset ${burst.ack.baseOffset + id - burst.firstId}`;
    return `record ${id} of ${burst.node} ${burst.topic}/${burst.partition} (${at})`;
  }

  /** Reads the root, and tells what is wrong with what it holds by itself. */
  async find(root: FleetNode, wrongs: Wrongs): Promise<Found> {
    const places = new Map<number, { logId: string; sourceOffset: number }>();
    const countOf = new Map<string, number>();
    for await (const { logId, sourceOffset, values } of batchesOf(root)) {
      countOf.set(logId, (countOf.get(logId) ?? 0) + values.length);
      for (const [at, value] of values.entries()) {
        const id = idOf(value);
        const burst = this.#burstOf[id];
        if (burst === undefined) {
          wrongs.add("foreign", `payload ${value.slice(0, 20)}`);
          continue;
        }
        const earlier = places.get(id);
        if (earlier !== undefined) {
          const first = `${earlier.logId} ${earlier.sourceOffset}`;
          wrongs.add("twice", `${this.nameOf(id)}: ${first}, ${logId} ${sourceOffset + at}`);
        }
        places.set(id, { logId, sourceOffset: sourceOffset + at });
        this.#checkPlace(id, places.get(id)!, wrongs);
      }
    }
    return { places, countOf };
  }

  /** The records of each source came to the node as they may follow one another. */
  async checkOrder(
    node: FleetNode,
    { ruleOf, openings }: Ordered,
    wrongs: Wrongs,
  ): Promise<void> {
    const orders = new Map<string, Order>();
    const rules = new Map<Burst, OrderRule | null>();
    for await (const { logId, sourceOffset, values } of batchesOf(node)) {
      for (const [at, value] of values.entries()) {
        const id = idOf(value);
        const burst = this.#burstOf[id];
        // A branch of the log that its machine knows no more; what was under way of it comes when
        // it comes.
        if (burst === undefined || burst.excused) continue;
        let rule = rules.get(burst);
        if (rule === undefined) rules.set(burst, rule = ruleOf(burst));
        if (rule === null) continue;
        const source = `${burst.node} ${burst.topic}/${burst.partition}`;
        let order = orders.get(source);
        if (order === undefined) orders.set(source, order = new Order(rule));
        order.take({ id, logId, sourceOffset: sourceOffset + at });
      }
    }
    for (const [source, order] of orders) {
      for (const logId of order.opened(openings)) {
        wrongs.add("order", `at ${node.name}: ${source} is strict, and log ${logId} was opened`);
      }
      for (const { id, before } of order.early(openings)) {
        wrongs.add("order", `at ${node.name}: ${this.nameOf(id)} before ${this.nameOf(before)}`);
      }
    }
  }

  /** Every acknowledged record is delivered, or stands in a ledger; and not both. */
  checkObligations(
    { places }: Found,
    nodes: readonly FleetNode[],
    { mayBeBoth, wrongs }: {
      readonly mayBeBoth: (burst: Burst, offset: number) => boolean;
      readonly wrongs: Wrongs;
    },
  ): void {
    const ledgered = standingEntries(nodes);
    for (const burst of this.acknowledgements) {
      const { logId, baseOffset } = burst.ack!;
      const entries = ledgered.get(logId) ?? [];
      for (let at = 0; at < burst.records; at++) {
        const id = burst.firstId + at;
        const offset = baseOffset + at;
        const entry = entries.find(({ from, to }) => from <= offset && offset < to);
        const delivered = places.has(id);
        if (delivered && entry !== undefined && !mayBeBoth(burst, offset)) {
          wrongs.add("both", `${this.nameOf(id)}: delivered, and ${entry.state} ${entry.reason}`);
        }
        if (delivered || entry !== undefined || burst.excused || this.#excused.has(id)) continue;
        wrongs.add("missing", this.nameOf(id));
      }
    }
  }

  /** Readers in the order of the source get each record once, in the order of its log. */
  checkSourceOrder(ids: readonly number[], given: SourceOrdered, wrongs: Wrongs): void {
    const seen = new Set<number>();
    const last = new Map<string, number>();
    for (const id of ids) {
      const burst = this.#burstOf[id]!;
      if (seen.has(id)) wrongs.add("source order", `${this.nameOf(id)} twice`);
      seen.add(id);
      if (burst.excused || given.isApart(burst)) continue;
      const source = sourceOf(burst);
      if (id < (last.get(source) ?? -1)) wrongs.add("source order", `${this.nameOf(id)} late`);
      last.set(source, id);
    }
    const holes = this.#holes(given);
    let behind = 0;
    for (const id of given.found.places.keys()) {
      const burst = this.#burstOf[id]!;
      if (burst.topic !== given.topic || seen.has(id)) continue;
      if (burst.excused && id > (holes.get(sourceOf(burst)) ?? Infinity)) behind++;
      else wrongs.add("source order", `${this.nameOf(id)} is not shown`);
    }
    if (behind <= given.heldBack) return;
    wrongs.add("source order", `${behind} are held back, and ${given.heldBack} are said to be`);
  }

  /**
   * What went with its machine when that was put back to an older image, and nobody ledgers: what a
   * live stream had brought ahead of it waits for it for ever. The lowest number of each source.
   */
  #holes({ topic, found, isLedgered }: SourceOrdered): Map<string, number> {
    const holes = new Map<string, number>();
    for (const [id, burst] of this.#burstOf.entries()) {
      const source = sourceOf(burst);
      if (!burst.excused || burst.topic !== topic || holes.has(source)) continue;
      const { ack, firstId } = burst;
      if (found.places.has(id)) continue;
      if (ack === null || !isLedgered(ack.logId, ack.baseOffset + id - firstId)) {
        holes.set(source, id);
      }
    }
    return holes;
  }

  /** What was acknowledged under an identity is found under that identity. */
  #checkPlace(
    id: number,
    { logId, sourceOffset }: { logId: string; sourceOffset: number },
    wrongs: Wrongs,
  ): void {
    const { ack, firstId } = this.#burstOf[id]!;
    if (ack === null) return;
    if (logId === ack.logId && sourceOffset === ack.baseOffset + id - firstId) return;
    wrongs.add("identity", `${this.nameOf(id)} found as log ${logId} offset ${sourceOffset}`);
  }
}

export function idOf(value: string): number {
  return Number.parseInt(value.slice(PREFIX.length));
}

function sourceOf({ node, partition }: Burst): string {
  return `${node}/${partition}`;
}

/** The ledger entries that count, of all nodes, by log. */
function standingEntries(nodes: readonly FleetNode[]): Map<string, LedgerEntry[]> {
  const byLog = new Map<string, LedgerEntry[]>();
  for (const { process } of nodes) {
    for (const entry of process!.store.ledger.entries()) {
      if (entry.state === "reversed" || entry.logId === null) continue;
      const entries = byLog.get(entry.logId);
      if (entries === undefined) byLog.set(entry.logId, [entry]);
      else entries.push(entry);
    }
  }
  return byLog;
}

const decoder = new TextDecoder("latin1");

function inflaterOf(node: FleetNode): (batch: Uint8Array) => string[] {
  const { core } = node;
  return (batch) => core.decode(batch).map(({ value }) => decoder.decode(value!));
}

/** All batches of a node, in the order a reader is given them. */
async function* batchesOf(node: FleetNode): AsyncIterable<RawBatch> {
  for (const topic of node.process!.store.topics()) {
    for (const log of topic.partitions) {
      for (let offset = log.logStartOffset; offset < log.highWatermark;) {
        const { batches, nextOffset } = await log.read(offset, { maxBytes: 1 << 20 });
        for (const batch of batches) yield* rawBatches(batch, inflaterOf(node));
        offset = nextOffset;
      }
    }
  }
}
