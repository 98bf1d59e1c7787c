/**
 * A client of one node.
 *
 * @module
 */
import { CLIENT_DELIVERY_MS, CLIENT_RETRY_MS } from "../base/client_limits.ts";
import { type OnRetry, retrying } from "./backoff.ts";
import { type ConsumeOptions, Consumer } from "./consumer.ts";
import { type Environment, type Fetch, platform } from "./environment.ts";
import {
  type BatchesFetch,
  fetchBatches,
  fetchMerged,
  fetchPartition,
  type MergedFetch,
  type PartitionFetch,
} from "./fetch_page.ts";
import type { Gap } from "./gap.ts";
import { Groups } from "./groups.ts";
import type { LogRecord } from "./log_record.ts";
import { LogStream } from "./log_stream.ts";
import type { MergedPage, PartitionPage } from "./page.ts";
import { type Landing, ProduceSession } from "./produce_session.ts";
import { Producer, type ProducerOptions } from "./producer.ts";
import { read, type ReadOptions } from "./read.ts";
import { bodyOf, formOf, type RecordInput } from "./record_input.ts";
import { fetchLosses, type Losses, type LossesOptions } from "./losses.ts";
import { tail, type TailOptions } from "./tail.ts";
import { Topics, type Try } from "./topics.ts";
import { Transport } from "./transport.ts";

/**
 * Where a {@linkcode Client} finds its node, and how it speaks to it.
 *
 * @example With a credential, by a proxy
 * ```ts
 * import { Client, type ClientOptions } from "@logboom/client";
 *
 * const options: ClientOptions = {
 *   url: "https://centre.example",
 *   token: "a-token-of-16-or-more",
 *   fetch: (url, init) => fetch(url.replace("centre.example", "proxy.example"), init),
 * };
 * export const client = new Client(options);
 * ```
 */
export interface ClientOptions {
  /** The node's base URL: `http://localhost:8080`. */
  readonly url: string | URL;
  /** The token of a credential; left out where the node asks for none. */
  readonly token?: string;
  /** Milliseconds a plain call is tried for, through outages; 30 seconds where left out. */
  readonly retryMs?: number;
  /** Is told of every failure that is answered by another try. */
  readonly onRetry?: OnRetry;
  /** In place of the platform's: to go by a proxy, or to test. */
  readonly fetch?: Fetch;
}

/**
 * How records are written.
 *
 * @example Give up after five seconds
 * ```ts
 * import { Client, type ProduceOptions } from "@logboom/client";
 *
 * const options: ProduceOptions = { key: "door", signal: AbortSignal.timeout(5_000) };
 * await new Client({ url: "http://localhost:8080" }).produce("logs", "opened", options);
 * ```
 */
export interface ProduceOptions {
  /** Of every record that has none of its own. */
  readonly key?: string;
  /** The partition all of them go to; by their keys where left out. */
  readonly partition?: number;
  /** Milliseconds it is tried for, through outages; two minutes where left out. */
  readonly deliveryTimeoutMs?: number;
  /** Gives up. It is not known then whether the records were appended. */
  readonly signal?: AbortSignal;
}

/**
 * A client of one node, for Deno, Node and browsers. It holds no connection open: make one, keep
 * it, and let it go.
 *
 * @example Write, and read as it comes
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * await client.produce("logs", { key: "door", value: { open: true } });
 * for await (const event of client.tail("logs")) {
 *   if (event.kind === "gap") console.warn(`${event}`);
 *   else console.log(event.time, event.key, event.json());
 * }
 * ```
 */
export class Client {
  /** What there is, and how it is kept. */
  readonly topics: Topics;
  /** Who reads together, and how far they are. */
  readonly groups: Groups;
  readonly #transport: Transport;
  readonly #environment: Environment;
  readonly #session: ProduceSession;
  readonly #retryMs: number;
  readonly #onRetry: OnRetry | undefined;

