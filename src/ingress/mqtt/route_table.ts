/**
 * From a topic name to a partition. The answer for a topic name is always the same, so it is handed
 * to the core, which then takes the publishes of that name by itself. Not handed over, and looked
 * up each time: routes whose key names the client, and a topic name without a key beyond so many.
 *
 * @module
 */
import { MQTT_KEYLESS_ROUTES_MAX } from "../../base/limits.ts";
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
  /** Whether a subscription matches a topic name. */
  readonly #isWanted: (topicName: Uint8Array) => boolean;
  /** Counts up for records without a key, which may go to any partition. */
  #turn = 0;
  /** Topic names without a key that the core knows, by their text, and where they may go. */
  readonly #keyless = new Map<string, { readonly name: TopicNameParts; readonly topic: Topic }>();

  constructor(
    store: MqttStore,
    routes: TopicRoutes,
    isWanted: (topicName: Uint8Array) => boolean = () => false,
  ) {
    this.#isWanted = isWanted;
    this.#store = store;
    this.#routes = routes;
    store.observeTopics((_name, change) => change !== "came" && this.#forget());
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
    this.#turn += 1;
    for (const { name, topic } of this.#keyless.values()) {
      this.#cache(name.bytes, {
        log: this.#partition(topic, null),
        key: null,
        keyIsTopic: false,
        maxMessageBytes: topic.settings.maxMessageBytes,
      });
    }
  }

  /** A topic went, or has other partitions or settings: where names go is looked up again. */
  #forget(): void {
    this.#keyless.clear();
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
    if (this.#isCacheable(name, key, { route, topic })) this.#cache(name.bytes, destination);
    return destination;
  }

  #isCacheable(
    name: TopicNameParts,
    key: Uint8Array | null,
    { route, topic }: { route: TopicRoute; topic: Topic },
  ): boolean {
    if (route.key.dependsOnClient) return false;
    if (key !== null) return key.length <= CACHED_KEY_BYTES_MAX;
    if (topic.partitions.length === 1 || this.#keyless.has(name.text)) return true;
    if (this.#keyless.size >= MQTT_KEYLESS_ROUTES_MAX) {
      this.#turn += 1;
      return false;
    }
    this.#keyless.set(name.text, { name: { ...name, bytes: name.bytes.slice() }, topic });
    return true;
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
      wanted: this.#isWanted(topicName),
    });
  }
}
