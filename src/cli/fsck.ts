/**
 * `fsck`: checks a data directory while no node has it open, explains what it finds, and repairs it
 * if told to. A repair is proved by a second check.
 *
 *     exit 0   nothing is wrong        4   damage is left
 *          1   all that was wrong was repaired    8   it could not be checked
 *
 * @module
 */
import { renameSync } from "node:fs";
import { isOperatingError, messageOf } from "../base/errors.ts";
import { Core } from "../core/core.ts";
import { decodeFormat } from "../format/format_json.ts";
import { readCatalogueCopy } from "../host/catalogue_copy.ts";
import { HOST_CLOCK } from "../host/clock.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { lockDataDir } from "../host/data_dir_lock.ts";
import { openDisk } from "../host/disk.ts";
import { HOST_RANDOM } from "../host/random.ts";
import { SqliteCatalogue } from "../host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "../host/timers.ts";
import type { Logger } from "../base/log.ts";
import { OperatingError } from "../base/errors.ts";
import { checkStore, type CheckTotals } from "../store/check/check_store.ts";
import type { Finding } from "../store/check/finding.ts";
import { repairFormat, repairStore, setUnreadableAside } from "../store/check/repair_store.ts";
import { DirectoryReader } from "../store/directory_reader.ts";
import type { Command, CommandContext, Terminal } from "./command.ts";
import { checkDirectory } from "./dump.ts";
import { Report } from "./report.ts";
import { formatBytes } from "./table.ts";

export const FSCK: Command = {
  usage: "DATA_DIR [--repair] [--upgrade] [--json]",
  summary: "check a data directory that no node has open, explain what is wrong, and repair it",
  positionals: { min: 1, max: 1 },
  valued: [],
  bare: ["--repair", "--upgrade", "--json"],
  async run(context) {
    try {
      return await fsck(context);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      context.terminal.remark(`logboom: ${messageOf(error)}`);
      return EXIT.unchecked;
    }
  },
};

const EXIT = { clean: 0, repaired: 1, damaged: 4, unchecked: 8 } as const;

async function fsck({ args, terminal }: CommandContext): Promise<number> {
  const [dataDir] = args.positionals as [string];
  checkDirectory(dataDir);
  const core = Core.create(loadCoreFile());
  const check = new Fsck(dataDir, { core, terminal, json: args.has("--json") });
  check.refuseStrange();
  const lock = lockDataDir(dataDir);
  try {
    if (args.has("--upgrade")) await check.upgrade();
    const found = await check.check({ repairing: args.has("--repair") });
    if (found.damages === 0) return EXIT.clean;
    if (!args.has("--repair")) {
      await check.say("Run fsck --repair to repair what can be repaired.");
      return EXIT.damaged;
    }
    try {
      await check.repair();
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      terminal.remark(`logboom: the repair stopped: ${messageOf(error)}`);
      return EXIT.damaged;
    }
    await check.say("\nChecked again after the repair:");
    const left = await check.check({ repairing: true });
    return left.damages === 0 ? EXIT.repaired : EXIT.damaged;
  } finally {
    lock.release();
  }
}

class Fsck {
  readonly #dataDir: string;
  readonly #core: Core;
  readonly #report: Report;
  readonly #terminal: Terminal;
  #catalogueUsable = true;
  #round = 0;

  constructor(
    dataDir: string,
    { core, terminal, json }: { core: Core; terminal: Terminal; json: boolean },
  ) {
    this.#dataDir = dataDir;
    this.#core = core;
    this.#terminal = terminal;
    this.#report = new Report(terminal, json);
  }

  /** @throws {OperatingError} where there is no store, or one of a newer logboom */
  refuseStrange(): void {
    const disk = openDisk(this.#dataDir, { readOnly: true });
    const reader = new DirectoryReader(disk, (bytes) => this.#core.crc32c(bytes));
    if (!reader.isStore) {
      const message = `Cannot check ${this.#dataDir}: no node's data lies there`;
      throw new OperatingError("data_dir_unusable", message);
    }
    if (!disk.exists("format.json")) return;
    try {
      const { source, close } = reader.source("format.json");
      decodeFormat(new TextDecoder().decode(source.read(0, source.end)));
      close();
    } catch (error) {
      if (isOperatingError(error, "format_too_new")) throw error;
    }
  }

  say(line: string): Promise<void> {
    return this.#report.line(line);
  }

  /** There is one format so far. */
  upgrade(): Promise<void> {
    return this.say("The directory is in the newest format: there is nothing to upgrade.");
  }

  /** Looks at everything; in a round after the first, wrong indexes are built anew, too. */
  async check({ repairing }: { repairing: boolean }): Promise<{ damages: number }> {
    const mendIndexes = repairing && this.#round++ > 0;
    const disk = openDisk(this.#dataDir, { readOnly: !mendIndexes });
    const { state, troubles } = await readCatalogueCopy(`${this.#dataDir}/catalogue.sqlite`);
    this.#catalogueUsable = state !== null;
    const findings: Finding[] = [];
    const totals = checkStore({
      ...{ disk, core: this.#core, mendIndexes, catalogue: state, catalogueTroubles: troubles },
      found: (finding) => findings.push(finding),
    });
    for (const finding of findings) await this.#tell(finding);
    const damages = findings.filter(({ severity }) => severity === "damage").length;
    await this.#sum(totals, damages);
    return { damages };
  }

  async repair(): Promise<void> {
    const options = {
      ...{ disk: openDisk(this.#dataDir), core: this.#core, logger: this.#logger },
      ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
    };
    setUnreadableAside(options.disk);
    await repairFormat(options);
    const path = `${this.#dataDir}/catalogue.sqlite`;
    if (!this.#catalogueUsable) setAside(path);
    const catalogue = await SqliteCatalogue.open(path, this.#logger);
    try {
      await repairStore(catalogue, options);
    } finally {
      await catalogue.close();
    }
  }

  async #tell({ code, severity, place, text, repair }: Finding): Promise<void> {
    await this.#report.object("finding", { code, severity, place, text, repair });
    await this.say(`${severity === "damage" ? "DAMAGE" : "note"}  ${place}`);
    await this.say(`        ${text}`);
    if (severity === "note") return;
    await this.say(`        ${repair ?? "Nothing can be done about it here."}`);
  }

  async #sum({ partitions, batches, records, bytes }: CheckTotals, damages: number): Promise<void> {
    await this.#report.object("summary", { partitions, batches, records, bytes, damages });
    const state = damages === 0 ? "nothing is wrong" : `${damages} found damaged`;
    await this.say(
      `${partitions} partitions, ${batches} batches, ${records} records, ${formatBytes(bytes)}: ` +
        state,
    );
  }

  /** What the store says while it repairs, as remarks. */
  get #logger(): Logger {
    const remark = (event: string, fields: object = {}) =>
      this.#terminal.remark(`${event} ${JSON.stringify(fields)}`);
    return { debug() {}, info() {}, warn: remark, error: remark };
  }
}

/** Out of the way, not away. */
function setAside(path: string): void {
  const aside = `${path}.damaged-${Date.now()}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      renameSync(path + suffix, aside + suffix);
    } catch {
      // There is none.
    }
  }
}
