/**
 * Which log topic an MQTT topic name goes to. First match wins; what nothing matches goes to the
 * topic `logs`, keyed by its MQTT topic name, so that no publish is ever without a place.
 *
 * @module
 */
import type { TopicName } from "../../base/types.ts";
import { TopicFilter } from "../../protocol/mqtt/topic_filter.ts";
import { KeyTemplate } from "./key_template.ts";

/** As the configuration has it. */
export interface RouteSettings {
  readonly filter: string;
  readonly topic: TopicName;
  /** See key_template.ts; the MQTT topic name when left out. */
  readonly key?: string | undefined;
}

export interface TopicRoute {
  readonly filter: TopicFilter;
  readonly topic: TopicName;
  readonly key: KeyTemplate;
}

const DEFAULT_ROUTE: RouteSettings = { filter: "#", topic: "logs" };

export class TopicRoutes {
  readonly #routes: readonly TopicRoute[];

  /** @throws {OperatingError} invalid_argument or invalid_config when a route cannot be read. */
  constructor(settings: readonly RouteSettings[] = []) {
    this.#routes = [...settings, DEFAULT_ROUTE].map(({ filter, topic, key }) => ({
      filter: TopicFilter.parse(filter),
      topic,
      key: KeyTemplate.parse(key ?? "{topic}"),
    }));
  }

  /** Null only for names that begin with "$", which no publisher may use anyway. */
  match(topicName: string): TopicRoute | null {
    return this.#routes.find(({ filter }) => filter.matches(topicName)) ?? null;
  }
}
