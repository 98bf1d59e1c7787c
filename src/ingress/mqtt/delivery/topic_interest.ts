/**
 * Which logs a topic filter may find messages in: those of the topics that the routes lead a
 * matching topic name to, and those that no route leads to, for they may hold what another node
 * routed.
 *
 * @module
 */
import type { TopicName } from "../../../base/types.ts";
import { TopicFilter } from "../../../protocol/mqtt/topic_filter.ts";
import type { TopicRoute } from "../topic_routes.ts";
import type { DeliveryLog } from "./batch_cache.ts";

/** What it needs of a topic. */
export interface DeliveryTopic {
  readonly name: TopicName;
  readonly partitions: readonly DeliveryLog[];
}

/** Topics of the node itself. */
const INTERNAL = "__";

export class TopicInterest {
  readonly #routes: readonly TopicRoute[];
  readonly #topics: () => readonly DeliveryTopic[];
  readonly #routed: ReadonlySet<TopicName>;
  readonly #keyIsTopic: ReadonlySet<TopicName>;

  constructor(routes: readonly TopicRoute[], topics: () => readonly DeliveryTopic[]) {
    this.#routes = routes;
    this.#topics = topics;
    this.#routed = new Set(routes.map(({ topic }) => topic));
    this.#keyIsTopic = new Set(
      routes.filter(({ key }) => key.isTopic).map(({ topic }) => topic),
    );
  }

  /** Whether a route makes the topic name the key of that topic's records. */
  keyIsTopic({ topic }: Pick<DeliveryLog, "topic">): boolean {
    return this.#keyIsTopic.has(topic);
  }

  *logsOf(topicFilter: string): Iterable<DeliveryLog> {
    const filter = TopicFilter.parse(topicFilter);
    const matching = new Set(
      this.#routes.filter((route) => route.filter.overlaps(filter)).map(({ topic }) => topic),
    );
    for (const { name, partitions } of this.#topics()) {
      if (name.startsWith(INTERNAL) || (this.#routed.has(name) && !matching.has(name))) continue;
      yield* partitions;
    }
  }
}
