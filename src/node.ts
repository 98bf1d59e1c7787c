/**
 * Composition root: builds every room, starts up the stairs, stops down them.
 *
 * @module
 */
import { messageOf } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import type { LogId } from "./base/types.ts";
import type { Config } from "./config.ts";
import { Core } from "./core/core.ts";
import { Credentials } from "./credentials.ts";
import { createEgressApp } from "./egress/http/app.ts";
import { createGroupsApp } from "./egress/http/groups_app.ts";
import { PrometheusMetrics } from "./egress/http/metrics.ts";
import { createRestApp } from "./egress/http/rest/app.ts";
import { createTopicAdminApp } from "./egress/http/topic_admin.ts";
import { GroupCoordinator } from "./groups/coordinator.ts";
import { storeTopics } from "./groups/group_topics.ts";
import { HOST_CLOCK } from "./host/clock.ts";
import { loadCoreFile } from "./host/core_file.ts";
import { lockDataDir } from "./host/data_dir_lock.ts";
import { openDisk } from "./host/disk.ts";
import { compressBody } from "./host/compress_body.ts";
import { inflate } from "./host/inflate.ts";
import { HOST_RANDOM } from "./host/random.ts";
import { slowDisk } from "./host/slow_disk.ts";
import { SqliteCatalogue } from "./host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "./host/timers.ts";
import { allowOrigins } from "./cors.ts";
import { authorizeWith, joinApps, type RoomApp } from "./http_door.ts";
import { HttpListeners } from "./http_listeners.ts";
import { type NodeLink, startLink } from "./link_node.ts";
import { Admission } from "./ingress/admission.ts";
import { NO_CLIENTS } from "./ingress/mqtt/client_report.ts";
import { createMqttApp } from "./ingress/mqtt/http/app.ts";
import { createIngressApp } from "./ingress/http/app.ts";
import { type MqttNode, startMqtt } from "./mqtt_node.ts";
import { registerProcessMetrics } from "./process_metrics.ts";
import { readinessOf } from "./readiness.ts";
import { createReplicationApp } from "./replication/http/app.ts";
import { createExportApp } from "./replication/http/export.ts";
import { createLinkApp } from "./replication/http/link_app.ts";
import { Receiver } from "./replication/receiver.ts";
import { configuredCatalogue, storeSettingsOf, topicSettingsOf } from "./store_config.ts";
import { openFormat } from "./store/data_format.ts";
import type { Disk } from "./store/disk.ts";
import { Store } from "./store/store.ts";
import { TopicPriorities } from "./topic_priorities.ts";
import { readTopicSettings } from "./topic_settings.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

export interface Node {
  readonly mqtt: Address | null;
  readonly mqtts: Address | null;
  readonly http: Address | null;
  readonly https: Address | null;
  /** Reads the certificate again; where that cannot be used, the one before stays. */
  reloadCertificate(): void;
  /** Stops accepting, commits, acknowledges, writes the last checkpoint, lets go of everything. */
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** A bug was caught: the process must end. */
  readonly onBug: (error: unknown) => void;
}

/** What every room is built from. */
interface Rooms extends NodeOptions {
  readonly store: Store;
  readonly catalogue: SqliteCatalogue;
  readonly admission: Admission;
  readonly credentials: Credentials;
  readonly metrics: PrometheusMetrics;
  readonly stopping: AbortSignal;
  /** What has been started, to be stopped in the opposite order. */
  readonly started: AsyncDisposableStack;
  /** Closed first, and all at once: each lets its own clients finish. */
  readonly doors: (() => Promise<void>)[];
}

interface HttpRooms extends Rooms {
  readonly link: NodeLink | null;
  readonly priorities: TopicPriorities;
  readonly groups: GroupCoordinator;
  readonly mqtt: MqttNode;
}

/** @throws {OperatingError} with a sentence that says what to do, when the node cannot start. */
export async function startNode(options: NodeOptions): Promise<Node> {
  await using started = new AsyncDisposableStack();
  const stopping = new AbortController();
  const metrics = new PrometheusMetrics();
  registerProcessMetrics(metrics);
  const { store, catalogue, disk } = await openStore(options, metrics, started);
  const { config } = options;
  const rooms: Rooms = {
    ...options,
    ...{ store, catalogue, metrics, started, doors: [] },
    stopping: stopping.signal,
    credentials: new Credentials(config),
    admission: new Admission({
      timers: HOST_TIMERS,
      metrics,
      bytesMax: Math.min(config.in_flight_bytes_max, store.space.inFlightBytesMax),
      bytesPerSourceMax: config.in_flight_bytes_per_connection_max,
    }),
  };
  const priorities = await openPriorities(rooms);
  const groups = await openGroups(rooms);
  const link = await startLink({ ...rooms, disk });
  started.defer(async () => {
    await Promise.all(rooms.doors.map((close) => close()));
  });
  const mqtt = await startMqtt(rooms);
  const http = startHttp({ ...rooms, link, priorities, groups, mqtt });
  // All is well: from here on the caller decides when it is taken down.
  const running = started.move();
  return {
    mqtt: mqtt.listeners?.mqtt ?? null,
    mqtts: mqtt.listeners?.mqtts ?? null,
    http: http.http,
    https: http.https,
    reloadCertificate() {
      try {
        mqtt.listeners?.reload();
        http.reload();
        rooms.logger.info("certificate_read");
      } catch (error) {
        rooms.logger.error("certificate_not_read", { error: messageOf(error) });
      }
    },
    stop() {
      stopping.abort();
      return running.disposeAsync();
    },
  };
}