  /**
   * Says nothing to the node yet.
   *
   * @throws {LogboomError} `invalid_argument` for a URL that is none.
   */
  constructor({ url, token, retryMs, onRetry, fetch }: ClientOptions) {
    this.#environment = platform(fetch);
    this.#transport = new Transport({ url, token, environment: this.#environment });
    this.#retryMs = retryMs ?? CLIENT_RETRY_MS;
    this.#onRetry = onRetry;
    this.#session = new ProduceSession(this.#transport, onRetry);
    const attempt: Try = (signal, call) => this.#try(signal, call);
    this.topics = new Topics(this.#transport, attempt);
    this.groups = new Groups(this.#transport, attempt);
  }

  /**
   * Appends one record, or some; resolves once they are durable, with where they landed. All are
   * taken, or none. A request that is sent again, since its answer was lost, appends nothing twice.
   *
   * @example All that a record can have
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * await client.produce("logs", "a line of text");
   * await client.produce("logs", [
   *   { key: "sensor-7", value: { celsius: 21.5 }, headers: { site: "north" } },
   *   { key: "sensor-7", value: new Uint8Array([0xca, 0xfe]), timestamp: new Date() },
   * ]);
   * ```
   *
   * @throws {LogboomError} what the node refuses, or, when its time is over, what kept it away.
   */
  async produce(
    topic: string,
    records: RecordInput | readonly RecordInput[],
    options: ProduceOptions = {},
  ): Promise<Landing[]> {
    const forms = (Array.isArray(records) ? records : [records]).map(formOf);
    if (forms.length === 0) return [];
    return await this.#session.send({
      ...{ topic, body: bodyOf(forms), key: options.key, partition: options.partition },
      signal: options.signal,
      deliveryMs: options.deliveryTimeoutMs ?? CLIENT_DELIVERY_MS,
    });
  }

