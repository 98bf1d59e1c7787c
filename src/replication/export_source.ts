/**
 * What a node has that its upstream does not, in the words of the replication protocol: what an
 * export carries. Lanes are read as they are for the link, with a receiver that takes everything; but
 * nothing is noted as delivered, which only the link's own acknowledgement does.
 *
 * @module
 */
import { REPLICATION_ANNOUNCE_LOGS_MAX, REPLICATION_REQUEST_BYTES } from "../base/link_limits.ts";
import type { LogId } from "../base/types.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";
import { AppendWriter, type Skip } from "../protocol/replication/append_frames.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { RangeSet } from "../store/range_set.ts";
import type { Store } from "../store/store.ts";
import { Lane } from "./lane.ts";
import type { Load } from "./load.ts";
import { type ForwardedStore, StoreBooks } from "./store_books.ts";

export interface ExportSourceOptions {
  readonly store: ForwardedStore & Pick<Store, "topics" | "core">;
  readonly nodeName: string;
}

export type ExportPart =
  | { readonly kind: "announce"; readonly logs: readonly LogAnnouncement[] }
  | {
    readonly kind: "append";
    /** Frames, as in the body of an append request. */
    readonly body: Uint8Array;
    readonly records: number;
  };

/**
 * Partition by partition, and of each as far as it is committed when it comes to it. A log is
 * announced before its first batch, in every partition anew.
 */
export async function* exportParts(options: ExportSourceOptions): AsyncGenerator<ExportPart> {
  for (const topic of options.store.topics()) {
    for (const log of topic.partitions) {
      if (log.highWatermark > 0) yield* partitionParts(options, log);
    }
  }
}

async function* partitionParts(
  { store, nodeName }: ExportSourceOptions,
  log: PartitionLog,
): AsyncGenerator<ExportPart> {
  const crc32c = (bytes: Uint8Array) => store.core.crc32c(bytes);
  const books = new StoreBooks(store, nodeName);
  const { held } = store.forwarded.here(log.topic, log.index);
  const end = log.highWatermark;
  const lane = new Lane(log, books.of(log), Math.min(held, end));
  for (;;) {
    if (lane.stale) {
      const logs = lane.toAnnounce();
      for (let at = 0; at < logs.length; at += REPLICATION_ANNOUNCE_LOGS_MAX) {
        yield { kind: "announce", logs: logs.slice(at, at + REPLICATION_ANNOUNCE_LOGS_MAX) };
      }
      lane.resume(standingsOf(store, lane, logs));
    }
    if (!lane.ready || lane.forwarded >= end) return;
    const load = await lane.load(REPLICATION_REQUEST_BYTES);
    if (load === null) continue;
    // On record before anyone is told, here as on the link.
    if (load.unledgered.length > 0) await books.ledger(lane.log, load.unledgered);
    const writer = new ExportFrames(crc32c);
    writer.lane(lane.name, load.mode, lane.pending);
    load.write(writer);
    yield { kind: "append", body: writer.finish(), records: load.records };
    lane.answered(load, takenOf(load));
  }
}

/**
 * What was given up is not called lost in a file: a site on the way may hold it, and only who is asked
 * over the link can tell. Until then it lies elsewhere, for all the file knows.
 */
class ExportFrames extends AppendWriter {
  override skip(skip: Skip): void {
    const isLoss = skip.reason !== "void" && skip.reason !== "elsewhere";
    super.skip(isLoss ? { ...skip, reason: "elsewhere" } : skip);
  }
}

/** Where the upstream stands, as far as it ever said, and what of it this export brings. */
function standingsOf(
  { forwarded }: ForwardedStore,
  lane: Lane,
  logs: readonly LogAnnouncement[],
): Map<LogId, LogStanding> {
  const cursors = new Map(Array.from(lane.cursors(), (cursor) => [cursor.logId, cursor]));
  return new Map(logs.map(({ logId, firstOffset }) => {
    const known = forwarded.logHere(logId);
    const cursor = cursors.get(logId);
    const held = new RangeSet(Math.max(firstOffset, known?.held ?? 0, cursor?.held ?? 0));
    for (const { from, to } of known?.islands ?? []) held.add(from, to);
    for (const { from, to } of cursor?.islands ?? []) held.add(from, to);
    const { watermark, islands } = held;
    return [logId, { logId, held: watermark, settled: firstOffset, islands }];
  }));
}

/** A file takes all it is given. */
function takenOf(load: Load): Map<LogId, LogStanding> {
  return new Map(
    Array.from(load.cursors(), ({ logId, sent, sentIslands, settled }) => [
      logId,
      { logId, held: sent, settled, islands: sentIslands },
    ]),
  );
}
