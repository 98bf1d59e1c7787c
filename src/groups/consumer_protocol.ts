/**
 * What members of Kafka's protocol type "consumer" tell their leader, and what it tells them. The
 * group itself never looks inside; it is the same here so that members of both worlds can share one.
 *
 *     Subscription                        Assignment
 *     version     i16  0 to 3, or later   version     i16
 *     topics      i32  count, of          partitions  i32  count, of
 *       name      i16  length, UTF-8        topic     i16  length, UTF-8
 *     user data   i32  length or -1         numbers   i32  count, of i32
 *     owned       i32  from version 1     user data   i32  length or -1
 *       as the partitions of an assignment
 *     ...              from versions 2 and 3: generation, rack; passed over
 *
 * A later version only adds behind what is there. Source: ConsumerProtocolSubscription.json and
 * ConsumerProtocolAssignment.json of Apache Kafka 4.0.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import type { TopicName } from "../base/types.ts";
import type { TopicPartition } from "./group_api.ts";

export interface Subscription {
  readonly topics: readonly TopicName[];
  /** Empty where its sender does not say. */
  readonly owned: readonly TopicPartition[];
}

const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeSubscription({ topics, owned }: Subscription): Uint8Array {
  const writer = new Writer();
  writer.int16(owned.length > 0 ? 1 : 0);
  writer.int32(topics.length);
  for (const topic of topics) writer.text(topic);
  writer.int32(-1);
  if (owned.length > 0) writer.partitions(owned);
  return writer.bytes();
}

/** @throws {OperatingError} inconsistent_protocol when the bytes are none */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  const reader = new Reader(bytes, "subscription");
  const version = reader.int16();
  const topics = Array.from({ length: reader.count(2) }, () => reader.text());
  reader.skipBytes();
  // Some clients say version 1, and end where version 0 does.
  return { topics, owned: version >= 1 && !reader.isAtEnd ? reader.partitions() : [] };
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const writer = new Writer();
  writer.int16(0);
  writer.partitions(partitions);
  writer.int32(-1);
  return writer.bytes();
}

/** No bytes at all are no partitions: of a member the leader forgot. */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length === 0) return [];
  const reader = new Reader(bytes, "assignment");
  reader.int16();
  return reader.partitions();
}

class Writer {
  readonly #bytes: number[] = [];

  int16(value: number): void {
    this.#bytes.push(value >> 8 & 0xff, value & 0xff);
  }

  int32(value: number): void {
    this.int16(value >> 16);
    this.int16(value);
  }

  text(text: string): void {
    const bytes = utf8(text);
    this.int16(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
  }

  partitions(partitions: readonly TopicPartition[]): void {
    const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
    this.int32(byTopic.size);
    for (const [topic, own] of byTopic) {
      this.text(topic);
      this.int32(own.length);
      for (const { partition } of own) this.int32(partition);
    }
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  int16(): number {
    return this.#view.getInt16(this.#step(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#step(4));
  }

  /** Of elements that take `bytesMin` each: what cannot be there is not made room for. */
  count(bytesMin: number): number {
    const count = this.int32();
    const room = this.#bytes.length - this.#at;
    if (count < -1 || count * bytesMin > room) throw this.#broken();
    return Math.max(count, 0);
  }

  text(): string {
    const size = this.int16();
    const start = this.#step(size);
    try {
      return decoder.decode(this.#bytes.subarray(start, start + size));
    } catch {
      throw this.#broken();
    }
  }

  skipBytes(): void {
    const size = this.int32();
    if (size !== -1) this.#step(size);
  }

  partitions(): TopicPartition[] {
    const partitions: TopicPartition[] = [];
    const topics = this.count(6);
    for (let at = 0; at < topics; at++) {
      const topic = this.text();
      for (let left = this.count(4); left > 0; left--) {
        partitions.push({ topic, partition: this.int32() });
      }
    }
    return partitions;
  }

  #step(size: number): number {
    const start = this.#at;
    if (size < 0 || start + size > this.#bytes.length) throw this.#broken();
    this.#at += size;
    return start;
  }

  #broken(): OperatingError {
    return new OperatingError(
      "inconsistent_protocol",
      `Cannot read ${this.#what} of a consumer at byte ${this.#at}: it is none`,
    );
  }
}
