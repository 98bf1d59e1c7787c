/**
 * Words everyone speaks.
 *
 * Offsets are `number`, not `bigint`: they are dense from 0, so 2^53 is out of reach, and they stay
 * plain JSON numbers on every interface. Readers of foreign bytes check the range on the way in.
 *
 * @module
 */

/** Place of a record in its partition: dense, from 0, never reused; a safe integer. */
export type Offset = number;

/** Place of a byte in a file. */
export type Position = number;

/** Milliseconds since the Unix epoch, as some clock claimed. */
export type TimestampMs = number;

/** One run of one partition: a random positive 63-bit number in 16 lower-case hex digits. */
export type LogId = string;

/** 128 random bits in 32 lower-case hex digits; drawn when a topic is created. */
export type TopicId = string;

/** 64 random bits in 16 lower-case hex digits; drawn when a data directory is created. */
export type NodeId = string;

/** Kafka's rule: `[a-zA-Z0-9._-]{1,249}`, neither "." nor "..". */
export type TopicName = string;

/** A half-open range of offsets: `from` inclusive, `to` exclusive. */
export interface OffsetRange {
  readonly from: Offset;
  readonly to: Offset;
}
