/**
 * Many small records as few requests.
 *
 * @module
 */
import {
  CLIENT_BATCH_BYTES,
  CLIENT_BATCH_RECORDS,
  CLIENT_BUFFER_BYTES,
  CLIENT_DELIVERY_MS,
} from "../base/client_limits.ts";
import type { Environment } from "./environment.ts";
import { LogboomError } from "./logboom_error.ts";
import type { ProduceSession } from "./produce_session.ts";
import { bodyOf, formOf, type RecordInput } from "./record_input.ts";

/**
 * How a {@linkcode Producer} gathers records.
 *
 * @example Many records a request, for a link of long ways
 * ```ts
 * import { Client, type ProducerOptions } from "@logboom/client";
 *
 * const options: ProducerOptions = { lingerMs: 200, batchBytes: 1_000_000 };
 * await using producer = new Client({ url: "http://localhost:8080" }).producer("logs", options);
 * await producer.send("hello");
 * ```
 */
export interface ProducerOptions {
  /** Milliseconds a record waits for others; 5 where left out. */
  readonly lingerMs?: number;
  /** Bytes of a request, about, from which on it does not wait; 512 KiB where left out. */
  readonly batchBytes?: number;
  /** Bytes of records that may wait for an answer; 16 MiB where left out. */
  readonly bufferBytes?: number;
  /** Milliseconds a request is tried for, through outages; two minutes where left out. */
  readonly deliveryTimeoutMs?: number;
  /** The partition all records go to; by their keys where left out. */
  readonly partition?: number;
}

interface Waiting {
  readonly form: string;
  readonly settled: PromiseWithResolvers<void>;
}

/** Refusals that are one record's fault, and not that of all it is sent with. */
const ONE_IS_TO_BLAME = new Set(["record_too_large", "body_too_large", "malformed_body"]);

/**
 * Gathers records into requests and sends one after the other, so that their order stays, through
 * outages of the node too: a request is sent again until it is answered, and never appended twice.
 *
 * @example Write as much as the node takes
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * await using producer = client.producer("logs");
 * for (let reading = 0; reading < 100_000; reading++) {
 *   await producer.ready;
 *   producer.send({ key: "sensor-7", value: { reading } }).catch(console.error);
 * }
 * await producer.flush();
 * ```
 */
export class Producer implements AsyncDisposable {
  readonly #session: ProduceSession;
  readonly #environment: Environment;
  readonly #topic: string;
  readonly #options: Required<Omit<ProducerOptions, "partition">>;
  readonly #partition: number | undefined;
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Of those waiting and those being sent. */
  #heldBytes = 0;
  #sending: Promise<void> | null = null;
  #cancelLinger: (() => void) | null = null;
  #room: PromiseWithResolvers<void> | null = null;
  #closed = false;

  /** Made by `client.producer()`. */
  constructor(
    parts: { readonly session: ProduceSession; readonly environment: Environment },
    topic: string,
    options: ProducerOptions,
  ) {
    this.#session = parts.session;
    this.#environment = parts.environment;
    this.#topic = topic;
    this.#partition = options.partition;
    this.#options = {
      lingerMs: options.lingerMs ?? 5,
      batchBytes: options.batchBytes ?? CLIENT_BATCH_BYTES,
      bufferBytes: options.bufferBytes ?? CLIENT_BUFFER_BYTES,
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? CLIENT_DELIVERY_MS,
    };
  }

  /** Resolves while there is room for more: what waits for it holds no more than `bufferBytes`. */
  get ready(): Promise<void> {
    if (this.#heldBytes < this.#options.bufferBytes) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /**
   * Resolves once the record is durable.
   *
   * @throws {LogboomError} `buffer_full` where `ready` was not waited for; `closed`; what the node
   * refused this record with; or, when the time for it is over, what kept it from the node. It is
   * not known then whether the record was appended.
   */
  async send(record: RecordInput): Promise<void> {
    if (this.#closed) throw new LogboomError("closed", "Cannot send: the producer is closed");
    if (this.#heldBytes >= this.#options.bufferBytes) {
      const message = "Cannot send: the producer's buffer is full; wait for its `ready`";
      throw new LogboomError("buffer_full", message, { retriable: true });
    }
    const waiting = { form: formOf(record), settled: Promise.withResolvers<void>() };
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.form.length;
    this.#heldBytes += waiting.form.length;
    this.#schedule();
    await waiting.settled.promise;
  }

  /**
   * Sends what waits, and resolves once every record given so far is durable or was refused. Who
   * gave it, hears of a refusal by `send`.
   */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#sending !== null) {
      if (this.#sending === null) this.#sendAll();
      await this.#sending;
    }
  }

  /** Takes no more, and resolves once all is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  /** Takes no more, and gives up what is not answered yet: it is not known what of it is appended. */
  abort(reason: unknown = new LogboomError("closed", "The producer was aborted")): void {
    this.#closed = true;
    this.#stop.abort(reason);
    this.#cancelLinger?.();
    while (this.#waiting.length > 0) this.#settle(this.#take(Infinity), reason);
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #schedule(): void {
    if (this.#sending !== null) return;
    if (this.#waitingBytes >= this.#options.batchBytes) return this.#sendAll();
    this.#cancelLinger ??= this.#environment.after(
      this.#options.lingerMs,
      () => this.#sendAll(),
    );
  }

  /** One request after the other, until nothing waits. */
  #sendAll(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    if (this.#waiting.length > 0) this.#sending ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#deliver(this.#take(this.#options.batchBytes));
    this.#sending = null;
  }

  /** The records that go first. */
  #take(bytesMax: number): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { form } of this.#waiting) {
      if (count > 0 && (bytes + form.length > bytesMax || count >= CLIENT_BATCH_RECORDS)) break;
      bytes += form.length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Never rejects: each record's own promise does. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#session.send({
        topic: this.#topic,
        body: bodyOf(batch.map(({ form }) => form)),
        partition: this.#partition,
        signal: this.#stop.signal,
        deliveryMs: this.#options.deliveryTimeoutMs,
      });
      this.#settle(batch);
    } catch (error) {
      const blamed = error instanceof LogboomError && ONE_IS_TO_BLAME.has(error.code);
      if (!blamed || batch.length === 1) return this.#settle(batch, error);
      // All of a request is taken, or nothing: the halves find the one, and the order stays.
      const half = batch.length >> 1;
      await this.#deliver(batch.slice(0, half));
      await this.#deliver(batch.slice(half));
    }
  }

  #settle(batch: readonly Waiting[], ...failure: readonly [reason?: unknown]): void {
    for (const { form, settled } of batch) {
      this.#heldBytes -= form.length;
      if (failure.length === 0) settled.resolve();
      else settled.reject(failure[0]);
    }
    if (this.#heldBytes >= this.#options.bufferBytes) return;
    this.#room?.resolve();
    this.#room = null;
  }
}
