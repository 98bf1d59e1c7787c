/**
 * One run of one node: the real store, receiver, forwarder and HTTP app, on a disk, a catalogue and
 * a clock that end with it. Once it is dead nothing it does reaches anything.
 */
import { isOperatingError } from "../../../src/base/errors.ts";
import type { Logger } from "../../../src/base/log.ts";
import { randomHex } from "../../../src/base/random.ts";
import { SILENT_METRICS } from "../../../src/base/metrics.ts";
import type { HttpClient } from "../../../src/base/net.ts";
import type { Core } from "../../../src/core/core.ts";
import { Forwarder } from "../../../src/replication/forwarder.ts";
import type { ForwarderSettings } from "../../../src/replication/forwarder_options.ts";
import { createReplicationApp } from "../../../src/replication/http/app.ts";
import { type BudgetSettings, NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../../src/replication/budget/link_budget.ts";
import { Receiver } from "../../../src/replication/receiver.ts";
import { Repairer } from "../../../src/replication/repair.ts";
import { LinkUsage } from "../../../src/store/link_usage.ts";
import type { StoreSettings, TopicSettings } from "../../../src/store/settings.ts";
import { Store } from "../../../src/store/store.ts";
import { seededRandom } from "../../support/dice.ts";
import type { MemoryCatalogue } from "../../support/memory_catalogue.ts";
import type { SimulatedDisk } from "../../support/simulated_disk.ts";
import { append, SMALL_STORE } from "../../support/stores.ts";
import { type NodeClock, ProcessClock } from "./node_clock.ts";
import type { Caller } from "./network.ts";

export interface ProcessSettings {
  readonly name: string;
  readonly store: Partial<StoreSettings>;
  /** By topic, over the defaults. */
  readonly topics: Readonly<Record<string, Partial<TopicSettings>>>;
  readonly forwarder: Partial<ForwarderSettings>;
  /** Of the link upstream; null grants all there is. */
  readonly budget: Partial<BudgetSettings> | null;
}

export interface ProcessOptions {
  readonly settings: ProcessSettings;
  readonly upstreamUrl: string | null;
  readonly client: (caller: Caller) => HttpClient;
  readonly disk: SimulatedDisk;
  readonly catalogue: MemoryCatalogue;
  readonly core: Core;
  readonly clock: NodeClock;
  readonly randomSeed: number;
  readonly logger: Logger;
  readonly onBug: (error: unknown) => void;
}

/** What became of a publish: the offsets and the log it was acknowledged with. */
export interface Acknowledged {
  readonly logId: string;
  readonly baseOffset: number;
}

const REPAIR_PAUSE_MS = 12_000;

export class NodeProcess {
  readonly disk: SimulatedDisk;
  readonly catalogue: MemoryCatalogue;
  store!: Store;
  receiver!: Receiver;
  forwarder: Forwarder | null = null;
  budget: LinkBudget | null = null;
  /** Whether it answers: false while it starts, and once it stops or is dead. */
  serving = false;
  readonly #options: ProcessOptions;
  readonly #clock: ProcessClock;
  #repairer: Repairer | null = null;
  #book: LinkUsage | null = null;
  #fetch!: (request: Request) => Response | Promise<Response>;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#clock = new ProcessClock(options.clock);
    this.disk = options.disk;
    this.catalogue = options.catalogue;
  }

  get alive(): boolean {
    return this.#clock.alive;
  }

  /** @throws {OperatingError} when the disk does not let it start */
  async start(): Promise<void> {
    const { core, disk, catalogue, logger, onBug, randomSeed, settings, upstreamUrl } =
      this.#options;
    const clock = this.#clock;
    const random = seededRandom(randomSeed);
    const common = { clock, timers: clock, random, logger, metrics: SILENT_METRICS };
    const store = await Store.open({
      ...common,
      ...{ disk, catalogue, core },
      settings: { ...SMALL_STORE, ...settings.store },
      hasUpstream: upstreamUrl !== null,
    });
    if (!this.alive) return;
    this.store = store;
    for (const [topic, own] of Object.entries(settings.topics)) {
      await store.createTopic(topic, own);
    }
    if (!this.alive) return;
    if (upstreamUrl !== null) await this.#openBudget();
    if (!this.alive) return;
    this.receiver = new Receiver({
      ...{ ...common, store, nodeName: settings.name },
      ...(upstreamUrl !== null && {
        settledOf: (logId: string) => store.forwarded.ofLog(logId)?.settled ?? 0,
      }),
      route: () => this.forwarder?.route ?? [],
    });
    this.#fetch = createReplicationApp({
      ...{ receiver: this.receiver, timers: clock, logger, onBug },
      authorize: () => (_, next) => next(),
      peerOf: () => null,
    }).fetch;
    if (upstreamUrl !== null) this.#forward(upstreamUrl);
    this.serving = true;
  }

  async #openBudget(): Promise<void> {
    const { disk, logger, settings } = this.#options;
    if (settings.budget === null) return;
    const crc32c = (bytes: Uint8Array) => this.store.core.crc32c(bytes);
    this.#book = await LinkUsage.open({ disk, logger, crc32c });
    this.budget = new LinkBudget({
      ...{ clock: this.#clock, timers: this.#clock, book: this.#book },
      settings: { ...NO_BUDGET, ...settings.budget },
    });
  }

  #forward(upstreamUrl: string): void {
    const { client, logger, randomSeed, settings } = this.#options;
    const clock = this.#clock;
    const caller: Caller = {
      get alive() {
        return clock.alive;
      },
      wallMs: () => clock.wallMs(),
      after: (delayMs, task) => clock.after(delayMs, task),
    };
    const random = seededRandom(randomSeed + 1);
    const { store } = this;
    const common = { store, timers: clock, logger, metrics: SILENT_METRICS };
    const forwarder = new Forwarder({
      ...{ ...common, clock, random, upstreamUrl },
      ...(this.budget === null ? {} : { budget: this.budget }),
      http: client(caller),
      token: null,
      nodeName: settings.name,
      run: randomHex(random, 8),
      settings: settings.forwarder,
    });
    this.forwarder = forwarder;
    // It looks round every ten pauses: days of seconds cost a simulation more than they tell.
    this.#repairer = new Repairer({ ...common, fetch: forwarder.fetch, pauseMs: REPAIR_PAUSE_MS });
    forwarder.start();
    this.#repairer.start();
  }

  /** Null while nobody listens. */
  serve(request: Request): Promise<Response> | null {
    return this.serving ? this.#serve(request) : null;
  }

  async #serve(request: Request): Promise<Response> {
    try {
      const response = await this.#fetch(request);
      if (this.alive) return response;
    } catch (error) {
      this.#options.onBug(error);
    }
    return await new Promise<never>(() => {});
  }

  /** Resolves once acknowledged; with null when it was refused. Never, when the process dies. */
  async publish(
    topic: string,
    partition: number,
    values: readonly string[],
  ): Promise<Acknowledged | null> {
    const { store } = this;
    try {
      const found = await store.createTopic(topic);
      store.checkRoom(found);
      const { ticket } = await append(store, found.partitions[partition]!, values);
      if (!this.alive) return await new Promise<never>(() => {});
      const { logId } = store.logs.chain(topic, partition).at(-1)!;
      return { logId, baseOffset: ticket.baseOffset };
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      if (!this.alive) return await new Promise<never>(() => {});
      return null;
    }
  }

  /** SIGTERM: everything is written down. */
  async stop(): Promise<void> {
    this.serving = false;
    await Promise.all([this.forwarder?.stop(), this.#repairer?.stop()]);
    await this.budget?.close().catch(() => {});
    await this.#book?.close();
    await this.store.close();
    this.end();
  }

  /** It is over: whatever is still under way in it reaches nothing any more. */
  end(): void {
    this.serving = false;
    this.#clock.alive = false;
    this.disk.halted = true;
    this.disk.onStep = null;
    this.catalogue.delay = () => new Promise(() => {});
  }
}
