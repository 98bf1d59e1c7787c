/**
 * A record as a reader gets it.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { toBase64 } from "./base64.ts";

/**
 * Bytes as they came: as text where the node knew them to be UTF-8.
 *
 * @example Their length
 * ```ts
 * import type { Bytes } from "@logboom/client";
 *
 * export function lengthOf(bytes: Bytes): number {
 *   return typeof bytes === "string" ? new TextEncoder().encode(bytes).length : bytes?.length ?? 0;
 * }
 * ```
 */
export type Bytes = Uint8Array | string | null;

/**
 * What a {@linkcode LogRecord} is made of.
 *
 * @example Test what takes records
 * ```ts
 * import { LogRecord, type LogRecordParts } from "@logboom/client";
 *
 * const parts: LogRecordParts = {
 *   ...{ topic: "logs", partition: 0, offset: 7, timestamp: Date.now() },
 *   ...{ key: "door", value: "opened", headers: [] },
 * };
 * console.log(new LogRecord(parts).text());
 * ```
 */
export interface LogRecordParts {
  /** The topic it is in. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** Its place there. */
  readonly offset: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  /** Its key. */
  readonly key: Bytes;
  /** Its value. */
  readonly value: Bytes;
  /** Its headers. */
  readonly headers: readonly RecordHeader[];
  /** Where it first became durable. */
  readonly source?: RecordSource | null;
}

/**
 * A name with a value beside a record; names may repeat.
 *
 * @example All headers of a name
 * ```ts
 * import type { LogRecord, RecordHeader } from "@logboom/client";
 *
 * export function all(record: LogRecord, name: string): readonly RecordHeader[] {
 *   return record.headers.filter(({ key }) => key === name);
 * }
 * ```
 */
export interface RecordHeader {
  /** Its name. */
  readonly key: string;
  /** Its value, as text where it is UTF-8. */
  readonly value: Uint8Array | string | null;
}

/**
 * Where a record first became durable: asked for with `source: true`.
 *
 * @example Where a record first became durable
 * ```ts
 * import { Client, type RecordSource } from "@logboom/client";
 *
 * const show = (source: RecordSource | null) => console.log(source?.gateway, source?.offset);
 * const client = new Client({ url: "http://localhost:8080" });
 * const { records } = await client.fetch("logs", { partition: 0, source: true });
 * records.forEach((record) => show(record.source));
 * ```
 */
export interface RecordSource {
  /** Name of the gateway; null where the node knows the log by its id only. */
  readonly gateway: string | null;
  /** One run of one partition of that gateway. */
  readonly logId: string;
  /** The partition there. */
  readonly partition: number | null;
  /** The offset there: dense per log id, so a reader can tell that nothing is missing. */
  readonly offset: number;
}

// A byte order mark is part of the value.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A record as a reader gets it. Its value is read as a `Response`'s body is: `text()`, `json()` or
 * `bytes()`, as often as one likes.
 *
 * @example What stands in a record
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const { records } = await client.fetch("logs", { partition: 0, offset: "earliest" });
 * for (const record of records) {
 *   console.log(record.offset, record.time.toISOString(), record.key, record.text());
 *   console.log(record.header("mqtt.client_id"));
 * }
 * ```
 */
export class LogRecord {
  /** Tells records from gaps in a stream that has both. */
  readonly kind = "record";
  /** The topic it is in. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** Its place there: dense, from 0, never used again. */
  readonly offset: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  /** Its headers, in their order. */
  readonly headers: readonly RecordHeader[];
  /** Where it first became durable; null where that was not asked for. */
  readonly source: RecordSource | null;
  readonly #key: Bytes;
  readonly #value: Bytes;

  /** Made by the client; useful by itself in tests of what takes records. */
  constructor(parts: LogRecordParts) {
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.offset = parts.offset;
    this.timestamp = parts.timestamp;
    this.headers = parts.headers;
    this.source = parts.source ?? null;
    this.#key = parts.key;
    this.#value = parts.value;
  }

  /** The timestamp as a date. */
  get time(): Date {
    return new Date(this.timestamp);
  }

  /** The key as text; null where it has none. */
  get key(): string | null {
    return textOf(this.#key);
  }

  /** The key, byte for byte; null where it has none. */
  get keyBytes(): Uint8Array | null {
    return bytesOf(this.#key);
  }

  /** The value as text; "" where it is null. Bytes that are no UTF-8 show as U+FFFD. */
  text(): string {
    return textOf(this.#value) ?? "";
  }

  /**
   * The value read as JSON; null where it is null.
   *
   * @throws {SyntaxError} where it is something else.
   */
  json<T = unknown>(): T {
    return this.#value === null ? null as T : JSON.parse(this.text()) as T;
  }

  /** The value, byte for byte; null where it is null, which empty bytes are not. */
  bytes(): Uint8Array | null {
    return bytesOf(this.#value);
  }

  /** The value of the first header of that name as text; null where there is none, or it is null. */
  header(name: string): string | null {
    return textOf(this.headers.find(({ key }) => key === name)?.value ?? null);
  }

  /** For `JSON.stringify`: as the node writes records. */
  toJSON(): Record<string, unknown> {
    const { topic, partition, offset, timestamp, source } = this;
    return {
      ...{ topic, partition, offset, timestamp },
      ...jsonBytes("key", this.#key),
      ...jsonBytes("value", this.#value),
      headers: this.headers.map(({ key, value }) => ({ key, ...jsonBytes("value", value) })),
      ...(source === null ? {} : {
        source: {
          gateway: source.gateway,
          log_id: source.logId,
          partition: source.partition,
          offset: source.offset,
        },
      }),
    };
  }
}

function textOf(bytes: Bytes): string | null {
  return typeof bytes === "string" || bytes === null ? bytes : decoder.decode(bytes);
}

function bytesOf(bytes: Bytes): Uint8Array | null {
  return typeof bytes === "string" ? utf8(bytes) : bytes;
}

/** As the node writes bytes: text where they are UTF-8, and else base64 under another name. */
export function jsonBytes(name: string, bytes: Bytes): Record<string, string | null> {
  if (typeof bytes === "string" || bytes === null) return { [name]: bytes };
  try {
    return { [name]: strict.decode(bytes) };
  } catch {
    return { [`${name}_base64`]: toBase64(bytes) };
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
