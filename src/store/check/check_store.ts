/**
 * Checks a data directory as a whole: what the books say, what the logs hold, and whether the one
 * fits the other. Reads everything once, from first to last byte, in memory that does not grow with
 * it; changes nothing but indexes it was told to mend.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../../base/types.ts";
import type { Core } from "../../core/core.ts";
import type { Checkpoint, Gap } from "../../format/checkpoint.ts";
import type { CatalogueState } from "../catalogue.ts";
import { DirectoryReader } from "../directory_reader.ts";
import type { Disk } from "../disk.ts";
import type { Ledger } from "../ledger.ts";
import { RangeSet } from "../range_set.ts";
import { checkBooks } from "./check_books.ts";
import { LogCheck } from "./check_log.ts";
import { damage, type Found, note } from "./finding.ts";
import { Identities } from "./identities.ts";
import { SourceTally } from "./source_tally.ts";

export interface StoreCheckOptions {
  readonly disk: Disk;
  readonly core: Core;
  readonly catalogue: CatalogueState | null;
  readonly catalogueTroubles: readonly string[];
  readonly found: Found;
  readonly mendIndexes?: boolean;
}

/** What was looked at. */
export interface CheckTotals {
  partitions: number;
  batches: number;
  records: number;
  bytes: number;
}

export function checkStore(options: StoreCheckOptions): CheckTotals {
  const { disk, core, catalogue, found, mendIndexes = false } = options;
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  checkBooks({ ...options, reader });
  const checkpoint = reader.newestCheckpoint();
  const ledger = reader.ledger().value;
  const identities = new Identities(catalogue, checkpoint);
  const tally = new SourceTally();
  const totals: CheckTotals = { partitions: 0, batches: 0, records: 0, bytes: 0 };
  for (const files of reader.partitions()) {
    const known = checkpoint?.partitions.get(files.directory) ?? null;
    const start = ledger?.logStart(files.directory)?.offset ?? 0;
    const logStartOffset = known === null
      ? Math.max(start, files.segments[0]?.baseOffset ?? 0)
      : Math.max(start, known.logStartOffset);
    const common = { disk, reader, core, identities, tally, found, mendIndexes };
    const check = new LogCheck(files, { ...common, logStartOffset, checkpoint: known });
    check.run();
    totals.partitions++;
    totals.batches += check.batches;
    totals.records += check.records;
    totals.bytes += check.bytes;
  }
  checkDoubled(tally, found);
  if (checkpoint !== null && ledger !== null) {
    checkReceived({ checkpoint, ledger, tally, found });
    checkAccount({ checkpoint, ledger, catalogue, found });
  }
  return totals;
}

/** Exactly once means: no source offset stands here twice. */
function checkDoubled(tally: SourceTally, found: Found): void {
  for (const [logId, { doubled, recordsDoubled }] of tally.all()) {
    if (recordsDoubled === 0) continue;
    const [first] = doubled;
    const text =
      `${recordsDoubled} source offsets stand here twice, the first at ${first!.from}: ` +
      "readers see those records twice.";
    found(damage("records_doubled", `log ${logId}`, text, null));
  }
}

interface RangeCheck {
  readonly checkpoint: Checkpoint;
  readonly ledger: Ledger;
  readonly tally: SourceTally;
  readonly found: Found;
}

/** What counts as received of other nodes' logs must be here, or be accounted for. */
function checkReceived({ checkpoint, ledger, tally, found }: RangeCheck): void {
  for (const { logId, firstOffset, watermark, islands, open } of checkpoint.ranges) {
    const held = tally.get(logId)?.seen.copy() ?? new RangeSet(0);
    for (const { from, to } of ledger.standing(logId)) held.add(from, to);
    for (const range of ledger.voids()) {
      if (range.logId === logId) held.add(range.from, range.to);
    }
    for (const { from, to } of open) held.add(from, to); // Passed, and known to lie elsewhere.
    const claimed = [{ from: firstOffset, to: watermark }, ...islands];
    const missing = claimed.flatMap(({ from, to }) => from < to ? held.lacking(from, to) : []);
    const records = missing.reduce((sum, { from, to }) => sum + to - from, 0);
    if (records === 0) continue;
    const text = `${records} source offsets count as received and stand in no batch here, the ` +
      `first at ${missing[0]!.from}: retention gave them up, a gap took them, or they never held ` +
      "a record. verify tells, with the sender's data directory.";
    found(note("received_elsewhere", `log ${logId}`, text));
  }
}

interface AccountCheck {
  readonly checkpoint: Checkpoint;
  readonly ledger: Ledger;
  readonly catalogue: CatalogueState | null;
  readonly found: Found;
}

/** accepted = delivered + pending + ledgered: what damage took must stand in one of them. */
function checkAccount({ checkpoint, ledger, catalogue, found }: AccountCheck): void {
  for (const [directory, { gaps }] of checkpoint.partitions) {
    const held = checkpoint.forwarded.get(directory)?.held ?? 0;
    const chain = (catalogue?.ownLogs ?? checkpoint.ownLogs.get(directory) ?? [])
      .map(({ logId }): LogId | null => logId).concat(null);
    const named = new RangeSet(0);
    for (const logId of chain) {
      for (const { topic, partition, from, to } of ledger.of(logId)) {
        if (`${topic}-${partition}` === directory) named.add(from, to);
      }
    }
    for (const gap of gaps) unnamedIn(gap, held, named).forEach((range) => tell(directory, range));
  }

  function tell(directory: string, { from, to }: OffsetRange): void {
    const text = `Offsets ${from} to ${to - 1} are a gap that was not delivered and stands in no ` +
      "ledger entry: the account does not close.";
    found(damage("gap_not_ledgered", directory, text, "They are ledgered."));
  }
}

function unnamedIn(gap: Gap, held: Offset, named: RangeSet): OffsetRange[] {
  const from = Math.max(gap.from, held);
  return from < gap.to ? named.lacking(from, gap.to) : [];
}
