/**
 * Retained messages: the last one of each topic name, for those who subscribe later. The book keeps
 * them, durable before PUBACK or PUBREC; in memory is an index of their names, and a payload is
 * read when it is sent. An empty payload deletes [MQTT-3.3.1-6].
 *
 * A retained publish is a record in the log, too: whoever is subscribed already gets it there.
 *
 * @module
 */
import type { Clock } from "../../../base/clock.ts";
import { isOperatingError, OperatingError } from "../../../base/errors.ts";
import {
  MQTT_RETAINED_BYTES_MAX,
  MQTT_RETAINED_LEVELS_MAX,
  MQTT_RETAINED_MAX,
  MQTT_RETAINED_READ_BYTES,
  MQTT_RETAINED_READ_MAX,
  MQTT_TOPIC_LEVELS_MAX,
} from "../../../base/mqtt_limits.ts";
import { utf8 } from "../../../base/bytes.ts";
import type { MqttBook, MqttRetainedEntry, MqttRetainedRow } from "../../../store/mqtt_book.ts";
import { Message } from "../delivery/message.ts";
import type { RetainedSource } from "../delivery/retained_source.ts";
import { NameIndex } from "./name_index.ts";
import type { RetainedMessage } from "./retained_record.ts";

export interface RetainedMessagesOptions {
  readonly book: Pick<MqttBook, "retained" | "putRetained" | "dropRetained">;
  readonly clock: Clock;
  /** Those the book has. */
  readonly kept: readonly MqttRetainedEntry[];
  readonly limits?: Partial<RetainedLimits>;
  /** What the server says of itself. */
  readonly system?: { matching(filter: string): Iterable<Message> };
  /** A message that could not be read or deleted. */
  readonly onTrouble: (error: unknown) => void;
}

export interface RetainedLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly levelsMax: number;
}

/** What one costs beside its topic name and payload. */
const ROW_BYTES = 64;

export class RetainedMessages implements RetainedSource {
  readonly #options: RetainedMessagesOptions;
  readonly #limits: RetainedLimits;
  readonly #index = new NameIndex<MqttRetainedEntry>();
  readonly #expiring = new Set<MqttRetainedEntry>();
  #bytes = 0;

  constructor(options: RetainedMessagesOptions) {
    this.#options = options;
    this.#limits = {
      messagesMax: MQTT_RETAINED_MAX,
      bytesMax: MQTT_RETAINED_BYTES_MAX,
      levelsMax: MQTT_RETAINED_LEVELS_MAX,
      ...options.limits,
    };
    for (const entry of options.kept) this.#replace(entry.topicName, entry);
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {OperatingError} quota_exceeded where there is no room for that message. */
  check(topicName: string, payloadBytes: number): void {
    if (payloadBytes === 0) return;
    const { messagesMax, bytesMax, levelsMax } = this.#limits;
    const known = this.#index.get(topicName);
    const bytes = this.#bytes + payloadBytes + topicName.length + ROW_BYTES - (known?.bytes ?? 0);
    const levels = topicName.split("/").length;
    const fits = this.size < messagesMax && levels <= MQTT_TOPIC_LEVELS_MAX &&
      this.#index.levels + levels <= levelsMax;
    if ((known !== null || fits) && bytes <= bytesMax) return;
    throw new OperatingError(
      "quota_exceeded",
      `Cannot retain message of "${topicName}": ${this.size} of ${this.#bytes} bytes are kept`,
      { messages_max: messagesMax, bytes_max: bytesMax },
    );
  }

  /**
   * Keeps the message, or deletes the one there is where the payload is empty; durable once this
   * resolves. Whether there is room for it is asked before.
   */
  async retain(topicName: string, { record, expiresMs }: RetainedMessage): Promise<void> {
    const before = this.#index.get(topicName);
    if (record.value === null || record.value.length === 0) {
      if (before === null) return;
      this.#replace(topicName, null);
      await this.#undoing(topicName, before, this.#options.book.dropRetained([topicName]));
      return;
    }
    const bytes = utf8(topicName).length + record.value.length + ROW_BYTES +
      record.headers.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
    const row: MqttRetainedRow = { topicName, bytes, expiresMs, record };
    this.#replace(topicName, { topicName, bytes, expiresMs });
    await this.#undoing(topicName, before, this.#options.book.putRetained(row));
  }

  async *matching(filter: string): AsyncIterable<Message> {
    if (filter.startsWith("$share/")) return;
    yield* this.#options.system?.matching(filter) ?? [];
    const nowMs = this.#options.clock.wallMs();
    let names: string[] = [];
    let bytes = 0;
    for (const entry of this.#index.matching(filter)) {
      if (isExpired(entry, nowMs)) continue;
      names.push(entry.topicName);
      bytes += entry.bytes;
      if (names.length < MQTT_RETAINED_READ_MAX && bytes < MQTT_RETAINED_READ_BYTES) continue;
      yield* await this.#read(names);
      names = [];
      bytes = 0;
    }
    if (names.length > 0) yield* await this.#read(names);
  }

  /** Once in a while: deletes what has expired. */
  sweep(): void {
    const nowMs = this.#options.clock.wallMs();
    const expired = [...this.#expiring].filter((entry) => isExpired(entry, nowMs));
    if (expired.length === 0) return;
    for (const { topicName } of expired) this.#replace(topicName, null);
    const { book, onTrouble } = this.#options;
    book.dropRetained(expired.map(({ topicName }) => topicName)).catch(onTrouble);
  }

  async #read(names: readonly string[]): Promise<Message[]> {
    try {
      const rows = await this.#options.book.retained(names);
      return rows.map(({ topicName, record }) => new Message(utf8(topicName), record));
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      this.#options.onTrouble(error);
      return [];
    }
  }

  /** A change that failed has not happened: the index says again what the book has. */
  async #undoing(
    topicName: string,
    before: MqttRetainedEntry | null,
    change: Promise<void>,
  ): Promise<void> {
    const changed = this.#index.get(topicName);
    try {
      await change;
    } catch (error) {
      if (this.#index.get(topicName) === changed) this.#replace(topicName, before);
      throw error;
    }
  }

  #replace(topicName: string, entry: MqttRetainedEntry | null): void {
    const before = this.#index.get(topicName);
    if (before !== null) {
      this.#bytes -= before.bytes;
      this.#expiring.delete(before);
    }
    if (entry === null) return this.#index.delete(topicName);
    this.#index.set(topicName, entry);
    this.#bytes += entry.bytes;
    if (entry.expiresMs !== null) this.#expiring.add(entry);
  }
}

function isExpired({ expiresMs }: MqttRetainedEntry, nowMs: number): boolean {
  return expiresMs !== null && expiresMs <= nowMs;
}