  /** A {@linkcode Producer}: many small records as few requests, in their order. */
  producer(topic: string, options: ProducerOptions = {}): Producer {
    const session = new ProduceSession(this.#transport, this.#onRetry);
    return new Producer({ session, environment: this.#environment }, topic, options);
  }

  /**
   * One page of records: of a partition by offset or time, or of all merged by a cursor.
   *
   * @example A page, and the next one
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * const first = await client.fetch("logs", { partition: 0, offset: 0, maxRecords: 100 });
   * const next = await client.fetch("logs", { partition: 0, offset: first.nextOffset });
   * const errors = await client.fetch("logs", { contains: "error", since: Date.now() - 60_000 });
   * console.log(next.records.length, errors.cursor);
   * ```
   *
   * @throws {LogboomError} `offset_out_of_range`, `unknown_topic` ...
   */
  fetch(topic: string, options: PartitionFetch): Promise<PartitionPage>;
  /** A page of all partitions merged, or of one in the order of source. */
  fetch(topic: string, options?: MergedFetch): Promise<MergedPage>;
  async fetch(
    topic: string,
    options: PartitionFetch | MergedFetch = {},
  ): Promise<PartitionPage | MergedPage> {
    const byOffset = options.partition !== undefined && options.order !== "source";
    return await this.#try<PartitionPage | MergedPage>(
      options.signal,
      () =>
        byOffset
          ? fetchPartition(this.#transport, topic, options as PartitionFetch)
          : fetchMerged(this.#transport, topic, options as MergedFetch),
    );
  }

  /**
   * Record batches as they lie on the node's disk, in Kafka's format; see {@linkcode BatchDecoder}.
   *
   * @throws {LogboomError}
   */
  async batches(topic: string, options: BatchesFetch): Promise<Uint8Array<ArrayBuffer>> {
    const page = await this.#try(
      options.signal,
      () => fetchBatches(this.#transport, topic, options),
    );
    return page.bytes;
  }

  /**
   * Records from the past on: to the end as it is when it is reached, or with `follow` on and on.
   * Gaps stand among them, unless `onGap` takes them. Outages of the node are waited for.
   *
   * @example What one device said today
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * const since = new Date(new Date().setHours(0, 0, 0, 0));
   * const stream = client.read("logs", { key: "devices/7/logs", since, onGap: console.warn });
   * for await (const record of stream) console.log(record.time, record.text());
   * ```
   */
  read(
    topic: string,
    options: ReadOptions & { readonly onGap: (gap: Gap) => void },
  ): LogStream<LogRecord>;
  /** The same, with gaps in the stream. */
  read(topic: string, options?: ReadOptions): LogStream<LogRecord | Gap>;
  read(topic: string, options: ReadOptions = {}): LogStream<LogRecord | Gap> {
    const more = { onRetry: this.#onRetry, retryMs: this.#retryMs };
    return this.#stream(
      options,
      (signal) => read(this.#transport, topic, { ...options, ...more, signal }),
    );
  }

  /**
   * Records as they come. It never ends by itself: where the connection breaks, or this reader was
   * too slow, it goes on where it was.
   *
   * @example Follow, and let go after a minute
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * const signal = AbortSignal.timeout(60_000);
   * try {
   *   const stream = client.tail("logs", { contains: "error", signal, onGap: console.warn });
   *   for await (const record of stream) console.log(record.text());
   * } catch (error) {
   *   if (!signal.aborted) throw error;
   * }
   * ```
   */
  tail(
    topic: string,
    options: TailOptions & { readonly onGap: (gap: Gap) => void },
  ): LogStream<LogRecord>;
  /** The same, with gaps in the stream. */
  tail(topic: string, options?: TailOptions): LogStream<LogRecord | Gap>;
  tail(topic: string, options: TailOptions = {}): LogStream<LogRecord | Gap> {
    return this.#stream(
      options,
      (signal) => tail(this.#transport, topic, { ...options, onRetry: this.#onRetry, signal }),
    );
  }

  /**
   * Records as a member of a group, which shares the partitions of the topics with all others of
   * its name. See {@linkcode Consumer}.
   *
   * @example Read as one of many
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * for await (const record of client.consume("alerts", "logs", { onGap: console.warn })) {
   *   console.log(record.topic, record.partition, record.text());
   * }
   * ```
   */
  consume(
    group: string,
    topics: string | readonly string[],
    options: ConsumeOptions & { readonly onGap: (gap: Gap) => void },
  ): Consumer<LogRecord>;
  /** The same, with gaps in the stream. */
  consume(
    group: string,
    topics: string | readonly string[],
    options?: ConsumeOptions,
  ): Consumer<LogRecord | Gap>;
  consume(
    name: string,
    topics: string | readonly string[],
    options: ConsumeOptions = {},
  ): Consumer<LogRecord | Gap> {
    const group = { name, topics: [topics].flat() };
    return new Consumer(this.#transport, group, { ...options, onRetry: this.#onRetry });
  }

  /**
   * The ledger: what was lost, why, and how the account of each log stands.
   *
   * @example Was anything lost today?
   * ```ts
   * import { Client } from "@logboom/client";
   *
   * const client = new Client({ url: "http://localhost:8080" });
   * const { entries, totals } = await client.losses({ since: Date.now() - 86_400_000 });
   * console.log(`${totals.pending} records are on their way`);
   * for (const loss of entries) console.warn(loss.topic, loss.count, loss.reason);
   * ```
   *
   * @throws {LogboomError}
   */
  losses(options: LossesOptions = {}): Promise<Losses> {
    return this.#try(options.signal, () => fetchLosses(this.#transport, options));
  }

  #stream(
    { signal, onGap }: Pick<ReadOptions, "signal" | "onGap">,
    open: (signal: AbortSignal) => ReturnType<typeof read>,
  ): LogStream<LogRecord | Gap> {
    return new LogStream(
      (stop) => open(signal === undefined ? stop : AbortSignal.any([signal, stop])),
      onGap,
    );
  }

  #try<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const options = { environment: this.#environment, signal, onRetry: this.#onRetry };
    return retrying({ ...options, forMs: this.#retryMs }, attempt);
  }
}
