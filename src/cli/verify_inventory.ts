/**
 * What a gateway says it accepted, what of it is still there, and what it ledgered: told by its data
 * directory, or by the running node.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { Checkpoint } from "../format/checkpoint.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { CatalogueState, OwnLogRow } from "../store/catalogue.ts";
import {
  countOf,
  minus,
  type Ranges,
  rangesOf,
  rangesOfSet,
  within,
} from "../store/check/range_arithmetic.ts";
import { SourceTally } from "../store/check/source_tally.ts";
import type { DirectoryReader } from "../store/directory_reader.ts";
import { encodeEntry, type EntryRow } from "../store/ledger.ts";
import { walkBatches } from "../store/log_scan.ts";
import { closedOf } from "../store/received_logs.ts";
import type { RemoteNode } from "./remote_log.ts";

export interface AcceptedLog {
  readonly logId: LogId;
  readonly topic: string;
  readonly partition: number;
  readonly accepted: readonly OffsetRange[];
  /** Whether its source offsets are the local ones: then what others took of them is void. */
  readonly own: boolean;
  /** Offsets of it that never held a record, by count. */
  readonly voids: number;
}

/** Offsets of a partition that batches of each log take. */
export type Taken = ReadonlyMap<string, SourceTally>;

export interface Inventory {
  readonly logs: readonly AcceptedLog[];
  readonly here: SourceTally;
  readonly taken: Taken;
  readonly entries: readonly EntryRow[];
  /** All batches once more. */
  headers(): AsyncIterable<BatchHeader>;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Reads all batches and keeps ranges of them. */
class Reading {
  readonly here = new SourceTally();
  readonly taken = new Map<string, SourceTally>();
  readonly ends = new Map<string, Offset>();
  /** Where each log was seen. */
  readonly places = new Map<LogId, Place>();

