/**
 * Everything a data directory says of itself but for the records: format, checkpoints, partitions,
 * gaps, received ranges, ledger, journals, catalogue, quarantine.
 *
 * @module
 */
import type { Checkpoint } from "../format/checkpoint.ts";
import type { CatalogueReading } from "../host/catalogue_copy.ts";
import { CLOSED_LOGS_PATH } from "../store/closed_logs.ts";
import type { DirectoryReader, PartitionFiles } from "../store/directory_reader.ts";
import { encodeEntry, LEDGER_PATHS } from "../store/ledger.ts";
import { LINK_USAGE_PATHS } from "../store/link_usage.ts";
import { ORIGIN_PATHS } from "../store/origin_journal.ts";
import type { Report } from "./report.ts";

export interface BooksDump {
  readonly dataDir: string;
  readonly reader: DirectoryReader;
  readonly catalogue: CatalogueReading;
  readonly report: Report;
}

export async function dumpBooks(dump: BooksDump): Promise<void> {
  const { reader, report } = dump;
  await dumpFormat(dump);
  await dumpCheckpoints(dump);
  const checkpoint = reader.newestCheckpoint();
  await dumpPartitions(dump, checkpoint);
  if (checkpoint !== null) await dumpRanges(report, checkpoint);
  await dumpLedger(dump);
  await dumpJournals(dump);
  await dumpCatalogue(dump);
}

async function dumpFormat({ dataDir, reader, report }: BooksDump): Promise<void> {
  const { value, trouble } = reader.format();
  await report.rows("format", [{
    data_dir: dataDir,
    format: value?.formatVersion ?? null,
    node_id: value?.nodeId ?? null,
    state: trouble ?? "ok",
  }]);
}

async function dumpCheckpoints({ reader, report }: BooksDump): Promise<void> {
  const rows = reader.checkpoints().map(({ path, checkpoint, trouble }) => ({
    file: path,
    generation: checkpoint?.generation ?? null,
    leader_epoch: checkpoint?.leaderEpoch ?? null,
    age_ms: checkpoint?.ageMs ?? null,
    partitions: checkpoint?.partitions.size ?? null,
    logs_received: checkpoint?.ranges.length ?? null,
    state: trouble ?? "ok",
  }));
  await report.rows("checkpoint", rows, "\nCheckpoints");
}

async function dumpPartitions(
  { reader, report }: BooksDump,
  checkpoint: Checkpoint | null,
): Promise<void> {
  const partitions = reader.partitions();
  const ledger = reader.ledger().value;
  const rows = partitions.map(({ topic, partition, directory, segments, trouble }) => {
    const known = checkpoint?.partitions.get(directory);
    const forwarded = checkpoint?.forwarded.get(directory);
    return {
      topic,
      partition,
      segments: segments.length,
      bytes: segments.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
      log_start: Math.max(
        known?.logStartOffset ?? 0,
        ledger?.logStart(directory)?.offset ?? 0,
        known === undefined ? segments[0]?.baseOffset ?? 0 : 0,
      ),
      recovery_point: known?.recoveryPoint ?? null,
      held_upstream: forwarded?.held ?? null,
      settled_upstream: forwarded?.settled ?? null,
      own_logs: checkpoint?.ownLogs.get(directory)?.length ?? null,
      state: trouble ?? unopened(segments),
    };
  });
  await report.rows("partition", rows, "\nPartitions");
  const gaps = [...checkpoint?.partitions ?? []].flatMap(([directory, known]) =>
    known.gaps.map(({ from, to, reason }) => ({ directory, from, to, reason }))
  );
  await report.rows("gap", gaps, "\nGaps: offsets that hold no readable record");
}

function unopened(segments: PartitionFiles["segments"]): string {
  const count = segments.filter(({ bytes }) => bytes === null).length;
  return count === 0 ? "ok" : `${count} segments cannot be opened`;
}

async function dumpRanges(report: Report, { ranges }: Checkpoint): Promise<void> {
  const rows = ranges.map((range) => ({
    log_id: range.logId,
    topic: range.targetTopic,
    partition: range.targetPartition,
    first_offset: range.firstOffset,
    watermark: range.watermark,
    islands: range.islands.map(({ from, to }) => `${from}..${to - 1}`).join(" ") || null,
    voids: range.voids?.reduce((sum, { voids }) => sum + voids, 0) ?? 0,
    elsewhere: range.open.map(({ from, to }) => `${from}..${to - 1}`).join(" ") || null,
    splices: range.order?.splices.length ?? 0,
    local_end: range.localEnd,
  }));
  await report.rows("received", rows, "\nLogs of other nodes that are not closed");
}

async function dumpLedger({ reader, report }: BooksDump): Promise<void> {
  const { value: ledger } = reader.ledger();
  if (ledger === null) return; // What is wrong with it stands with the journals.
  const rows = Array.from(ledger.entries(), (entry) => ({ ...encodeEntry(entry) }));
  await report.rows("ledger_entry", rows, "\nLedger");
  const voids = ledger.voids().map(({ logId, from, to }) => ({ log_id: logId, from, to }));
  await report.rows("void", voids, "\nOffsets that never held records");
}

async function dumpJournals({ reader, report }: BooksDump): Promise<void> {
  const paths = [...LEDGER_PATHS, ...ORIGIN_PATHS, CLOSED_LOGS_PATH, ...LINK_USAGE_PATHS];
  const rows = paths.map((path) => {
    const { value, trouble } = reader.journal(path);
    return {
      file: path,
      bytes: value?.bytes ?? null,
      frames: value?.frames.length ?? null,
      first_sequence: value?.firstSequence ?? null,
      last_sequence: value?.lastSequence ?? null,
      state: trouble ??
        (value.damaged ? "damaged" : value.begun || value.frames.length > 0 ? "ok" : "empty"),
    };
  });
  await report.rows("journal", rows, "\nJournals");
  const frames = ORIGIN_PATHS.flatMap((path) => reader.journal(path).value?.frames ?? []);
  const counts = new Map<string, number>();
  for (const { payload } of frames) {
    const word = Array.isArray(payload) ? String(payload[0]) : "?";
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const kinds = Array.from(counts, ([frame, count]) => ({ frame, count }));
  await report.rows("origin_frames", kinds, "\nOrigin journal, by frame");
}

async function dumpCatalogue({ catalogue, report }: BooksDump): Promise<void> {
  const { state, troubles, committedOffsets } = catalogue;
  await report.rows("catalogue", [{
    topics: state?.topics.length ?? null,
    own_logs: state?.ownLogs.length ?? null,
    announced_logs: state?.announcedLogs.length ?? null,
    closed: state?.announcedLogs.filter(({ closed }) => closed !== null).length ?? null,
    peers: state?.peers.length ?? null,
    committed_offsets: state === null ? null : committedOffsets,
    state: troubles.join("; ") || "ok",
  }], "\nCatalogue");
  const own = state?.ownLogs.map((row) => ({
    log_id: row.logId,
    topic: row.topic,
    partition: row.partition,
    first_offset: row.firstOffset,
    predecessor: row.predecessor,
    predecessor_end: row.predecessorEnd,
  })) ?? [];
  await report.rows("own_log", own, "\nLogs of this node");
}
