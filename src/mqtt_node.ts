/**
 * Builds and starts what speaks MQTT: the door for clients, and the brokers this node subscribes to.
 *
 * @module
 */
import type { Logger } from "./base/log.ts";
import type { Connection } from "./base/net.ts";
import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import type { PrometheusMetrics } from "./egress/http/metrics.ts";
import { HOST_CLOCK } from "./host/clock.ts";
import { inflate } from "./host/inflate.ts";
import { HOST_RANDOM } from "./host/random.ts";
import type { SqliteCatalogue } from "./host/sqlite_catalogue.ts";
import { MQTT_BOOK_NEW } from "./host/sqlite_schema.ts";
import { HOST_TIMERS } from "./host/timers.ts";
import type { Admission } from "./ingress/admission.ts";
import { MqttIngress } from "./ingress/mqtt/mqtt_ingress.ts";
import type { MqttLimits } from "./ingress/mqtt/mqtt_limits.ts";
import { RouteTable } from "./ingress/mqtt/route_table.ts";
import { openSessionBooks } from "./ingress/mqtt/session_books.ts";
import { MqttSources } from "./ingress/mqtt/sources/mqtt_sources.ts";
import { TopicRoutes } from "./ingress/mqtt/topic_routes.ts";
import { listenMqtt, type MqttListeners } from "./mqtt_listeners.ts";
import { sourceSettingsOf } from "./source_settings.ts";
import type { MqttBookState } from "./store/mqtt_book.ts";
import type { Store } from "./store/store.ts";

export interface MqttNodeOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
  readonly store: Store;
  readonly catalogue: SqliteCatalogue;
  readonly admission: Admission;
  readonly credentials: Credentials;
  /** Closed first, and all at once: each lets its own clients finish. */
  readonly doors: (() => Promise<void>)[];
  readonly onBug: (error: unknown) => void;
}

export interface MqttNode {
  /** Null where no MQTT port is configured. */
  readonly listeners: MqttListeners | null;
  readonly ingress: MqttIngress | null;
  readonly sources: MqttSources;
  /** Takes a client that came over WebSocket; null where there is no door. */
  readonly offer: ((client: Connection) => void) | null;
}

const HOST = { clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM };

/** @throws {OperatingError} with a sentence that says what to do, when it cannot start. */
export async function startMqtt(options: MqttNodeOptions): Promise<MqttNode> {
  const { config, store, doors } = options;
  const door = await openDoor(options);
  const routes = door?.ingress.routes ?? new RouteTable(store, new TopicRoutes(config.routes));
  const { logger, metrics, admission } = options;
  const settings = sourceSettingsOf(config);
  const sources = new MqttSources({
    ...HOST,
    ...{ settings, store, routes, admission, logger, metrics },
  });
  doors.push(() => sources.stop());
  await sources.start();
  return {
    listeners: door?.listeners ?? null,
    ingress: door?.ingress ?? null,
    sources,
    offer: door === null ? null : (client) => door.listeners.joined.offer(client),
  };
}

interface Door {
  readonly listeners: MqttListeners;
  readonly ingress: MqttIngress;
}

async function openDoor(options: MqttNodeOptions): Promise<Door | null> {
  const { config, logger, metrics, store, catalogue, admission, credentials, doors, onBug } =
    options;
  if (config.mqtt_port === null && config.mqtts_port === null) return null;
  const kept = await openSessions(options);
  const listeners = listenMqtt(config);
  const ingress = new MqttIngress({
    ...HOST,
    ...{ listener: listeners.joined, store, admission, logger, metrics },
    ...{ book: catalogue.mqtt, kept, inflate },
    routes: config.routes,
    authenticate({ username, password }) {
      const principal = credentials.ofPassword(username, password);
      return principal && {
        mayPublish: principal.may("produce"),
        maySubscribe: principal.may("consume"),
      };
    },
    limits: limitsOf(config),
  });
  ingress.run().catch(onBug);
  doors.push(() => ingress.stop());
  return { listeners, ingress };
}

function limitsOf(config: Config): Partial<MqttLimits> {
  return {
    packetBytesMax: config.mqtt_packet_bytes_max,
    connectionsMax: config.connections_max,
    connectionsPerAddressMax: config.connections_per_address_max,
    connectTimeoutMs: config.connect_timeout_ms,
    connectsPerSecondMax: config.mqtt_connects_per_second_max,
    connectsPerClientMax: config.mqtt_client_connects_per_second_max,
    receiveMaximum: config.mqtt_receive_maximum,
    subscriptionsMax: config.mqtt_subscriptions_max,
    subscriptionsPerClientMax: config.mqtt_client_subscriptions_max,
    sessionsMax: config.mqtt_sessions_max,
    ratesEach: {
      bytesPerSecond: config.mqtt_client_bytes_per_second_max,
      packetsPerSecond: config.mqtt_client_publishes_per_second_max,
    },
    ratesAll: {
      bytesPerSecond: config.mqtt_bytes_per_second_max,
      packetsPerSecond: config.mqtt_publishes_per_second_max,
    },
  };
}

/** What is known of MQTT clients from earlier runs. */
async function openSessions({ catalogue, store }: MqttNodeOptions): Promise<MqttBookState> {
  const isUpgrade = await catalogue.getMeta(MQTT_BOOK_NEW) === "1";
  const books = { book: catalogue.mqtt, journal: store.origins, isUpgrade };
  const kept = await openSessionBooks(books);
  if (isUpgrade) await catalogue.setMeta(MQTT_BOOK_NEW, "0");
  return kept;
}
