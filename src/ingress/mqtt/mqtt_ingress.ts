/**
 * The MQTT door: accepts connections, sweeps over them once a second, and stops them in order.
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { isOperatingError, messageOf, OperatingError } from "../../base/errors.ts";
import { MQTT_REFUSED_AT_ONCE_MAX } from "../../base/door_limits.ts";
import {
  MQTT_PACKET_STALL_MS,
  MQTT_STOP_MS,
  MQTT_UNANSWERED_BYTES_MAX,
} from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import { type Connection, type Listener, TRANSPORTS } from "../../base/net.ts";
import { MQTT_RETAINED_SWEEP_S, MQTT_SYS_S } from "../../base/mqtt_limits.ts";
import type { Random } from "../../base/random.ts";
import { ReasonCode } from "../../protocol/mqtt/reason_code.ts";
import type { MqttBook, MqttBookState } from "../../store/mqtt_book.ts";
import type { Inflate } from "../../format/codec.ts";
import type { Admission } from "../admission.ts";
import type { Authenticate, ConnectionEnd, MqttServices, MqttStore } from "./client_connection.ts";
import { ByteBudget } from "./byte_budget.ts";
import { ClientLog } from "./client_log.ts";
import type { ClientDirectory } from "./client_report.ts";
import { ConnectRate } from "./connect_rate.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { Delivery } from "./delivery/delivery.ts";
import { DelayedWills, type Will } from "./delayed_wills.ts";
import { KeptSessions } from "./kept_sessions.ts";
import { KnownClients } from "./known_clients.ts";
import { LiveClients } from "./live_clients.ts";
import { MqttCounters } from "./mqtt_counters.ts";
import { MQTT_LIMITS, type MqttLimits } from "./mqtt_limits.ts";
import { Paces } from "./paced_connection.ts";
import { appendPublication } from "./publication.ts";
import { Qos2Publishes } from "./qos2_publishes.ts";
import { ReadBudget } from "./read_budget.ts";
import { RetainedMessages } from "./retained/retained_messages.ts";
import { retainedOf } from "./retained/retained_record.ts";
import { SysTopics } from "./retained/sys_topics.ts";
import { RouteTable } from "./route_table.ts";
import { Session } from "./session.ts";
import { SessionExpiry } from "./session_expiry.ts";
import { type RouteSettings, TopicRoutes } from "./topic_routes.ts";

export interface MqttIngressOptions {
  readonly listener: Listener;
  readonly store: MqttStore;
  readonly book: MqttBook;
  /** What the book has at the start. */
  readonly kept: MqttBookState;
  readonly admission: Admission;
  readonly routes: readonly RouteSettings[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Null or left out lets everyone in. */
  readonly authenticate?: Authenticate | null;
  readonly limits?: Partial<MqttLimits>;
  /** For batches that other nodes compressed; left out, those are passed over. */
  readonly inflate?: Inflate;
}

const NO_INFLATE: Inflate = () => {
  throw new OperatingError("corrupt_batch", "Cannot decode batch: nothing here inflates it");
};

const SWEEP_MS = 1_000;
/** Sweeps between two looks at sessions that may have expired. */
const EXPIRY_SWEEPS = 5;
/** Sweeps between two moves of records without a key to the next partition. */
const ROTATE_SWEEPS = 1;

export class MqttIngress {
  readonly #options: MqttIngressOptions;
  readonly #services: MqttServices;
  readonly #sessions = new Set<Session>();
  readonly #entries: ConnectionLimits;
  /** Over a limit, and being told so. */
  readonly #turnedAway = new Set<Session>();
  readonly #paces: Paces;
  readonly #limits: MqttLimits;
  readonly #system: SysTopics;
  /** Wills whose topic is being created. */
  readonly #wills = new Set<Promise<void>>();
  #toFlush: { flush(): void }[] = [];
  #nowS = 0;
  #stopping = false;
  #cancelSweep: (() => void) | null = null;
  /** Called when the last session is gone while stopping. */
  #emptied: (() => void) | null = null;

