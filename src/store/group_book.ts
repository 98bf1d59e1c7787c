/**
 * What must outlive the node of consumer groups: the offsets they committed, when each was last
 * alive, and which generations were given out. `host/sqlite_group_book.ts` keeps it in the
 * catalogue's database.
 *
 * Every change is one transaction: durable and whole once its promise resolves, in the order they
 * were asked for.
 *
 * @module
 */
import type { Offset, TopicId, TopicName } from "../base/types.ts";

export interface GroupRow {
  readonly group: string;
  /** When it last had members, or committed: by the age clock, as retention measures. */
  readonly aliveMs: number;
}

export interface GroupOffsetRow {
  readonly group: string;
  readonly topic: TopicName;
  /** Of the topic it was committed for: one that was made anew has none. */
  readonly topicId: TopicId;
  readonly partition: number;
  /** Of the next record to read. */
  readonly offset: Offset;
  /** Of the record before it; -1 where that is not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export type GroupOffsetKey = Pick<GroupOffsetRow, "group" | "topic" | "partition">;

export interface GroupBookState {
  /** No generation above it was given out. */
  readonly generation: number;
  readonly groups: readonly GroupRow[];
  readonly offsets: readonly GroupOffsetRow[];
}

export interface GroupBook {
  load(): Promise<GroupBookState>;
  putGeneration(generation: number): Promise<void>;
  putGroups(rows: readonly GroupRow[]): Promise<void>;
  /** Offsets of one group, and the group with them. */
  commit(group: GroupRow, offsets: readonly GroupOffsetRow[]): Promise<void>;
  /** With all their offsets. */
  dropGroups(groups: readonly string[]): Promise<void>;
  dropOffsets(offsets: readonly GroupOffsetKey[]): Promise<void>;
}
