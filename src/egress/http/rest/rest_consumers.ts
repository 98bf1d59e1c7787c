/**
 * The consumer instances of this node, by group and name. They live in its memory: after a restart
 * their clients are told that there is none, make another one, and go on where they had committed.
 * One that nobody asks for five minutes is dropped.
 *
 * @module
 */
import { OperatingError } from "../../../base/errors.ts";
import { REST_CONSUMERS_MAX, REST_IDLE_MS, REST_SWEEP_MS } from "../../../base/rest_limits.ts";
import type { Metrics } from "../../../base/metrics.ts";
import { type Random, randomHex } from "../../../base/random.ts";
import { checkGroupName } from "../../../groups/group_checks.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import { type ConsumerHost, RestConsumer } from "./rest_consumer.ts";

export interface RestConsumersOptions extends ConsumerHost {
  readonly random: Random;
  readonly metrics: Metrics;
  readonly consumersMax?: number;
}

interface Kept {
  readonly consumer: RestConsumer;
  /** Requests that are being answered: a read may wait for long. */
  busy: number;
  lastAskedMs: number;
}

export class RestConsumers {
  readonly #options: RestConsumersOptions;
  readonly #kept = new Map<string, Kept>();
  #sweeping = false;

  constructor(options: RestConsumersOptions) {
    this.#options = options;
    options.metrics.gauge(
      "logboom_rest_consumers",
      "Consumer instances of the REST proxy's interface.",
      () => this.#kept.size,
    );
  }

  /** @throws {OperatingError} 40902 where there is one of that name, overloaded, invalid_argument */
  create(group: string, address: string, config: ConsumerConfig): RestConsumer {
    checkGroupName(group);
    const { random, clock, consumersMax = REST_CONSUMERS_MAX } = this.#options;
    const name = config.name ?? `rest-consumer-${randomHex(random, 16)}`;
    const key = keyOf(group, name);
    if (this.#kept.has(key)) {
      throw restError(
        40902,
        `Cannot make consumer instance "${name.slice(0, 60)}": there is one in the group`,
      );
    }
    if (this.#kept.size >= consumersMax) {
      throw new OperatingError(
        "overloaded",
        `Cannot make a consumer instance: the node has ${consumersMax}, the limit`,
        { limit: consumersMax },
      );
    }
    const consumer = new RestConsumer(this.#options, { group, name, address }, config);
    this.#kept.set(key, { consumer, busy: 0, lastAskedMs: clock.monotonicMs() });
    this.#sweepLater();
    return consumer;
  }

  /**
   * Does something with an instance; it is not dropped meanwhile.
   *
   * @throws {OperatingError} 40403 where there is none
   */
  async use<T>(
    group: string,
    name: string,
    task: (consumer: RestConsumer) => T | Promise<T>,
  ): Promise<T> {
    const kept = this.#find(group, name);
    kept.busy++;
    try {
      return await task(kept.consumer);
    } finally {
      kept.busy--;
      kept.lastAskedMs = this.#options.clock.monotonicMs();
    }
  }

  /** @throws {OperatingError} 40403 where there is none */
  async delete(group: string, name: string): Promise<void> {
    const { consumer } = this.#find(group, name);
    this.#kept.delete(keyOf(group, name));
    await consumer.unsubscribe();
  }

  #find(group: string, name: string): Kept {
    const kept = this.#kept.get(keyOf(group, name));
    if (kept !== undefined) return kept;
    throw restError(
      40403,
      `Cannot find consumer instance "${name.slice(0, 60)}" in group "${group.slice(0, 60)}": it ` +
        "was deleted or dropped, or the node has started since; make another one",
    );
  }

  #sweepLater(): void {
    if (this.#sweeping || this.#kept.size === 0) return;
    this.#sweeping = true;
    this.#options.timers.after(REST_SWEEP_MS, () => {
      this.#sweeping = false;
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonicMs();
    for (const [key, { consumer, busy, lastAskedMs }] of this.#kept) {
      if (busy > 0 || now - lastAskedMs < REST_IDLE_MS) {
        void consumer.tick();
        continue;
      }
      this.#kept.delete(key);
      const { group, name } = consumer.identity;
      logger.info("rest_consumer_expired", { group, name, idle_ms: Math.round(now - lastAskedMs) });
      void consumer.expire();
    }
  }
}

function keyOf(group: string, name: string): string {
  return JSON.stringify([group, name]);
}