  constructor(options: MqttIngressOptions) {
    this.#options = options;
    this.#limits = { ...MQTT_LIMITS, ...options.limits };
    this.#entries = new ConnectionLimits(this.#limits);
    this.#system = this.#makeSystem();
    this.#services = this.#makeServices();
    this.#paces = this.#makePaces();
    for (const { clientId, expiryS } of options.kept.sessions) {
      // The connection a session was to end with did not survive the process.
      if (expiryS === 0) this.#endSession(clientId);
      else this.#services.expiry.begin(clientId, expiryS, this.#nowS);
    }
    options.metrics.gauge(
      "logboom_mqtt_connections",
      "Open MQTT connections.",
      () => this.#sessions.size,
    );
    for (const transport of TRANSPORTS) {
      options.metrics.gauge(
        "logboom_mqtt_listener_connections",
        "Open MQTT connections, by what their bytes travel in.",
        () => [...this.#sessions].filter((session) => session.transport === transport).length,
        { transport },
      );
    }
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Whom it serves, for operators. */
  get clients(): ClientDirectory {
    const { clients, sessions } = this.#services;
    return new KnownClients(clients, sessions);
  }

  /** Where topic names go, for those who append what came another way. */
  get routes(): RouteTable {
    return this.#services.routes;
  }

  /** Accepts connections until {@linkcode stop}; resolves then. */
  async run(): Promise<void> {
    this.#sweepLater();
    while (!this.#stopping) {
      let connection: Connection;
      try {
        connection = await this.#options.listener.accept();
      } catch (error) {
        if (this.#stopping) return;
        throw error;
      }
      this.#accept(connection);
    }
  }

  /** Stops accepting; answers what was read; tells MQTT 5 clients; closes what is left in time. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#options.listener.close();
    const emptied = new Promise<void>((resolve) => this.#emptied = resolve);
    for (const session of [...this.#sessions]) session.shutDown();
    if (this.#sessions.size > 0) {
      const cancel = this.#options.timers.after(MQTT_STOP_MS, () => {
        for (const session of [...this.#sessions]) session.close();
      });
      await emptied;
      cancel();
    }
    this.#cancelSweep?.();
    this.#services.wills.publishAll();
    // Wills of those that were just closed are in open batches, or will be.
    await Promise.all(this.#wills);
    await this.#options.store.commits.idle();
    await this.#services.delivery.stop();
  }

  #accept(connection: Connection): void {
    if (this.#stopping) return connection.close();
    if (!this.#entries.enter(connection.remote)) return this.#turnAway(connection);
    const session = new Session(this.#paces.pace(connection), this.#services);
    this.#sessions.add(session);
    session.start();
  }

  /** Some are told why in a CONNACK; where there are many, closing must do. */
  #turnAway(connection: Connection): void {
    const { counters } = this.#services;
    if (this.#turnedAway.size >= MQTT_REFUSED_AT_ONCE_MAX) {
      counters.connectsRefused.value += 1;
      counters.refusal("closed_at_once");
      return connection.close();
    }
    const services = { ...this.#services, refusal: ReasonCode.QuotaExceeded };
    const session = new Session(connection, services);
    this.#sessions.add(session);
    this.#turnedAway.add(session);
    session.start();
  }

  #makePaces(): Paces {
    const { clock, timers } = this.#options;
    const { ratesEach: each, ratesAll: all } = this.#limits;
    return new Paces({ each, all, clock, timers, held: this.#services.counters.held });
  }

  #makeServices(): MqttServices {
    const { store, admission, clock, timers, random, logger, metrics, book, kept } = this.#options;
    const log = new ClientLog(logger);
    const routes = new TopicRoutes(this.#options.routes);
    const flushSoon = (session: { flush(): void }) => this.#flushSoon(session);
    const { inflate = NO_INFLATE } = this.#options;
    const delivery = new Delivery({
      ...{ store, routes, book, inflate, clock, timers, metrics, log, flushSoon },
      freshBytesMax: this.#limits.freshBytesMax,
      kept: kept.subscriptions,
    });
    const keptBudget = new ByteBudget(this.#limits.keptBytesMax);
    const onTrouble = (error: unknown) =>
      log.warn("mqtt_retained_failed", { error: messageOf(error) });
    return {
      store,
      admission,
      routes: new RouteTable(store, routes, (topicName) => delivery.isWanted(topicName)),
      delivery,
      clients: new LiveClients(),
      expiry: new SessionExpiry((clientId) => this.#endSession(clientId)),
      sessions: new KeptSessions({
        ...{ book, journal: store.origins, kept: kept.sessions },
        dropping: (clientId) => delivery.giveUp(clientId),
      }),
      retained: new RetainedMessages({
        ...{ book, clock, kept: kept.retained, onTrouble, system: this.#system },
      }),
      wills: new DelayedWills((clientId, will) => this.#publishWill(clientId, will), keptBudget),
      qos2: new Qos2Publishes(store.origins),
      readBudget: new ReadBudget(),
      keptBudget,
      unansweredBudget: new ByteBudget(MQTT_UNANSWERED_BYTES_MAX),
      clock,
      random,
      log,
      counters: new MqttCounters(metrics),
      limits: this.#limits,
      connectRate: new ConnectRate({
        clock,
        perSecondMax: this.#limits.connectsPerSecondMax,
        perClientPerSecondMax: this.#limits.connectsPerClientMax,
      }),
      refusal: null,
      authenticate: this.#options.authenticate ?? null,
      flushSoon,
      ended: (end) => this.#ended(end),
      nowS: () => this.#nowS,
    };
  }

  #makeSystem(): SysTopics {
    const services = () => this.#services;
    return new SysTopics(this.#options.clock, {
      uptimeS: () => this.#nowS,
      clientsConnected: () => services().clients.size,
      sessions: () => services().sessions.size,
      messagesReceived: () => services().counters.records.value,
      messagesSent: () => services().delivery.counters.messages.value,
      subscriptions: () => services().delivery.subscriptions,
      retained: () => services().retained.size,
    });
  }

  // ── answers ──────────────────────────────────────────────────────────────────────────────────

  /** After the commit at hand has called back everyone, so that its answers leave together. */
  #flushSoon(session: { flush(): void }): void {
    this.#toFlush.push(session);
    if (this.#toFlush.length === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const sessions = this.#toFlush;
    this.#toFlush = [];
    for (const session of sessions) session.flush();
  };

  // ── the sweep ────────────────────────────────────────────────────────────────────────────────

  #sweepLater(): void {
    this.#cancelSweep = this.#options.timers.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    this.#nowS += SWEEP_MS / 1000;
    for (const session of [...this.#sessions]) session.sweep(this.#nowS);
    if (this.#nowS % EXPIRY_SWEEPS === 0) {
      this.#services.expiry.sweep(this.#nowS);
      this.#services.delivery.sweep();
    }
    this.#services.wills.sweep(this.#nowS);
    if (this.#nowS % MQTT_RETAINED_SWEEP_S === 0) this.#services.retained.sweep();
    if (this.#nowS % MQTT_SYS_S === 0) {
      for (const message of this.#system.changed()) this.#services.delivery.publish(message);
    }
    this.#services.log.sweep();
    if (this.#nowS % EXPIRY_SWEEPS === 0) this.#services.connectRate.sweep();
    this.#services.readBudget.evictStalled(this.#nowS * 1000 - MQTT_PACKET_STALL_MS);
    if (this.#nowS % ROTATE_SWEEPS === 0) this.#services.routes.rotate();
    this.#sweepLater();
  }

  // ── the end of a connection ──────────────────────────────────────────────────────────────────

  #ended(end: ConnectionEnd): void {
    const { connection, clientId, will } = end;
    const session = connection as Session;
    const counted = this.#sessions.delete(session) && !this.#turnedAway.delete(session);
    if (counted) this.#entries.leave(session.remote);
    if (clientId !== null) {
      // A connection that was taken over leaves its session to the new one.
      if (this.#services.clients.isLive(clientId, connection)) this.#leftAlone(clientId, end);
      else if (will !== null) this.#tookOver(clientId, will, end);
    }
    if (this.#stopping && this.#sessions.size === 0) this.#emptied?.();
  }

  /** The client is gone; its session stays for a while, or ends. */
  #leftAlone(clientId: string, { connection, will, sessionExpiryS }: ConnectionEnd): void {
    const { clients, expiry, sessions, wills } = this.#services;
    clients.leave(clientId, connection);
    if (will !== null) wills.begin(clientId, will, { sessionExpiryS, nowS: this.#nowS });
    if (sessionExpiryS === 0) return this.#endSession(clientId);
    expiry.begin(clientId, sessionExpiryS, this.#nowS);
    this.#unlessFailed(sessions.changeExpiry(clientId, sessionExpiryS));
  }

  /** Another connection has come: a will that waits waits no more where the session goes on. */
  #tookOver(clientId: string, will: Will, { continued, sessionExpiryS }: ConnectionEnd): void {
    const waits = will.delayS > 0 && sessionExpiryS > 0;
    if (!waits || !continued) this.#publishWill(clientId, will); // [MQTT-3.1.3-9]
  }

  #endSession(clientId: string): void {
    this.#services.delivery.end(clientId);
    this.#services.wills.publishNow(clientId);
    this.#unlessFailed(this.#services.sessions.end(clientId));
  }

  #unlessFailed(change: Promise<void>): void {
    change.catch((error) => {
      this.#services.log.warn("mqtt_session_failed", { error: messageOf(error) });
    });
  }

  #publishWill(clientId: string, will: Will): void {
    const { counters, delivery, log, retained, routes } = this.#services;
    counters.wills.value += 1;
    const failed = (error: unknown) => {
      if (!isOperatingError(error)) throw error;
      log.warn("mqtt_will_lost", { code: error.code, error: error.message });
    };
    const { store, clock } = this.#options;
    const append = (destination: Parameters<typeof appendPublication>[1]) => {
      const wanted = delivery.isWanted(will.topicName.bytes);
      const said = { ...will, clientId, timestamp: clock.wallMs(), wanted };
      const name = will.topicName.text;
      if (will.retain) retained.check(name, will.payload.length);
      appendPublication(store, destination, said);
      destination.log.appended(null);
      if (will.retain) this.#later(retained.retain(name, retainedOf(said)).catch(failed));
    };
    try {
      const destination = routes.resolve(will.topicName, clientId);
      if (destination instanceof Promise) this.#later(destination.then(append).catch(failed));
      else if (destination !== null) append(destination);
    } catch (error) {
      failed(error);
    }
  }

  #later(will: Promise<void>): void {
    this.#wills.add(will);
    void will.finally(() => this.#wills.delete(will));
  }
}
