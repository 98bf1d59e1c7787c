/**
 * The oracle owns the obligations. It gives each record a number, hears which of them were
 * acknowledged, and in the end counts the numbers it finds in the raw batches of the root and in
 * the ledgers. It never asks the product how many there should be.
 */
import type { LedgerEntry } from "../../../src/store/ledger.ts";
import type { FleetNode } from "./fleet_node.ts";
import { type RawBatch, rawBatches } from "./raw_batches.ts";

/** Records that were published in one go. */
export interface Burst {
  readonly node: string;
  readonly topic: string;
  readonly partition: number;
  readonly firstId: number;
  readonly records: number;
  /** Set once acknowledged. */
  ack: { readonly logId: string; readonly baseOffset: number } | null;
}

export interface RootRecord {
  readonly id: number;
  readonly logId: string;
  readonly sourceOffset: number;
}

/** Wrongs of one kind shown, of as many as there may be. */
const SHOWN_MAX = 5;

export class Oracle {
  readonly bursts: Burst[] = [];
  /** Burst of each record. */
  readonly #burstOf: Burst[] = [];
  acknowledged = 0;

  get records(): number {
    return this.#burstOf.length;
  }

  /** Numbers the records of a burst, and gives their payloads. */
  begin(
    { node, topic, partition, records, bytes }: {
      readonly node: string;
      readonly topic: string;
      readonly partition: number;
      readonly records: number;
      readonly bytes: number;
    },
  ): { burst: Burst; values: string[] } {
    const firstId = this.#burstOf.length;
    const burst: Burst = { node, topic, partition, firstId, records, ack: null };
    const padding = `|${"x".repeat(bytes)}`;
    const values: string[] = [];
    for (let at = 0; at < records; at++) {
      this.#burstOf.push(burst);
      values.push(`${firstId + at}${padding}`);
    }
    this.bursts.push(burst);
    return { burst, values };
  }

  acknowledge(burst: Burst, ack: NonNullable<Burst["ack"]>): void {
    burst.ack = ack;
    this.acknowledged += burst.records;
  }

  /** Everything that is wrong with what the root holds and the ledgers say; empty when all is well. */
  async wrongs(root: FleetNode, nodes: readonly FleetNode[]): Promise<string[]> {
    const wrongs = new Wrongs();
    const places = new Map<number, RootRecord>();
    const lastOf = new Map<string, number>();
    for await (const batch of batchesOf(root)) {
      batch.values.forEach((value, at) => {
        const id = Number.parseInt(value);
        const burst = this.#burstOf[id];
        if (burst === undefined) return wrongs.add("foreign", `payload ${value.slice(0, 20)}`);
        const found = { id, logId: batch.logId, sourceOffset: batch.sourceOffset + at };
        if (places.has(id)) wrongs.add("twice", `${this.nameOf(id)}`);
        places.set(id, found);
        this.#checkPlace(found, wrongs);
        const source = `${burst.node} ${burst.topic}/${burst.partition}`;
        const last = lastOf.get(source) ?? -1;
        if (id < last) wrongs.add("order", `${this.nameOf(id)} behind ${last} of ${source}`);
        lastOf.set(source, Math.max(last, id));
      });
    }
    this.#checkObligations(places, nodes, wrongs);
    return wrongs.lines();
  }

  nameOf(id: number): string {
    const burst = this.#burstOf[id]!;
    const at = burst.ack === null
      ? "not acknowledged"
      : `log ${burst.ack.logId} offset ${burst.ack.baseOffset + id - burst.firstId}`;
    return `record ${id} of ${burst.node} ${burst.topic}/${burst.partition} (${at})`;
  }

  /** What was acknowledged under an identity is found under that identity. */
  #checkPlace({ id, logId, sourceOffset }: RootRecord, wrongs: Wrongs): void {
    const { ack, firstId } = this.#burstOf[id]!;
    if (ack === null) return;
    const offset = ack.baseOffset + id - firstId;
    if (logId === ack.logId && sourceOffset === offset) return;
    wrongs.add("identity", `${this.nameOf(id)} found as log ${logId} offset ${sourceOffset}`);
  }

  #checkObligations(
    places: ReadonlyMap<number, RootRecord>,
    nodes: readonly FleetNode[],
    wrongs: Wrongs,
  ): void {
    const ledgered = standingEntries(nodes);
    for (const burst of this.bursts) {
      if (burst.ack === null) continue;
      const { logId, baseOffset } = burst.ack;
      const entries = ledgered.get(logId) ?? [];
      for (let at = 0; at < burst.records; at++) {
        const id = burst.firstId + at;
        const offset = baseOffset + at;
        const entry = entries.find(({ from, to }) => from <= offset && offset < to);
        const delivered = places.has(id);
        if (delivered && entry !== undefined) {
          wrongs.add("both", `${this.nameOf(id)}: delivered, and ledgered as ${entry.reason}`);
        }
        if (!delivered && entry === undefined) wrongs.add("missing", this.nameOf(id));
      }
    }
  }
}

/** The ledger entries that count, of all nodes, by log. */
export function standingEntries(nodes: readonly FleetNode[]): Map<string, LedgerEntry[]> {
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

/** All batches of a node, in the order a reader is given them. */
export async function* batchesOf(node: FleetNode): AsyncIterable<RawBatch> {
  const { store } = node.process!;
  const decoder = new TextDecoder("latin1");
  const inflate = (batch: Uint8Array) =>
    store.core.decode(batch).map(({ value }) => decoder.decode(value!));
  for (const topic of store.topics()) {
    for (const log of topic.partitions) {
      for (let offset = log.logStartOffset; offset < log.highWatermark;) {
        const { batches, nextOffset } = await log.read(offset, { maxBytes: 1 << 20 });
        for (const batch of batches) yield* rawBatches(batch, inflate);
        offset = nextOffset;
      }
    }
  }
}

/** The first few of each kind. */
class Wrongs {
  readonly #byKind = new Map<string, { count: number; shown: string[] }>();

  add(kind: string, what: string): void {
    const known = this.#byKind.get(kind) ?? { count: 0, shown: [] };
    known.count++;
    if (known.shown.length < SHOWN_MAX) known.shown.push(what);
    this.#byKind.set(kind, known);
  }

  lines(): string[] {
    return [...this.#byKind].flatMap(([kind, { count, shown }]) =>
      shown.map((what) => `${kind} (${count}): ${what}`)
    );
  }
}
