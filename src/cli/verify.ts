/**
 * `verify`: proves that all a gateway accepted is at its upstream exactly once, or pending, or
 * ledgered the same at both ends. It believes neither node's counters: it reads the gateway's data
 * directory (or the running gateway) and the upstream's raw batches, and counts source offsets.
 *
 *     exit 0   proven      1   not proven      8   it could not be read
 *
 * @module
 */
import { isOperatingError, messageOf, OperatingError } from "../base/errors.ts";
import type { LogId } from "../base/types.ts";
import { Core } from "../core/core.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import { readCatalogueCopy } from "../host/catalogue_copy.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { openDisk } from "../host/disk.ts";
import { BatchDigest } from "../store/check/batch_digest.ts";
import { type Proof, prove } from "../store/check/proof.ts";
import {
  countOf,
  minus,
  type Ranges,
  rangesOf,
  rangesOfSet,
  union,
  within,
} from "../store/check/range_arithmetic.ts";
import { SourceTally } from "../store/check/source_tally.ts";
import { DirectoryReader } from "../store/directory_reader.ts";
import type { EntryRow } from "../store/ledger.ts";
import type { Command, CommandContext } from "./command.ts";
import { checkDirectory } from "./dump.ts";
import { type RemoteLog, RemoteNode, type RemotePartition } from "./remote_log.ts";
import { Report } from "./report.ts";
import {
  type AcceptedLog,
  type Inventory,
  inventoryOfDirectory,
  inventoryOfNode,
  takenByOthers,
} from "./verify_inventory.ts";

export const VERIFY: Command = {
  usage: "(--data-dir DIR | --gateway URL [--gateway-token TOKEN]) --upstream URL [--json]",
  summary: "prove that what a gateway accepted is at its upstream, pending, or ledgered",
  positionals: { min: 0, max: 0 },
  valued: ["--data-dir", "--gateway", "--gateway-token", "--upstream"],
  bare: ["--json"],
  async run(context) {
    try {
      return await verify(context);
    } catch (error) {
      if (!isOperatingError(error) || error.code === "invalid_argument") throw error;
      context.terminal.remark(`logboom: ${messageOf(error)}`);
      return 8;
    }
  },
};

async function verify(context: CommandContext): Promise<number> {
  const { args, terminal, apiAt } = context;
  const upstreamUrl = args.text("--upstream");
  if (upstreamUrl === null) throw missing("--upstream URL");
  const core = Core.create(loadCoreFile());
  const upstream = new RemoteNode(apiAt(upstreamUrl, args.text("--token")), core);
  const inventory = await inventoryFor(context, core);
  const verification = await Verification.of(inventory, upstream);
  const report = new Report(terminal, args.has("--json"));
  return await tell(report, verification.proofs());
}

async function inventoryFor({ args, apiAt }: CommandContext, core: Core): Promise<Inventory> {
  const [dataDir, url] = [args.text("--data-dir"), args.text("--gateway")];
  if (dataDir !== null && url === null) {
    checkDirectory(dataDir);
    const disk = openDisk(dataDir, { readOnly: true });
    const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
    const { state } = await readCatalogueCopy(`${dataDir}/catalogue.sqlite`);
    return await inventoryOfDirectory(reader, { core, catalogue: state });
  }
  if (url === null || dataDir !== null) throw missing("either --data-dir DIR or --gateway URL");
  return await inventoryOfNode(new RemoteNode(apiAt(url, args.text("--gateway-token")), core));
}

class Verification {
  readonly #gateway: Inventory;
  readonly #there = new SourceTally();
  readonly #digestHere = new BatchDigest();
  readonly #digestThere = new BatchDigest();
  readonly #received = new Map<LogId, RemoteLog>();
  /** Partitions of the upstream whose beginning retention has taken. */
  readonly #shortened = new Set<string>();
  #entriesThere: readonly EntryRow[] = [];

  private constructor(gateway: Inventory) {
    this.#gateway = gateway;
  }

  static async of(gateway: Inventory, upstream: RemoteNode): Promise<Verification> {
    const verification = new Verification(gateway);
    await verification.#read(upstream);
    return verification;
  }

