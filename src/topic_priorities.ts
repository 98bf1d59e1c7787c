/**
 * Priorities of topics as operators change them while the node runs: in force at once, and after a
 * restart too, until they are given back to the configuration.
 *
 * @module
 */
import { messageOf, OperatingError } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import type { TopicName } from "./base/types.ts";
import { PRIORITY_MAX, PRIORITY_MIN } from "./store/settings.ts";
import type { Store } from "./store/store.ts";

export interface TopicPrioritiesOptions {
  readonly store: Pick<Store, "prioritize" | "topic">;
  readonly catalogue: {
    getMeta(key: string): Promise<string | null>;
    setMeta(key: string, value: string): Promise<void>;
  };
  /** What the configuration says of a topic. */
  readonly configured: (topic: TopicName) => number;
  readonly logger: Logger;
}

const KEY = "topic_priorities";

export class TopicPriorities {
  readonly #options: TopicPrioritiesOptions;
  readonly #changed = new Map<TopicName, number>();
  /** Changes wait for each other: each writes what the last one left. */
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: TopicPrioritiesOptions) {
    this.#options = options;
  }

  /** With what was set in an earlier run, of topics that are still there. */
  static async open(options: TopicPrioritiesOptions): Promise<TopicPriorities> {
    const priorities = new TopicPriorities(options);
    await priorities.#load();
    return priorities;
  }

  /**
   * Another priority for a topic; null gives it back to the configuration.
   *
   * @returns the one in force
   * @throws {OperatingError} unknown_topic, invalid_argument; storage trouble
   */
  async put(topic: TopicName, given: unknown): Promise<number> {
    const { store, catalogue, configured, logger } = this.#options;
    const priority = given === null ? configured(topic) : checked(given);
    const changed = this.#changing.then(async () => {
      if (store.topic(topic) === undefined) {
        const shown = topic.slice(0, 249);
        throw new OperatingError("unknown_topic", `Cannot find topic "${shown}"`, { topic: shown });
      }
      const next = new Map(this.#changed);
      if (given === null) next.delete(topic);
      else next.set(topic, priority);
      await catalogue.setMeta(KEY, JSON.stringify(Object.fromEntries(next)));
      if (given === null) this.#changed.delete(topic);
      else this.#changed.set(topic, priority);
      store.prioritize(topic, priority);
      logger.info("topic_priority_changed", { topic, priority });
    });
    this.#changing = changed.catch(() => {});
    await changed;
    return priority;
  }

  async #load(): Promise<void> {
    const { store, catalogue, logger } = this.#options;
    try {
      const text = await catalogue.getMeta(KEY);
      const entries: [string, unknown][] = text === null ? [] : Object.entries(JSON.parse(text));
      for (const [topic, given] of entries) {
        if (store.topic(topic) === undefined) continue;
        const priority = checked(given);
        store.prioritize(topic, priority);
        this.#changed.set(topic, priority);
      }
    } catch (error) {
      logger.error("topic_priorities_not_read", { error: messageOf(error) });
    }
  }
}

function checked(given: unknown): number {
  const fits = typeof given === "number" && Number.isInteger(given);
  if (fits && given >= PRIORITY_MIN && given <= PRIORITY_MAX) return given;
  throw new OperatingError(
    "invalid_argument",
    `Cannot use priority: expected a whole number from ${PRIORITY_MIN} to ${PRIORITY_MAX}`,
    { key: "priority" },
  );
}
