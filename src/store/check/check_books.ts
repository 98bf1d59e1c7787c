/**
 * Checks what a data directory says of itself: format, checkpoints, journals, catalogue, ledger.
 *
 * @module
 */
import type { Checkpoint } from "../../format/checkpoint.ts";
import { FORMAT_VERSION } from "../../format/format_json.ts";
import type { CatalogueState } from "../catalogue.ts";
import { CLOSED_LOGS_PATH } from "../closed_logs.ts";
import type { DirectoryReader, PartitionFiles } from "../directory_reader.ts";
import type { Disk } from "../disk.ts";
import { type Ledger, LEDGER_PATHS } from "../ledger.ts";
import { ORIGIN_PATHS } from "../origin_journal.ts";
import { QUARANTINE_DIRECTORY } from "../quarantine.ts";
import { damage, type Found, note } from "./finding.ts";

export interface BookCheckOptions {
  readonly disk: Disk;
  readonly reader: DirectoryReader;
  /** Null where it cannot be read; `catalogueTroubles` says why. */
  readonly catalogue: CatalogueState | null;
  readonly catalogueTroubles: readonly string[];
  readonly found: Found;
}

export function checkBooks(options: BookCheckOptions): void {
  const partitions = options.reader.partitions();
  checkFormat(options);
  checkCheckpoints(options, partitions);
  checkJournals(options);
  checkCatalogue(options, partitions);
  const { value: ledger } = options.reader.ledger();
  if (ledger !== null) checkLedger(ledger, options);
  checkClosedLogs(options);
  checkQuarantine(options);
}

function checkClosedLogs({ reader, found }: BookCheckOptions): void {
  const { value } = reader.journal(CLOSED_LOGS_PATH);
  if (value?.damaged !== true) return;
  const text =
    "Some of it is damaged: it names the logs of other nodes that are whole, should the " +
    "catalogue be lost.";
  const repair = "It is written again from the catalogue.";
  found(damage("closed_logs_damaged", CLOSED_LOGS_PATH, text, repair));
}

function checkFormat({ reader, found }: BookCheckOptions): void {
  const { value, trouble } = reader.format();
  if (value !== null && value.formatVersion < FORMAT_VERSION) {
    const text = `The directory is in format ${value.formatVersion}; this logboom writes ` +
      `${FORMAT_VERSION}.`;
    found(damage("format_old", "format.json", text, "fsck --upgrade brings it up to date."));
  }
  if (trouble === null) return;
  found(damage(
    "format_damaged",
    "format.json",
    `It says which node's directory this is, and no node starts without it (${trouble}).`,
    "It is written again with the node id that the checkpoints hold.",
  ));
}

function checkCheckpoints(
  { reader, found }: BookCheckOptions,
  partitions: readonly PartitionFiles[],
): void {
  const readings = reader.checkpoints();
  const newest = reader.newestCheckpoint();
  const first = newest !== null && newest.generation <= 1;
  const empty = partitions.every(({ segments }) => segments.length === 0);
  for (const { path, trouble } of readings) {
    if (trouble === null || (trouble === "missing" && (first || empty))) continue;
    const text = newest === null
      ? `No checkpoint is whole (${trouble}): a start reads all logs, and how far they were ` +
        "delivered is asked of the upstream."
      : `This generation is of no use (${trouble}); the other one stands.`;
    found(damage("checkpoint_damaged", path, text, "A new one is written over it."));
  }
}