  *proofs(): Iterable<AcceptedLog & { readonly proof: Proof }> {
    for (const log of this.#gateway.logs) yield { ...log, proof: this.#prove(log) };
  }

  async #read(upstream: RemoteNode): Promise<void> {
    const ids = new Set(this.#gateway.logs.map(({ logId }) => logId));
    const { logs, omitted } = await upstream.received();
    for (const log of logs) if (ids.has(log.log_id)) this.#received.set(log.log_id, log);
    for (const place of await this.#placesAt(upstream, omitted > 0)) {
      for await (const header of upstream.batches(place)) {
        const { logId, sourceOffset: from } = header;
        if (!ids.has(logId) || header.recordsCount === 0) continue;
        const to = from + header.lastOffset - header.baseOffset + 1;
        this.#there.add(logId, from, to);
        if (this.#gateway.here.get(logId)?.seen.covers(from, to)) this.#digestThere.add(header);
      }
    }
    for await (const header of this.#gateway.headers()) {
      if (header.recordsCount === 0) continue;
      const { logId, sourceOffset: from } = header;
      const to = from + header.lastOffset - header.baseOffset + 1;
      if (this.#there.get(logId)?.seen.covers(from, to)) this.#digestHere.add(header);
    }
    // Last: a loss is told before what comes after it.
    this.#entriesThere = (await upstream.losses()).entries;
  }

  /** Where the logs went; everywhere, where the upstream does not tell. */
  async #placesAt(upstream: RemoteNode, everywhere: boolean): Promise<RemotePartition[]> {
    const targets = new Set(Array.from(
      this.#received.values(),
      ({ target: { topic, partition } }) => partitionDirectory(topic, partition),
    ));
    const places = await upstream.partitions();
    return places.filter(({ topic, partition, logStartOffset }) => {
      const directory = partitionDirectory(topic, partition);
      if (logStartOffset > 0) this.#shortened.add(directory);
      return everywhere || targets.has(directory);
    });
  }

  #prove(log: AcceptedLog): Proof {
    const { logId } = log;
    const here = rangesOfTally(this.#gateway.here, logId);
    const there = rangesOfTally(this.#there, logId);
    const { topic, partition } = log;
    const taken = this.#gateway.taken.get(partitionDirectory(topic, partition));
    const voided = log.own ? takenByOthers(taken, logId) : [];
    const standing = this.#gateway.entries.filter((entry) => names(entry, log));
    const standingThere = this.#entriesThere.filter((entry) =>
      entry.log_id === logId && entry.state !== "reversed"
    );
    // Another node may have come to the upstream past this one, and told it what it gave up.
    const finalThere = rangesOf(standingThere.filter(({ state }) => state === "final"));
    const givenUp = log.own ? [] : minus(finalThere, there);
    return prove({
      // What is in the ledger since the last checkpoint was accepted, too.
      accepted: union(union(rangesOf(log.accepted), here), rangesOf(standing)),
      here,
      there,
      claimed: this.#claimed(logId),
      doubled: this.#there.get(logId)?.recordsDoubled ?? 0,
      ledgered: union(rangesOf(standing), givenUp),
      final: rangesOf(standing.filter(({ state }) => state === "final")),
      ledgeredThere: rangesOf(standingThere),
      retired: this.#retired(logId, there),
      voided,
      voids: Math.max(0, log.voids - countOf(within(rangesOf(log.accepted), voided))),
      identical: this.#identical(logId, standing),
    });
  }

  /** Where single records were evicted, what was left was put into batches anew: not to be compared. */
  #identical(logId: LogId, standing: readonly EntryRow[]): boolean | null {
    const agrees = this.#digestHere.agrees(this.#digestThere, logId);
    return agrees === false && standing.some(({ reason }) => reason === "evicted") ? null : agrees;
  }

  #claimed(logId: LogId): Ranges {
    const received = this.#received.get(logId);
    if (received === undefined) return [];
    const { watermark, islands, elsewhere = [] } = received;
    return minus(rangesOf([{ from: 0, to: watermark }, ...islands]), rangesOf(elsewhere));
  }

  /** Below the first record that is still readable there, where retention took the beginning. */
  #retired(logId: LogId, there: Ranges): Ranges {
    const received = this.#received.get(logId);
    if (received === undefined) return [];
    const { topic, partition } = received.target;
    if (!this.#shortened.has(partitionDirectory(topic, partition))) return [];
    return [{ from: 0, to: Math.min(received.watermark, there[0]?.from ?? Infinity) }];
  }
}

/** Where damage left no way to tell whose the records were, the partition's offsets do. */
function names(entry: EntryRow, { logId, topic, partition, own }: AcceptedLog): boolean {
  if (entry.state === "reversed") return false;
  if (entry.log_id === logId) return true;
  return own && entry.log_id === null && entry.topic === topic && entry.partition === partition;
}

function rangesOfTally(tally: SourceTally, logId: LogId): Ranges {
  const seen = tally.get(logId)?.seen;
  return seen === undefined ? [] : rangesOfSet(seen);
}

async function tell(
  report: Report,
  proofs: Iterable<AcceptedLog & { readonly proof: Proof }>,
): Promise<number> {
  const totals = { accepted: 0, delivered: 0, pending: 0, ledgered: 0, retired: 0, unaccounted: 0 };
  const rows = [];
  let unproven = 0;
  for (const { logId, topic, partition, proof } of proofs) {
    const { identical, firstUnaccounted, proven, ...counts } = proof;
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += proof[key];
    if (!proven) unproven++;
    rows.push({
      ...{ log_id: logId, topic, partition, ...counts },
      bytes: identical === null ? "-" : identical ? "same" : "DIFFER",
      first_unaccounted: firstUnaccounted,
      proven,
    });
  }
  await report.rows("log", rows);
  await report.object("total", { ...totals, proven: unproven === 0 });
  const { accepted, delivered, pending, ledgered, retired, unaccounted } = totals;
  const more = (retired > 0 ? ` + ${retired} retired` : "") +
    (unaccounted > 0 ? ` + ${unaccounted} UNACCOUNTED` : "");
  await report.line(
    `\n${accepted} accepted = ${delivered} delivered + ${pending} pending + ${ledgered} ledgered` +
      `${more}: ${unproven === 0 ? "proven" : `not proven for ${unproven} logs`}`,
  );
  return unproven === 0 ? 0 : 1;
}

function missing(what: string): OperatingError {
  return new OperatingError("invalid_argument", `Cannot verify: name ${what}`);
}
