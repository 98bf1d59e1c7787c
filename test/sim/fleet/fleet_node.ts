/**
 * One machine of a fleet: a disk, a catalogue, a clock, and the process on them, started, crashed,
 * stopped and put back from images any number of times.
 */
import { isOperatingError } from "../../../src/base/errors.ts";
import type { Logger } from "../../../src/base/log.ts";
import type { HttpClient } from "../../../src/base/net.ts";
import type { Core } from "../../../src/core/core.ts";
import { diceOf } from "../../support/dice.ts";
import { MemoryCatalogue } from "../../support/memory_catalogue.ts";
import { type CrashModel, SimulatedDisk, type Snapshot } from "../../support/simulated_disk.ts";
import type { Caller, Host } from "./network.ts";
import { NodeClock } from "./node_clock.ts";
import { NodeProcess, type ProcessSettings } from "./node_process.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** `killed`: only the process dies, what it wrote stands in the page cache. */
export type Death = CrashModel | "killed";

export interface Image {
  readonly disk: Snapshot;
  readonly catalogue: MemoryCatalogue;
}

interface Left extends Image {
  readonly death: Death;
}

export interface FleetNodeOptions {
  readonly time: VirtualTime;
  readonly seed: number;
  readonly settings: ProcessSettings;
  readonly core: Core;
  readonly logger: Logger;
  readonly client: (node: FleetNode) => (caller: Caller) => HttpClient;
  /** Milliseconds a sync takes, drawn each time; zero: none. */
  readonly syncMs: number;
  /** Told of every start and death. */
  readonly changed: (node: FleetNode, what: string) => void;
  readonly onBug: (error: unknown) => void;
}

/** A process that its disk does not let start is started again after this. */
const RESTART_MS = 10_000;

