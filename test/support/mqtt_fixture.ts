/**
 * The MQTT door of a real store on a simulated disk, with connections in memory: the test
 * is the client, the clock and the disk.
 */
import { OperatingError } from "../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { Connection, Listener } from "../../src/base/net.ts";
import type { Random } from "../../src/base/random.ts";
import type { Core } from "../../src/core/core.ts";
import type { DecodedRecord } from "../../src/core/record.ts";
import { Admission } from "../../src/ingress/admission.ts";
import type { Authenticate, MqttStore } from "../../src/ingress/mqtt/client_connection.ts";
import type { MqttLimits } from "../../src/ingress/mqtt/mqtt_limits.ts";
import { MqttIngress } from "../../src/ingress/mqtt/mqtt_ingress.ts";
import type { RouteSettings } from "../../src/ingress/mqtt/topic_routes.ts";
import type { MqttBookState } from "../../src/store/mqtt_book.ts";
import { STORE_DEFAULTS, TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";
import { Store } from "../../src/store/store.ts";
import type { Topic } from "../../src/store/topic.ts";
import { testCore } from "./core.ts";
import { HandClock } from "./hand_clock.ts";
import { HeldConnection } from "./held_connection.ts";
import { readAll } from "./log_harness.ts";
import { MemoryCatalogue } from "./memory_catalogue.ts";
import { MemoryMqttBook } from "./memory_mqtt_book.ts";
import { seededRandom } from "./dice.ts";
import { connectPacket } from "./mqtt_packets.ts";
import { SimulatedDisk } from "./simulated_disk.ts";

export interface MqttFixtureOptions {
  /** With `catalogue` and `book`, of a node that ran before. */
  readonly disk?: SimulatedDisk;
  readonly catalogue?: MemoryCatalogue;
  readonly book?: MemoryMqttBook;
  readonly core?: Core;
  readonly seed?: number;
  readonly routes?: readonly RouteSettings[];
  readonly partitions?: number;
  readonly settings?: Partial<TopicSettings>;
  readonly limits?: Partial<MqttLimits>;
  readonly authenticate?: Authenticate;
  readonly admission?: { readonly bytesMax: number; readonly bytesPerSourceMax: number };
}

/** Identifiers the server draws are known in advance. */
const CONSTANT_RANDOM: Random = { fill: (into) => void into.fill(7), next: () => 0.5 };

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
  readonly catalogue: MemoryCatalogue;
  readonly book: MemoryMqttBook;
  readonly clock: HandClock;
  readonly store: Store;
  readonly admission: Admission;
  readonly ingress: MqttIngress;
  /** Rejects the next topic creations. */
  createError: OperatingError | null = null;
  /** Holds topic creations back until it resolves. */
  createGate: Promise<void> = Promise.resolve();
  /** What the door hears of the disk's room; null asks the store. */
  roomBytes: number | null = null;
  /** Set to make the disk full to the door, whatever the store says. */
  isFull = false;
  readonly #listener = new HandListener();

  private constructor(
    store: Store,
    clock: HandClock,
    options: MqttFixtureOptions & { readonly kept: MqttBookState },
  ) {
    this.store = store;
    this.clock = clock;
    this.disk = options.disk!;
    this.catalogue = options.catalogue!;
    this.book = options.book!;
    this.admission = new Admission({ timers: clock, ...options.admission });
    this.ingress = new MqttIngress({
      listener: this.#listener,
      store: this.#door(store),
      book: this.book,
      kept: options.kept,
      admission: this.admission,
      routes: options.routes ?? [],
      clock,
      timers: clock,
      random: CONSTANT_RANDOM,
      logger: SILENT_LOGGER,
      metrics: SILENT_METRICS,
      authenticate: options.authenticate ?? null,
      limits: options.limits ?? {},
    });
  }

  static async start(options: MqttFixtureOptions = {}): Promise<MqttFixture> {
    const { disk = new SimulatedDisk(), catalogue = new MemoryCatalogue() } = options;
    const { book = new MemoryMqttBook() } = options;
    const clock = new HandClock();
    const store = await Store.open({
      disk,
      catalogue,
      core: options.core ?? testCore(),
      clock,
      timers: clock,
      random: seededRandom(options.seed ?? 1),
      logger: SILENT_LOGGER,
      metrics: SILENT_METRICS,
      settings: {
        ...STORE_DEFAULTS,
        originJournalBytes: 64 * 1024,
        headroomBytes: 0,
        defaultPartitions: options.partitions ?? 1,
        topicDefaults: { ...TOPIC_DEFAULTS, ...options.settings },
      },
    });
    const kept = await book.load();
    const fixture = new MqttFixture(store, clock, { ...options, disk, catalogue, book, kept });
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
    for (const log of this.store.topic(topic)?.partitions ?? []) {
      records.push(...(await readAll(this.store.core, log)).records);
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

  /** The store, with what a test may do to it. */
  #door(store: Store): MqttStore {
    const roomBytes = () => this.roomBytes ?? store.roomBytes;
    const overridden = () => this.roomBytes !== null;
    const isFull = () => this.isFull;
    return {
      core: store.core,
      commits: store.commits,
      origins: store.origins,
      get roomBytes() {
        return roomBytes();
      },
      space: {
        get full() {
          return isFull() || (roomBytes() <= 0 && store.space.full);
        },
        get tight() {
          return overridden() || store.space.tight;
        },
      },
      topics: () => store.topics(),
      observeTopics: (observer) => store.observeTopics(observer),
      topic: (name) => store.topic(name),
      createTopic: (name) => this.#createTopic(name),
      byHandle: (handle) => store.byHandle(handle),
    };
  }

  async #createTopic(name: string): Promise<Topic> {
    await this.createGate;
    if (this.createError !== null) throw this.createError;
    return await this.store.createTopic(name);
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setTimeout(resolve));
}
