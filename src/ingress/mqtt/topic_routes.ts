/**
 * Which log topic an MQTT topic name goes to. First match wins; what nothing matches goes to the
 * topic `logs`, keyed by its MQTT topic name, so that no publish is ever without a place.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
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
    this.#routes = [...settings, DEFAULT_ROUTE].map(routeOf);
  }

  /** In the order they are tried. */
  get all(): readonly TopicRoute[] {
    return this.#routes;
  }

  /** Null only for names that begin with "$", which no publisher may use anyway. */
  match(topicName: string): TopicRoute | null {
    return this.#routes.find(({ filter }) => filter.matches(topicName)) ?? null;
  }
}

function routeOf({ filter: text, topic, key: template = "{topic}" }: RouteSettings): TopicRoute {
  const filter = TopicFilter.parse(text);
  const key = KeyTemplate.parse(template);
  if (key.levelMax > filter.levelsMax) {
    throw new OperatingError(
      "invalid_config",
      `Cannot use key "${template}" of route "${text}": no topic name it matches has a level ` +
        `${key.levelMax}`,
    );
  }
  return { filter, topic, key };
}
