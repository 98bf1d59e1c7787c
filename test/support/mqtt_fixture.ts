/**
 * The MQTT door over real partition logs on a simulated disk, with connections in memory: the test
 * is the client, the clock and the disk.
 */
import { OperatingError } from "../../src/base/errors.ts";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { Connection, Listener } from "../../src/base/net.ts";
import type { Core } from "../../src/core/core.ts";
import type { DecodedRecord } from "../../src/core/record.ts";
import { Admission } from "../../src/ingress/admission.ts";
import type { Authenticate, MqttLimits } from "../../src/ingress/mqtt/client_connection.ts";
import { MqttIngress } from "../../src/ingress/mqtt/mqtt_ingress.ts";
import type { RouteSettings } from "../../src/ingress/mqtt/topic_routes.ts";
import { OriginJournal } from "../../src/store/origin_journal.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";
import type { Topic } from "../../src/store/topic.ts";
import { testCore } from "./core.ts";
import { HandClock } from "./hand_clock.ts";
import { HeldConnection } from "./held_connection.ts";
import { LogHarness, readAll } from "./log_harness.ts";
import { connectPacket } from "./mqtt_packets.ts";
import { SimulatedDisk } from "./simulated_disk.ts";

export interface MqttFixtureOptions {
  readonly disk?: SimulatedDisk;
  readonly routes?: readonly RouteSettings[];
  readonly partitions?: number;
  readonly settings?: Partial<TopicSettings>;
  readonly limits?: Partial<MqttLimits>;
  readonly authenticate?: Authenticate;
  readonly admission?: { readonly bytesMax: number; readonly bytesPerSourceMax: number };
  readonly logger?: Logger;
}

/** Hands out connections the test makes. */
class HandListener implements Listener {
  readonly address = { hostname: "test", port: 1 };
  #queue: Connection[] = [];
  #waiting: { resolve: (connection: Connection) => void; reject: (error: Error) => void } | null =
    null;

  offer(connection: Connection): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#queue.push(connection);
    else waiting.resolve(connection);
  }

  accept(): Promise<Connection> {
    const connection = this.#queue.shift();
    if (connection !== undefined) return Promise.resolve(connection);
    return new Promise((resolve, reject) => this.#waiting = { resolve, reject });
  }

  close(): void {
    this.#waiting?.reject(new Error("closed"));
  }
}

export class MqttFixture {
  readonly disk: SimulatedDisk;
  readonly core: Core;
  readonly clock = new HandClock();
  readonly harness: LogHarness;
  readonly origins: OriginJournal;
  readonly admission: Admission;
  readonly ingress: MqttIngress;
  readonly topics = new Map<string, Topic>();
  /** Rejects the next topic creations. */
  createError: OperatingError | null = null;
  /** Holds topic creations back until it resolves. */
  createGate: Promise<void> = Promise.resolve();
  /** What the door hears of the disk's room. */
  hasRoom: () => boolean = () => true;
  readonly #listener = new HandListener();
  readonly #options: MqttFixtureOptions;
  #handles = 0;

  constructor(options: MqttFixtureOptions = {}) {
    this.#options = options;
    this.disk = options.disk ?? new SimulatedDisk();
    this.core = testCore();
    this.core.reset();
    this.origins = OriginJournal.open({
      disk: this.disk,
      crc32c: (bytes) => this.core.crc32c(bytes),
      logger: SILENT_LOGGER,
      fileBytes: 64 * 1024,
      checkpoint: null,
    });
    this.harness = new LogHarness({
      disk: this.disk,
      core: this.core,
      clock: this.clock,
      settings: options.settings ?? {},
      origins: this.origins,
    });
    this.admission = new Admission({ timers: this.clock, ...options.admission });
    const harness = this.harness;
    const logs = new Map<number, PartitionLog>();
    this.ingress = new MqttIngress({
      listener: this.#listener,
      store: {
        core: this.core,
        commits: harness.commits,
        origins: this.origins,
        topic: (name) => this.topics.get(name),
        createTopic: (name) => this.#createTopic(name, logs),
        byHandle: (handle) => logs.get(handle)!,
      },
      admission: this.admission,
      routes: options.routes ?? [],
      clock: this.clock,
      timers: this.clock,
      random: { fill: (into) => void into.fill(7), next: () => 0.5 },
      logger: options.logger ?? SILENT_LOGGER,
      metrics: SILENT_METRICS,
      authenticate: options.authenticate ?? null,
      limits: options.limits ?? {},
      hasRoom: () => this.hasRoom(),
    });
  }

  static async start(options: MqttFixtureOptions = {}): Promise<MqttFixture> {
    const fixture = new MqttFixture(options);
    await fixture.origins.recovered(() => null);
    void fixture.ingress.run();
    return fixture;
  }

  /** A connection that has said nothing yet. */
  async open(): Promise<HeldConnection> {
    const connection = new HeldConnection();
    this.#listener.offer(connection);
    await settle();
    return connection;
  }

  /** A connected client; what the server wrote so far is the CONNACK, and is forgotten. */
  async connect(options: Parameters<typeof connectPacket>[0] = {}): Promise<HeldConnection> {
    const connection = await this.open();
    connection.push(connectPacket(options));
    await connection.untilWritten(4);
    await settle();
    connection.writes.length = 0;
    return connection;
  }

  async records(topic: string): Promise<DecodedRecord[]> {
    const records: DecodedRecord[] = [];
    for (const log of this.topics.get(topic)?.partitions ?? []) {
      records.push(...(await readAll(this.core, log)).records);
    }
    return records;
  }

  async values(topic: string): Promise<string[]> {
    const records = await this.records(topic);
    return records.map(({ value }) => new TextDecoder().decode(value!));
  }

  /** Time passes, second by second, as the sweep sees it. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1000);
      await settle();
    }
  }

  async #createTopic(name: string, logs: Map<number, PartitionLog>): Promise<Topic> {
    await this.createGate;
    if (this.createError !== null) throw this.createError;
    const existing = this.topics.get(name);
    if (existing !== undefined) return existing;
    const partitions: PartitionLog[] = [];
    for (let nth = 0; nth < (this.#options.partitions ?? 1); nth++) {
      const log = await this.harness.open({ index: this.#handles++ });
      logs.set(log.handle, log);
      partitions.push(log);
    }
    const settings = { ...TOPIC_DEFAULTS, ...this.#options.settings };
    const topic = { id: "0".repeat(32), name, settings, partitions };
    this.topics.set(name, topic);
    return topic;
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setTimeout(resolve));
}
