/**
 * Nodes that replicate, on simulated disks, joined by a flaky link: what the tests of replication
 * start, crash at any step, restore from images and clone.
 */
import { OperatingError } from "../../src/base/errors.ts";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { LogId, Offset } from "../../src/base/types.ts";
import { Forwarder } from "../../src/replication/forwarder.ts";
import type { ForwarderSettings } from "../../src/replication/forwarder_options.ts";
import { createReplicationApp } from "../../src/replication/http/app.ts";
import { Receiver, type ReceiverOptions } from "../../src/replication/receiver.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import type { StoreSettings } from "../../src/store/settings.ts";
import type { Store } from "../../src/store/store.ts";
import { diceOf, seededRandom } from "./dice.ts";
import { FlakyLink } from "./flaky_link.ts";
import type { HandClock } from "./hand_clock.ts";
import { MemoryCatalogue } from "./memory_catalogue.ts";
import { type CrashModel, SimulatedDisk, type Snapshot } from "./simulated_disk.ts";
import { append, openStore } from "./stores.ts";

const TOKENS = /^Bearer (.+)$/;

export interface Image {
  readonly disk: Snapshot;
  readonly catalogue: MemoryCatalogue;
}

export interface NodeOptions {
  readonly name: string;
  readonly seed: number;
  readonly clock: HandClock;
  readonly settings?: Partial<StoreSettings>;
  readonly logger?: Logger;
  readonly crashModel?: CrashModel | undefined;
  /** From the start; without it, once it forwards. */
  readonly hasUpstream?: boolean;
}

