/**
 * Priorities of topics as operators change them while the node runs: settings of the topics like
 * others, in force at once and after a restart, until they are given back to the configuration. An
 * older logboom kept them in a place of their own.
 *
 * @module
 */
import { isOperatingError, messageOf, OperatingError } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import type { TopicName } from "./base/types.ts";
import { PRIORITY_MAX, PRIORITY_MIN } from "./store/settings.ts";
import type { Store } from "./store/store.ts";

export interface TopicPrioritiesOptions {
  readonly store: Pick<Store, "changes" | "topic">;
  readonly catalogue: {
    getMeta(key: string): Promise<string | null>;
    setMeta(key: string, value: string): Promise<void>;
  };
  readonly logger: Logger;
}

/** In the catalogue: where an older logboom kept them. */
const KEY = "topic_priorities";

export class TopicPriorities {
  readonly #options: TopicPrioritiesOptions;

  private constructor(options: TopicPrioritiesOptions) {
    this.#options = options;
  }

  /** Takes over what an older logboom kept, of topics that are still there. */
  static async open(options: TopicPrioritiesOptions): Promise<TopicPriorities> {
    const priorities = new TopicPriorities(options);
    try {
      await priorities.#takeOver();
    } catch (error) {
      options.logger.error("topic_priorities_not_read", { error: messageOf(error) });
    }
    return priorities;
  }

  /**
   * Another priority for a topic; null gives it back to the configuration.
   *
   * @returns the one in force
   * @throws {OperatingError} unknown_topic, invalid_argument; storage trouble
   */
  async put(topic: TopicName, given: unknown): Promise<number> {
    const { store: { changes } } = this.#options;
    const priority = given === null ? null : checked(given);
    const { settings } = await changes.change(topic, { settings: { priority } });
    return settings.priority;
  }

  async #takeOver(): Promise<void> {
    const { store, catalogue } = this.#options;
    const text = await catalogue.getMeta(KEY);
    if (text === null) return;
    for (const [topic, given] of Object.entries(JSON.parse(text) ?? {})) {
      if (store.topic(topic)?.chosen.priority !== undefined) continue;
      await this.put(topic, given).catch((error) => {
        // Of a topic that is gone, or one that makes no sense.
        if (!isOperatingError(error) || error.retriable) throw error;
      });
    }
    await catalogue.setMeta(KEY, "{}");
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
