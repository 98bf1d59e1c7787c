/**
 * Produce requests that may be sent again: each has a sequence of its own, by which the node knows
 * a repeat, appends it once, and gives the first answer.
 *
 * The node remembers the last few sequences of a producer, so no more than that are ever in doubt:
 * a request waits for its turn while the oldest one without an answer is too far behind.
 *
 * @module
 */
import { CLIENT_SEQUENCES_MAX } from "../base/client_limits.ts";
import { toHex } from "../base/bytes.ts";
import { type OnRetry, retrying } from "./backoff.ts";
import { QueryText, segment } from "./read_options.ts";
import { RECORDS_TYPE } from "./record_input.ts";
import type { Transport } from "./transport.ts";

/**
 * Where records of a request landed: those of one partition follow each other.
 *
 * @example Where records landed
 * ```ts
 * import { Client, type Landing } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const [landing]: Landing[] = await client.produce("logs", "hello");
 * console.log(landing?.partition, landing?.baseOffset);
 * ```
 */
export interface Landing {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** Offset of the first record. */
  readonly baseOffset: number;
  /** Offset of the last. */
  readonly lastOffset: number;
  /** How many. */
  readonly records: number;
}

export interface ProduceRequest {
  readonly topic: string;
  readonly body: string;
  readonly key?: string | undefined;
  readonly partition?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds it is tried for. */
  readonly deliveryMs: number;
}

interface WireLanding {
  readonly topic: string;
  readonly partition: number;
  readonly base_offset: number;
  readonly last_offset: number;
  readonly records: number;
}

export class ProduceSession {
  readonly #transport: Transport;
  readonly #onRetry: OnRetry | undefined;
  readonly #producerId: string;
  readonly #unanswered = new Set<number>();
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(transport: Transport, onRetry?: OnRetry, producerId: string = drawProducerId()) {
    this.#transport = transport;
    this.#onRetry = onRetry;
    this.#producerId = producerId;
  }

  /** Resolves once the records are durable. @throws {LogboomError} */
  async send(request: ProduceRequest): Promise<Landing[]> {
    const { topic, body, key, partition, signal, deliveryMs } = request;
    const sequence = await this.#turn();
    try {
      signal?.throwIfAborted();
      const query = new QueryText().add("key", key).add("partition", partition);
      const options = {
        ...{ environment: this.#transport.environment, signal },
        ...{ onRetry: this.#onRetry, forMs: deliveryMs },
      };
      const answer = await retrying(
        options,
        () =>
          this.#transport.json<WireLanding | WireLanding[]>({
            method: "POST",
            path: `/v1/topics/${segment(topic)}/records${query}`,
            body,
            signal,
            headers: {
              "content-type": RECORDS_TYPE,
              "logboom-producer-id": this.#producerId,
              "logboom-sequence": String(sequence),
            },
          }),
      );
      return [answer].flat().map(landingOf);
    } finally {
      this.#unanswered.delete(sequence);
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /** The next sequence, once the oldest without an answer is near enough. */
  async #turn(): Promise<number> {
    while (this.#next - Math.min(this.#next, ...this.#unanswered) >= CLIENT_SEQUENCES_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const sequence = this.#next++;
    this.#unanswered.add(sequence);
    return sequence;
  }
}

function landingOf(wire: WireLanding): Landing {
  return {
    topic: wire.topic,
    partition: wire.partition,
    baseOffset: wire.base_offset,
    lastOffset: wire.last_offset,
    records: wire.records,
  };
}

function drawProducerId(): string {
  return `client-${toHex(crypto.getRandomValues(new Uint8Array(16)))}`;
}
