/**
 * Where a consumer instance stands in each partition it reads. Two marks lie in one: up to the
 * position records were handed to its client; up to the confirmed one the client has been back since,
 * so that it has them. Only that much is committed unasked.
 *
 *     committed          confirmed              position            high watermark
 *     ----|------------------|----------------------|----------------------|
 *          processed, as far   handed out with the     not read yet
 *          as we may assume    last answer
 *
 * @module
 */
import { OperatingError } from "../../../base/errors.ts";
import type { Offset, TopicId, TopicName } from "../../../base/types.ts";
import type { CommittedOffset, OffsetToCommit, TopicPartition } from "../../../groups/group_api.ts";
import type { PageGap } from "../../../protocol/http/fetch_body.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import type { PartitionLog } from "../../../store/partition_log.ts";
import type { Topic } from "../../../store/topic.ts";
import { checkEpoch, epochBefore } from "../../leader_epoch.ts";
import type { OffsetReset } from "./consumer_config.ts";

/** Offsets a reader does not get, as the header names them. */
export interface RestGap extends PageGap, TopicPartition {
  readonly partition: number;
}

/** Where it goes on: an offset, with the leader epoch of what came before it where that is known. */
interface Start {
  readonly offset: Offset;
  readonly epoch: number;
}

export class Position implements TopicPartition {
  readonly topic: TopicName;
  readonly partition: number;
  /** Of the topic it is in; another one of that name has other records. */
  #topicId: TopicId | null = null;
  #start: Start | null = null;
  #confirmed: Offset | null = null;
  #committed: Offset | null = null;
  /** What it could not read, until its client has been told. */
  #missed: RestGap[] = [];

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Null until it is known. */
  get offset(): Offset | null {
    return this.#start?.offset ?? null;
  }

  /** What may be committed unasked; null where there is nothing new. */
  get uncommitted(): Offset | null {
    return this.#confirmed === this.#committed ? null : this.#confirmed;
  }

  confirm(): void {
    this.#confirmed = this.offset;
  }

  noteCommitted(offset: Offset): void {
    this.#committed = offset;
  }

  /** Records below `offset` were handed out, or it was sought. */
  moveTo(topic: Topic, offset: Offset): void {
    this.#topicId = topic.id;
    this.#start = { offset, epoch: epochBefore(topic.partitions[this.partition]!, offset) };
    this.#missed = [];
  }

  /**
   * Finds where to read on in today's log, and what was missed on the way there: told again until
   * the answer that tells it was handed out.
   *
   * @throws {OperatingError} 41601 where it is out of range, or nothing is known, and `reset` is none
   */
  resolve(
    topic: Topic,
    committed: CommittedOffset | undefined,
    reset: OffsetReset,
  ): { readonly offset: Offset; readonly gaps: readonly RestGap[] } {
    const log = topic.partitions[this.partition]!;
    if (this.#topicId !== topic.id) {
      this.#start = null;
      this.#topicId = topic.id;
    }
    if (this.#start === null) {
      if (committed === undefined) return this.#begin(log, reset);
      this.#start = { offset: committed.offset, epoch: committed.leaderEpoch };
      this.#committed = this.#confirmed = committed.offset;
    }
    return this.#inRange(log, this.#start, reset);
  }

  #begin(log: PartitionLog, reset: OffsetReset) {
    if (reset === "none") {
      throw restError(
        41601,
        `Cannot begin to read ${log.topic}-${log.index}: nothing is committed, and ` +
          "auto.offset.reset is none; seek first",
      );
    }
    const offset = reset === "earliest" ? log.logStartOffset : log.highWatermark;
    this.#start = { offset, epoch: epochBefore(log, offset) };
    return { offset, gaps: this.#missed };
  }

  #inRange(log: PartitionLog, start: Start, reset: OffsetReset) {
    const diverged = divergedAt(log, start);
    const { logStartOffset } = log;
    if (diverged === null && start.offset >= logStartOffset) {
      return { offset: start.offset, gaps: this.#missed };
    }
    const back = Math.max(diverged ?? logStartOffset, logStartOffset);
    const offset = diverged === null && reset === "latest" ? log.highWatermark : back;
    const gap = this.#gap(start.offset, offset, diverged === null ? "retention" : "log_diverged");
    if (reset === "none") {
      const { topic, partition } = this;
      throw restError(
        41601,
        `Cannot read ${topic}-${partition} at ${start.offset}: offsets ${logStartOffset} to ` +
          `${log.highWatermark} can be read from, and auto.offset.reset is none; seek first`,
        { gaps: [gap], losses: `/v1/losses?topic=${topic}` },
      );
    }
    this.#start = { offset, epoch: epochBefore(log, offset) };
    this.#missed.push(gap);
    return { offset, gaps: this.#missed };
  }

  #gap(from: Offset, to: Offset, reason: string): RestGap {
    const { topic, partition } = this;
    return { topic, partition, from: Math.min(from, to), to: Math.max(from, to), reason };
  }
}

/** Where this log's history and the one that was read part, or null where they are the same. */
function divergedAt(log: PartitionLog, { offset, epoch }: Start): Offset | null {
  try {
    checkEpoch(log, epoch, offset);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return Math.min(offset, Number(error.detail["epoch_end_offset"]));
  }
  return offset > log.highWatermark ? log.highWatermark : null;
}

/** What to commit so that reading goes on at `offset`. */
export function commitOf(
  topic: Topic,
  partition: number,
  { offset, metadata = "" }: { readonly offset: Offset; readonly metadata?: string },
): OffsetToCommit {
  const leaderEpoch = epochBefore(topic.partitions[partition]!, offset);
  return { topic: topic.name, partition, offset, leaderEpoch, metadata };
}
