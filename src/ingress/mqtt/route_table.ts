/**
 * From a topic name to a partition. The answer for a topic name is always the same, so it is handed
 * to the core, which then takes the publishes of that name by itself. Not handed over, and looked
 * up each time: routes whose key names the client.
 *
 * @module
 */
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import type { MqttStore } from "./client_connection.ts";
import type { TopicRoute, TopicRoutes } from "./topic_routes.ts";

export interface Destination {
  readonly log: PartitionLog;
  readonly key: Uint8Array | null;
  /** The key is the topic name, so no header repeats it. */
  readonly keyIsTopic: boolean;
  readonly maxMessageBytes: number;
}

/** What the core can keep of a key; a template can make a longer one. */
const CACHED_KEY_BYTES_MAX = 65_535;

/** A topic name as it came, and as text. */
export interface TopicNameParts {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class RouteTable {
  #store: MqttStore;
  #routes: TopicRoutes;
  /** Counts up for records without a key, which may go to any partition. */
  #turn = 0;
  #hasKeylessRoutes = false;

  constructor(store: MqttStore, routes: TopicRoutes) {
    this.#store = store;
    this.#routes = routes;
  }

  /**
   * Where a publish goes; a promise where its topic must be created first.
   *
   * @throws {OperatingError} (or rejects) when the topic cannot be created.
   */
  resolve(name: TopicNameParts, clientId: string): Destination | Promise<Destination> | null {
    const route = this.#routes.match(name.text);
    if (route === null) return null;
    const topic = this.#store.topic(route.topic);
    if (topic !== undefined) return this.#destination(name, clientId, { route, topic });
    return this.#store.createTopic(route.topic)
      .then((created) => this.#destination(name, clientId, { route, topic: created }));
  }

  /** Once in a while: lets records without a key move on to the next partition. */
  rotate(): void {
    if (!this.#hasKeylessRoutes) return;
    this.#turn += 1;
    this.#store.core.routes.clear();
  }

  #destination(
    name: TopicNameParts,
    clientId: string,
    { route, topic }: { route: TopicRoute; topic: Topic },
  ): Destination {
    const key = route.key.isTopic ? name.bytes : route.key.render(name.text, clientId);
    const destination: Destination = {
      log: this.#partition(topic, key),
      key,
      keyIsTopic: route.key.isTopic,
      maxMessageBytes: topic.settings.maxMessageBytes,
    };
    const keyBytes = key?.length ?? 0;
    if (!route.key.dependsOnClient && keyBytes <= CACHED_KEY_BYTES_MAX) {
      this.#cache(name.bytes, destination);
    }
    if (key === null && topic.partitions.length > 1) this.#hasKeylessRoutes = true;
    return destination;
  }

  /** As Kafka does: by the key's hash; without a key one partition for a while, then the next. */
  #partition({ partitions }: Topic, key: Uint8Array | null): PartitionLog {
    if (partitions.length === 1) return partitions[0]!;
    const index = key === null ? this.#turn : this.#store.core.murmur2(key);
    return partitions[index % partitions.length]!;
  }

  #cache(topicName: Uint8Array, { log, key, keyIsTopic, maxMessageBytes }: Destination): void {
    this.#store.core.routes.set(topicName, {
      handle: log.handle,
      key: keyIsTopic ? null : key,
      keyIsTopic,
      recordBytesMax: maxMessageBytes,
    });
  }
}