async function openStore(
  { config, logger }: NodeOptions,
  metrics: PrometheusMetrics,
  started: AsyncDisposableStack,
): Promise<Pick<Rooms, "store" | "catalogue"> & { readonly disk: Disk }> {
  const lock = lockDataDir(config.data_dir);
  started.defer(() => lock.release());
  const own = openDisk(config.data_dir);
  const delayMs = config.sync_delay_ms;
  const disk = delayMs > 0 ? slowDisk(own, delayMs, HOST_TIMERS) : own;
  // Before anything else is opened: what a newer logboom wrote is not ours to touch.
  await openFormat(disk, HOST_RANDOM);
  const catalogue = await SqliteCatalogue.open(`${config.data_dir}/catalogue.sqlite`, logger);
  started.defer(() => catalogue.close());
  const store = await Store.open({
    ...{ disk, logger, metrics, clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
    catalogue: configuredCatalogue(catalogue, config, logger),
    core: Core.create(loadCoreFile()),
    settings: storeSettingsOf(config),
    hasUpstream: config.upstream !== null,
  });
  started.defer(() => store.close());
  for (const name of Object.keys(config.topics)) {
    // One that is out of reach stays so until the next start, and the others are served.
    if (store.refusalOf(name) !== null) continue;
    await store.createTopic(name, topicSettingsOf(config, name));
  }
  return { store, catalogue, disk };
}

function openPriorities({ store, catalogue, logger }: Rooms): Promise<TopicPriorities> {
  return TopicPriorities.open({ store, catalogue, logger });
}

function startHttp(rooms: HttpRooms): HttpListeners {
  const { config, logger, doors, mqtt, onBug } = rooms;
  const remotes: Remotes = new WeakMap();
  const cut = (addresses: readonly string[]) => listeners.cut(addresses);
  const handle = allowOrigins(config.cors_origins, joinApps(makeApps(rooms, remotes, cut)));
  const listeners: HttpListeners = new HttpListeners({
    ...{ config, logger, onBug, timers: HOST_TIMERS },
    handle(request, remote) {
      remotes.set(request, remote);
      return handle(request);
    },
    mqtt: config.mqtt_websocket ? mqtt.offer : null,
  });
  doors.push(() => listeners.close());
  return listeners;
}

/** Stopped before the doors close: members wait behind them for each other. */
async function openGroups(rooms: Rooms): Promise<GroupCoordinator> {
  const { store, catalogue, logger, metrics, stopping, started } = rooms;
  const groups = await GroupCoordinator.open({
    ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM, logger, metrics },
    book: catalogue.groups,
    topics: storeTopics(store),
    ageMs: () => store.age.nowMs(),
  });
  stopping.addEventListener("abort", () => groups.stop());
  started.defer(() => groups.stop());
  return groups;
}

/** Where requests came from. */
type Remotes = WeakMap<Request, string>;

function makeApps(
  rooms: HttpRooms,
  remotes: Remotes,
  cut: (addresses: readonly string[]) => void,
): RoomApp[] {
  const { config, logger, metrics, store, admission, catalogue, credentials, stopping, onBug } =
    rooms;
  const { link, priorities, groups } = rooms;
  const forwarder = link?.forwarder ?? null;
  const common = {
    ...{ store, logger, metrics, inflate, onBug },
    ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
    nodeName: config.node_name,
    authorize: authorizeWith(credentials),
    addressOf: (request: Request) => remotes.get(request) ?? null,
  };
  const receiver = new Receiver({
    ...common,
    // What the next node did not say is settled nowhere yet.
    ...(store.hasUpstream && {
      settledOf: (logId: LogId) => store.forwarded.ofLog(logId)?.settled ?? 0,
      settledCountsOf: (logId: LogId) => store.forwarded.ofLog(logId),
    }),
    route: () => forwarder?.route ?? [],
  });
  return [
    createIngressApp({
      ...common,
      admission,
      limits: { bodyBytesMax: config.http_body_bytes_max },
    }),
    createReplicationApp({
      ...common,
      receiver,
      peerOf: ({ headers }) => credentials.ofHeader(headers.get("authorization"))?.name ?? null,
    }),
    createMqttApp({
      ...common,
      clients: rooms.mqtt.ingress?.clients ?? NO_CLIENTS,
      sources: rooms.mqtt.sources,
    }),
    createLinkApp({ ...common, link: forwarder, control: link?.control ?? null, priorities }),
    createExportApp(common),
    createGroupsApp({ ...common, groups, topics: storeTopics(store) }),
    createRestApp({ ...common, groups, stopping, compress: compressBody }),
    createTopicAdminApp({ ...common, changes: store.changes, readSettings: readTopicSettings }),
    createEgressApp({
      ...common,
      compress: compressBody,
      stopping,
      cut,
      heard: {
        endOf: (logId) => receiver.ends.of(logId),
        lastSeen: () => receiver.sessions.lastSeen(),
      },
      clones: () => receiver.sessions.runs.cloned(),
      ready: () => readinessOf({ stopping, store, catalogue, link: forwarder?.status() ?? null }),
    }),
  ];
}