  note({ topic, partition }: Place, header: BatchHeader): void {
    const { logId, sourceOffset, baseOffset, lastOffset } = header;
    const directory = partitionDirectory(topic, partition);
    const end = lastOffset + 1;
    this.ends.set(directory, Math.max(end, this.ends.get(directory) ?? 0));
    if (header.recordsCount === 0) return; // Stands where records were evicted.
    this.here.add(logId, sourceOffset, sourceOffset + end - baseOffset);
    const taken = this.taken.get(directory) ?? new SourceTally();
    this.taken.set(directory, taken);
    taken.add(logId, baseOffset, end);
    if (!this.places.has(logId)) this.places.set(logId, { topic, partition });
  }
}

export async function inventoryOfDirectory(
  reader: DirectoryReader,
  { core, catalogue }: { readonly core: Core; readonly catalogue: CatalogueState | null },
): Promise<Inventory> {
  const checkpoint = reader.newestCheckpoint();
  const reading = new Reading();
  for (const [place, header] of batchesIn(reader, core)) reading.note(place, header);
  const ledger = reader.ledger().value;
  const logs = [
    ...ownLogs(catalogue, checkpoint, reading),
    ...foreignLogs(catalogue, checkpoint),
  ];
  const known = new Set(logs.map(({ logId }) => logId));
  for (const [logId, { topic, partition }] of reading.places) {
    if (!known.has(logId)) {
      logs.push({ logId, topic, partition, accepted: [], own: false, voids: 0 });
    }
  }
  return await Promise.resolve({
    logs,
    here: reading.here,
    taken: reading.taken,
    entries: Array.from(ledger?.entries() ?? [], encodeEntry),
    async *headers() {
      for (const [, header] of batchesIn(reader, core)) yield await Promise.resolve(header);
    },
  });
}

function* batchesIn(reader: DirectoryReader, core: Core): Generator<[Place, BatchHeader]> {
  for (const { topic, partition, segments } of reader.partitions()) {
    for (const [at, { path, baseOffset, bytes }] of segments.entries()) {
      if (bytes === null) continue;
      const { source, close } = reader.source(path);
      const offsetLimit = segments[at + 1]?.baseOffset ?? Infinity;
      const all = () => true;
      const rules = { core, offsetLimit, knows: all, trusts: all };
      try {
        for (const step of walkBatches(source, { position: 0, offset: baseOffset }, rules)) {
          if (step.kind === "batch") yield [{ topic, partition }, step.header];
        }
      } finally {
        close();
      }
    }
  }
}

/** Runs of this node follow one another in a partition; the last one ends where the log does. */
function ownLogs(
  catalogue: CatalogueState | null,
  checkpoint: Checkpoint | null,
  reading: Reading,
): AcceptedLog[] {
  const chains = new Map<string, Pick<OwnLogRow, "logId" | "firstOffset" | "predecessorEnd">[]>();
  const counted = new Map<LogId, number>();
  const add = (directory: string, row: OwnLogRow | { logId: LogId }) => {
    const chain = chains.get(directory) ?? [];
    chains.set(directory, chain);
    if (!chain.some(({ logId }) => logId === row.logId)) chain.push(row as OwnLogRow);
  };
  for (const row of catalogue?.ownLogs ?? []) {
    add(partitionDirectory(row.topic, row.partition), row);
  }
  for (const [directory, rows] of checkpoint?.ownLogs ?? []) {
    for (const row of rows) {
      add(directory, row);
      counted.set(row.logId, row.taken ?? 0);
    }
  }
  return [...chains].flatMap(([directory, chain]) => {
    chain.sort((a, b) => a.firstOffset - b.firstOffset);
    const known = checkpoint?.partitions.get(directory);
    const gapEnd = known?.gaps.at(-1)?.to ?? 0;
    const end = Math.max(reading.ends.get(directory) ?? 0, known?.recoveryPoint ?? 0, gapEnd);
    const dash = directory.lastIndexOf("-");
    return chain.map(({ logId, firstOffset }, at) => {
      const accepted = { from: firstOffset, to: chain[at + 1]?.predecessorEnd ?? end };
      // What the checkpoint did not count yet is there to be seen.
      const uncounted = { ...accepted, from: Math.max(firstOffset, known?.recoveryPoint ?? 0) };
      const seen = within([uncounted], takenByOthers(reading.taken.get(directory), logId));
      return {
        logId,
        topic: directory.slice(0, dash),
        partition: Number(directory.slice(dash + 1)),
        accepted: [accepted],
        own: true,
        voids: (counted.get(logId) ?? 0) + countOf(seen),
      };
    });
  });
}

/** Offsets of a partition that batches of other logs than that one take. */
export function takenByOthers(taken: SourceTally | undefined, logId: LogId): Ranges {
  const others: OffsetRange[] = [];
  for (const [other, { seen }] of taken?.all() ?? []) {
    if (other !== logId) others.push(...rangesOfSet(seen));
  }
  return rangesOf(others);
}

/** What a relay took over from other nodes counts as accepted by it. */
function foreignLogs(
  catalogue: CatalogueState | null,
  checkpoint: Checkpoint | null,
): AcceptedLog[] {
  const logs = new Map<LogId, AcceptedLog>();
  for (const row of catalogue?.announcedLogs ?? []) {
    const closed = closedOf(row);
    const accepted = closed === null ? [] : [{ from: row.firstOffset, to: closed.to }];
    const { logId, topic, partition } = row;
    const voids = closed?.voids ?? 0;
    logs.set(logId, { logId, topic, partition, accepted, own: false, voids });
  }
  for (const range of checkpoint?.ranges ?? []) {
    const { logId, firstOffset, watermark, islands, open, targetTopic, targetPartition } = range;
    const passed = rangesOf([{ from: firstOffset, to: watermark }, ...islands]);
    const known = logs.get(logId);
    logs.set(logId, {
      logId,
      topic: known?.topic ?? targetTopic,
      partition: known?.partition ?? targetPartition,
      accepted: minus(passed, rangesOf(open)),
      own: false,
      voids: range.voids?.reduce((sum, { voids }) => sum + voids, 0) ?? 0,
    });
  }
  return [...logs.values()];
}

export async function inventoryOfNode(node: RemoteNode): Promise<Inventory> {
  const reading = new Reading();
  // Accounts first: what is accepted while the batches are read is left out.
  const { entries, accounts } = await node.losses();
  const { logs: received } = await node.received();
  const partitions = await node.partitions();
  for (const place of partitions) {
    for await (const header of node.batches(place)) reading.note(place, header);
  }
  const foreign = new Map(received.map((log) => [log.log_id, log]));
  return {
    logs: accounts.map(({ log_id: logId, topic, partition, ...account }) => {
      const { first_offset, end_offset } = account;
      const { islands = [], elsewhere = [], voids } = foreign.get(logId) ?? {};
      const passed = rangesOf([{ from: first_offset, to: end_offset }, ...islands]);
      const accepted = minus(passed, rangesOf(elsewhere));
      const own = !foreign.has(logId);
      const taken = own ? end_offset - first_offset - account.accepted : 0;
      return { logId, topic, partition, own, accepted, voids: voids ?? taken };
    }),
    here: reading.here,
    taken: reading.taken,
    entries,
    async *headers() {
      for (const place of partitions) yield* node.batches(place);
    },
  };
}