function checkJournals({ reader, found }: BookCheckOptions): void {
  for (const paths of [LEDGER_PATHS, ORIGIN_PATHS]) {
    const readings = paths.map((path) => ({ path, ...reader.journal(path) }));
    const sequenceOf = (at: number) => readings[at]!.value?.firstSequence ?? 0;
    const newest = sequenceOf(1) > sequenceOf(0) ? 1 : 0;
    for (const [at, { path, value, trouble }] of readings.entries()) {
      if (trouble !== null && trouble !== "missing") {
        const text = `It cannot be read (${trouble}).`;
        const repair = "It is put aside as it is, and made anew.";
        found(damage("journal_unreadable", path, text, repair));
      }
      if (value === null || value.frames.length === 0) continue;
      if (!value.damaged && value.begun) continue;
      if (at !== newest) {
        found(note("journal_damaged", path, "Damaged, but the other file is newer and whole."));
        continue;
      }
      const text =
        "Some of what it says is damaged: those facts are lost, the frames behind them " +
        "are read, and the other file is read, too.";
      found(damage("journal_damaged", path, text, "All that is left is written into a new one."));
    }
  }
}

function checkCatalogue(
  { reader, catalogue, catalogueTroubles, found }: BookCheckOptions,
  partitions: readonly PartitionFiles[],
): void {
  const path = "catalogue.sqlite";
  if (catalogue === null) {
    if (partitions.length === 0 && reader.newestCheckpoint() === null) return;
    const text =
      `It cannot be used (${catalogueTroubles.join("; ")}): topics, log ids, who sends ` +
      "what. Settings, committed offsets and client credentials in it are lost.";
    const repair =
      "It is set aside and made anew: topics, log ids and the logs of other nodes are " +
      "found in the checkpoint, in closed-logs and in the logs themselves.";
    return found(damage("catalogue_damaged", path, text, repair));
  }
  const topics = new Map(catalogue.topics.map(({ name, settings }) => [name, settings.partitions]));
  for (const { topic, partition, directory, segments } of partitions) {
    if (segments.length === 0 || partition < (topics.get(topic) ?? 0)) continue;
    const text =
      "The partition holds records, and the catalogue does not know it: no node serves " +
      "them.";
    const repair = topics.has(topic) ? null : "The topic is made known again.";
    found(damage("topic_unknown", directory, text, repair));
  }
  checkRows(catalogue, reader.newestCheckpoint(), found);
}

function checkRows(catalogue: CatalogueState, checkpoint: Checkpoint | null, found: Found): void {
  const own = new Set(catalogue.ownLogs.map(({ logId }) => logId));
  for (const [directory, logs] of checkpoint?.ownLogs ?? []) {
    for (const { logId } of logs) {
      if (own.has(logId)) continue;
      const text = `The catalogue does not know log ${logId} of this node; the checkpoint does.`;
      found(damage("own_log_unknown", directory, text, "The row is put back."));
    }
  }
  const announced = new Set(catalogue.announcedLogs.map(({ logId }) => logId));
  for (const { logId, watermark } of checkpoint?.ranges ?? []) {
    if (announced.has(logId)) continue;
    const text = `The catalogue does not know log ${logId} of another node; what was received of ` +
      `it (up to ${watermark}) is known. It counts again once its sender announces it.`;
    found(note("log_unannounced", `log ${logId}`, text));
  }
}

function checkLedger(ledger: Ledger, { found }: BookCheckOptions): void {
  const logs = new Set(Array.from(ledger.entries(), ({ logId }) => logId));
  for (const logId of logs) {
    // Where nobody can tell whose records they were, entries are by partition.
    const ends = new Map<string, number>();
    for (const { id, topic, partition, from, to } of ledger.standing(logId)) {
      const where = `${topic}-${partition}`;
      const end = ends.get(where) ?? 0;
      if (from < end) {
        const text = `Entry ${id} names offsets ${from} to ${Math.min(end, to) - 1} of log ` +
          `${logId ?? "nobody's"} that another entry names, too: they count twice.`;
        found(damage("ledger_overlap", `ledger entry ${id}`, text, null));
      }
      ends.set(where, Math.max(end, to));
    }
  }
}

function checkQuarantine({ disk, found }: BookCheckOptions): void {
  const names = disk.list(QUARANTINE_DIRECTORY);
  if (names.length === 0) return;
  const text = `${names.length} files of damaged bytes are kept as evidence; they may be deleted.`;
  found(note("evidence", `${QUARANTINE_DIRECTORY}/`, text));
}