export class FleetNode implements Host {
  readonly name: string;
  readonly clock: NodeClock;
  upstream: string | null = null;
  process: NodeProcess | null = null;
  /** Counts starts. */
  run = 0;
  /** Deaths at which records of a log were written and not synced. */
  crashesInCommit = 0;
  deaths = 0;
  /** The share of its syncs that fail. */
  syncTrouble = 0;
  /** Bytes its disk may hold. */
  capacityBytes = Infinity;
  #disk = new SimulatedDisk();
  #catalogue = new MemoryCatalogue();
  /** The budget of its link is lifted. */
  unbounded = false;
  #stallMs = 0;
  readonly #options: FleetNodeOptions;
  readonly #dice: () => number;
  readonly #diskDice: () => number;
  /** What a death left, until the next start. */
  #left: Left | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: FleetNodeOptions) {
    this.#options = options;
    this.name = options.settings.name;
    this.clock = new NodeClock(options.time);
    this.#dice = diceOf(options.seed * 31 + 7);
    this.#diskDice = diceOf(options.seed * 37 + 11);
  }

  get disk(): SimulatedDisk {
    return this.#disk;
  }

  /** Of no process: there is one while none runs, or one only starts, too. */
  get core(): Core {
    return this.#options.core;
  }

  /** Whether it takes requests and publishes. */
  get up(): boolean {
    return this.process?.serving === true;
  }

  start(): void {
    if (this.process?.alive === true) return;
    if (this.#left !== null) this.#comeBack(this.#left);
    this.#left = null;
    this.run++;
    const { client, clock, core, seed, settings, logger, onBug } = {
      ...this.#options,
      clock: this.clock,
    };
    this.#prepare(this.#disk, this.#catalogue);
    const process = new NodeProcess({
      ...{ core, clock, logger, onBug },
      settings: this.unbounded ? { ...settings, budget: null } : settings,
      // Which node answers there may change.
      upstreamUrl: this.upstream === null ? null : "http://upstream.sim",
      client: client(this),
      disk: this.#disk,
      catalogue: this.#catalogue,
      randomSeed: seed * 1_000 + this.run * 2,
    });
    this.process = process;
    this.#options.changed(this, "starts");
    process.start().then(
      () => this.#options.changed(this, "is up"),
      (error) => this.#cannotStart(process, error),
    );
  }

  /** Dies now, unless it is dead already. */
  crash(death: Death): void {
    const { process } = this;
    if (process === null || !process.alive) return;
    this.deaths++;
    if (this.#disk.unsynced((path) => path.endsWith(".log"))) this.crashesInCommit++;
    this.#left = {
      disk: this.#disk.snapshot(),
      catalogue: this.#catalogue.crashed({ next: this.#dice, fill() {} }),
      death,
    };
    process.end();
    this.#options.changed(this, `dies (${death})`);
  }

  /** Dies at the disk's step that is `steps` from now. */
  crashAfter(steps: number, death: Death): void {
    const disk = this.#disk;
    const at = disk.steps + steps;
    disk.onStep = (step) => step >= at && this.crash(death);
  }

  /** Dies between the write of records and the end of their sync. */
  crashInCommit(death: Death, skip: number): void {
    let left = skip;
    this.#disk.onStep = (_step, verb, path) => {
      if (!path.endsWith(".log") || (verb !== "sync" && verb !== "synced")) return;
      if (!this.#disk.unsynced((one) => one === path) || left-- > 0) return;
      this.crash(death);
    };
  }

  /** Dies around the removal of a segment, so many steps behind the first. */
  crashInEviction(death: Death, skip: number): void {
    const disk = this.#disk;
    let at = Number.POSITIVE_INFINITY;
    disk.onStep = (step, verb, path) => {
      if (at === Infinity && verb === "remove" && path.endsWith(".log")) at = step + skip;
      if (step >= at) this.crash(death);
    };
  }

  /** Nothing is to happen at any step of its disk any more. */
  disarm(): void {
    this.#disk.onStep = null;
  }

  /** What its disk may hold from now on. */
  limit(capacityBytes: number): void {
    this.capacityBytes = capacityBytes;
    this.#disk.capacityBytes = capacityBytes;
  }

  /** Milliseconds each of its syncs takes at the most from now on; zero: as ever. */
  stall(stallMs: number): void {
    this.#stallMs = stallMs;
    this.#slow(this.#disk);
  }

  /** Stops as it is told to; what goes on meanwhile is for the caller to wait for. */
  stop(): Promise<void> {
    const { process } = this;
    if (process === null || !process.serving) return this.#stopping ?? Promise.resolve();
    this.#options.changed(this, "stops");
    this.#stopping = process.stop().then(() => {
      if (this.process !== process || this.#left !== null) return;
      this.#left = { ...this.image(), death: "killed" };
    });
    return this.#stopping;
  }

  /** A copy of the data directory as it is at this moment, as a snapshot of the volume has it. */
  image(): Image {
    if (this.#left !== null) {
      // The next run goes on with the catalogue that was left.
      return { disk: this.#left.disk, catalogue: copyOf(this.#left.catalogue) };
    }
    return { disk: this.#disk.snapshot(), catalogue: copyOf(this.#catalogue) };
  }

  /** Puts an image back in place of what is there; the node must be dead. */
  restore({ disk, catalogue }: Image): void {
    this.#left = { disk, catalogue: copyOf(catalogue), death: "killed" };
  }

  /** Its segments, oldest first, that hold nothing but what is durable. */
  segments(): { path: string; bytes: Uint8Array }[] {
    const disk = this.#disk;
    const found: { path: string; bytes: Uint8Array }[] = [];
    for (const directory of disk.list("")) {
      for (const name of disk.list(directory)) {
        const path = `${directory}/${name}`;
        if (!name.endsWith(".log") || disk.unsynced((one) => one === path)) continue;
        found.push({ path, bytes: disk.contents(path) });
      }
    }
    return found;
  }

  serve(request: Request): Promise<Response> | null {
    return this.process?.serve(request) ?? null;
  }

  #comeBack({ disk, catalogue, death }: Left): void {
    this.#disk = death === "killed"
      ? SimulatedDisk.killed(disk)
      : SimulatedDisk.crashed(disk, this.#dice, death);
    this.#catalogue = catalogue;
  }

  /** What is set of the machine holds for the disk of each run. */
  #prepare(disk: SimulatedDisk, catalogue: MemoryCatalogue): void {
    const { syncMs, time } = this.#options;
    const dice = this.#diskDice;
    disk.capacityBytes = this.capacityBytes;
    disk.syncFault = () => this.syncTrouble > 0 && dice() < this.syncTrouble ? "fail" : null;
    this.#slow(disk);
    catalogue.delay = syncMs > 0 ? () => time.sleep(2 * syncMs * dice()) : () => Promise.resolve();
  }

  #slow(disk: SimulatedDisk): void {
    const { syncMs, time } = this.#options;
    const longestMs = this.#stallMs > 0 ? this.#stallMs : syncMs;
    disk.syncDelay = longestMs > 0 ? () => time.sleep(longestMs * this.#diskDice()) : null;
  }

  #cannotStart(process: NodeProcess, error: unknown): void {
    if (!process.alive) return;
    if (!isOperatingError(error) || !error.code.startsWith("storage_")) {
      return this.#options.onBug(error);
    }
    this.#options.changed(this, `cannot start: ${error.message}`);
    this.crash("killed");
    this.#options.time.after(RESTART_MS, () => this.start());
  }
}

/** What is durable in it. */
function copyOf(catalogue: MemoryCatalogue): MemoryCatalogue {
  return catalogue.crashed({ next: () => 0, fill() {} });
}