/** One data directory and the process on it, started and crashed any number of times. */
export class SimulatedNode {
  readonly name: string;
  disk = new SimulatedDisk();
  catalogue = new MemoryCatalogue();
  store!: Store;
  receiver!: Receiver;
  forwarder: Forwarder | null = null;
  /** Counts starts: what a process of an earlier start does no longer counts. */
  run = 0;
  readonly #options: NodeOptions;
  readonly #dice: () => number;
  #snapshot: Snapshot | null = null;
  #catalogueLeft = this.catalogue;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#dice = diceOf(options.seed);
    this.name = options.name;
  }

  /** Whether the process has died since its start. */
  get crashed(): boolean {
    return this.#snapshot !== null;
  }

  async start(): Promise<void> {
    const { clock, settings, seed, name, logger = SILENT_LOGGER, hasUpstream } = this.#options;
    this.run++;
    this.#snapshot = null;
    const random = seededRandom(seed * 1_000 + this.run);
    const { store } = await openStore({
      disk: this.disk,
      catalogue: this.catalogue,
      clock,
      random,
      logger,
      ...(settings === undefined ? {} : { settings }),
      ...(hasUpstream === undefined ? {} : { hasUpstream }),
    });
    this.store = store;
    const common = { store, clock, timers: clock, random, logger, metrics: SILENT_METRICS };
    this.receiver = new Receiver({ ...common, nodeName: name });
  }

  /** A receiver with other options, from now on. */
  receive(options: Partial<ReceiverOptions>): void {
    const { clock, logger = SILENT_LOGGER, seed } = this.#options;
    this.receiver = new Receiver({
      ...{ store: this.store, nodeName: this.name, clock, timers: clock, logger },
      random: seededRandom(seed * 991 + this.run),
      metrics: SILENT_METRICS,
      ...options,
    });
  }

  /** What answers HTTP requests, until the process dies. */
  serve(): (request: Request) => Promise<Response> {
    const { clock, logger = SILENT_LOGGER } = this.#options;
    const app = createReplicationApp({
      receiver: this.receiver,
      timers: clock,
      logger,
      authorize: () => (_, next) => next(),
      peerOf: (request) => TOKENS.exec(request.headers.get("authorization") ?? "")?.[1] ?? null,
      onBug(error) {
        throw error;
      },
    });
    const { run } = this;
    return async (request) => {
      const response = await app.fetch(request);
      if (this.crashed || this.run !== run) await new Promise(() => {});
      return response;
    };
  }

  forward(link: Pick<FlakyLink, "client">, settings?: Partial<ForwarderSettings>): void {
    const { clock, seed, name, logger = SILENT_LOGGER } = this.#options;
    const { run } = this;
    this.store.hasUpstream = true;
    this.forwarder = new Forwarder({
      store: this.store,
      http: link.client(() => !this.crashed && this.run === run),
      upstreamUrl: "http://centre.example",
      token: null,
      nodeName: name,
      clock,
      timers: clock,
      random: seededRandom(seed * 77 + run),
      logger,
      metrics: SILENT_METRICS,
      ...(settings === undefined ? {} : { settings }),
    });
    this.forwarder.start();
  }

  /** Power goes at the next step of the disk that is `steps` from now. */
  crashAfter(steps: number): void {
    const { disk } = this;
    const at = disk.steps + steps;
    disk.onStep = (step) => {
      if (step !== at || this.disk !== disk) return;
      this.#die();
    };
  }

  /** Power stays on, unless it went already. */
  disarm(): void {
    this.disk.onStep = null;
  }

  /** Power goes now, unless it went already; the next start finds what the disk kept. */
  crash(): void {
    if (this.#snapshot === null) this.#die();
    const { forwarder } = this;
    this.forwarder = null;
    void forwarder?.stop();
    this.disk = SimulatedDisk.crashed(this.#snapshot!, this.#dice, this.#options.crashModel);
    this.catalogue = this.#catalogueLeft;
  }

  /** What the process does from here on reaches neither disk nor catalogue. */
  #die(): void {
    this.disk.onStep = null;
    this.#snapshot = this.disk.snapshot();
    this.#catalogueLeft = this.catalogue.crashed({ next: this.#dice, fill() {} });
  }

  /** SIGTERM: everything is written down. */
  async stop(): Promise<void> {
    await this.forwarder?.stop();
    this.forwarder = null;
    await this.store.close();
    this.#snapshot = this.disk.snapshot();
    this.disk = SimulatedDisk.killed(this.#snapshot);
  }

  /** A copy of the data directory as it is at this moment. */
  image(): Image {
    return { disk: this.disk.snapshot(), catalogue: copyOf(this.catalogue) };
  }

  /** Puts an image back; start afterwards. */
  restore({ disk, catalogue }: Image): void {
    this.disk = SimulatedDisk.killed(disk);
    this.catalogue = copyOf(catalogue);
  }

  /** Appends, and resolves true once acknowledged; false when it is not, or the process died. */
  async append(topic: string, partition: number, values: readonly string[]): Promise<boolean> {
    const { run, store } = this;
    try {
      const { partitions } = await store.createTopic(topic);
      await append(store, partitions[partition]!, values);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return false;
    }
    return !this.crashed && this.run === run;
  }

  /** Every record that can be read, partition by partition. */
  async records(topic: string): Promise<ReadRecord[]> {
    const records: ReadRecord[] = [];
    for (const log of this.store.topic(topic)?.partitions ?? []) {
      for (let offset = log.logStartOffset; offset < log.highWatermark;) {
        const { batches, nextOffset } = await log.read(offset, { maxBytes: 1 << 20 });
        for (const batch of batches) {
          const { logId, sourceOffset, crc } = readBatchHeader(batch);
          this.store.core.decode(batch).forEach(({ value, offset }, at) =>
            records.push({
              partition: log.index,
              offset,
              value: new TextDecoder().decode(value!),
              logId,
              sourceOffset: sourceOffset + at,
              crc,
            })
          );
        }
        offset = nextOffset;
      }
    }
    return records;
  }
}

/** What is durable in it. */
function copyOf(catalogue: MemoryCatalogue): MemoryCatalogue {
  return catalogue.crashed({ next: () => 0, fill() {} });
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: Offset;
  readonly value: string;
  readonly logId: LogId;
  readonly sourceOffset: Offset;
  readonly crc: number;
}

/** One turn of the event loop: whatever can go on without time passing does. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Lets time pass in small steps until `done`, or throws when it takes too long. */
export async function until(
  clock: HandClock,
  done: () => boolean,
  { limitMs = 600_000, what = "it is done" } = {},
): Promise<void> {
  const endMs = clock.monotonicMs() + limitMs;
  for (let stepMs = 1;; stepMs = Math.min(1_000, Math.ceil(stepMs * 1.1))) {
    await turns();
    if (done()) return;
    if (clock.monotonicMs() > endMs) throw new Error(`Waited ${limitMs} ms until ${what}`);
    clock.advance(stepMs);
  }
}

/** Lets `ms` pass in small steps. */
export async function pass(clock: HandClock, ms: number): Promise<void> {
  const endMs = Math.floor(clock.monotonicMs() + ms);
  while (clock.monotonicMs() < endMs) {
    await turns();
    clock.advance(5);
  }
  await turns();
}
