/**
 * A group as operators see it: its members, what each has, and how far behind it is.
 *
 * @module
 */
import type { Offset } from "../base/types.ts";
import { compareTexts } from "./assignors/assignor.ts";
import { decodeAssignment, decodeSubscription } from "./consumer_protocol.ts";
import type { Group, GroupState } from "./group.ts";
import type { CommittedOffset, TopicPartition } from "./group_api.ts";
import type { GroupMember } from "./group_member.ts";
import type { GroupTopics } from "./group_topics.ts";

export interface MemberDescription {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Empty where its protocol is not understood here. */
  readonly topics: readonly string[];
  readonly assignment: readonly TopicPartition[];
}

/** What a group committed, beside where the partition's log is. */
export interface GroupOffset extends CommittedOffset {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  /** Records that are there and were not committed. */
  readonly lag: number;
  /** Records it never read and never will: retention passed it. */
  readonly missed: number;
  /** Who has the partition; null where nobody does. */
  readonly memberId: string | null;
}

interface GroupHead {
  readonly group: string;
  readonly state: GroupState;
  /** Null where there are no members. */
  readonly generation: number | null;
  readonly protocolType: string | null;
  readonly assignor: string | null;
  /** Records of all partitions it committed for. */
  readonly lag: number;
}

/** A line of a list: what it costs does not grow with what members were assigned. */
export interface GroupSummary extends GroupHead {
  readonly members: number;
}

export interface GroupDescription extends GroupHead {
  readonly leaderId: string | null;
  readonly members: readonly MemberDescription[];
  readonly offsets: readonly GroupOffset[];
}

export interface GroupParts {
  readonly group: Group | undefined;
  readonly offsets: readonly CommittedOffset[];
  readonly topics: GroupTopics;
}

export function summarizeGroup(name: string, { group, offsets, topics }: GroupParts): GroupSummary {
  const described = offsets.map((offset) => describeOffset(offset, topics, null));
  return { ...headOf(name, group, described), members: group?.members.size ?? 0 };
}

export function describeGroup(
  name: string,
  { group, offsets, topics }: GroupParts,
): GroupDescription {
  const members = [...group?.members.values() ?? []].map((member) =>
    describeMember(member, group!.protocolName)
  );
  const holders = new Map(
    members.flatMap(({ memberId, assignment }) =>
      assignment.map((each) => [placeOf(each), memberId] as const)
    ),
  );
  const described = offsets
    .map((offset) => describeOffset(offset, topics, holders.get(placeOf(offset)) ?? null))
    .toSorted((a, b) => compareTexts(a.topic, b.topic) || a.partition - b.partition);
  const leaderId = group?.leaderId ?? null;
  return { ...headOf(name, group, described), leaderId, members, offsets: described };
}

function headOf(
  name: string,
  group: Group | undefined,
  offsets: readonly GroupOffset[],
): GroupHead {
  const hasMembers = group !== undefined && group.members.size > 0;
  return {
    group: name,
    state: group?.state ?? "empty",
    generation: hasMembers ? group.generation : null,
    protocolType: hasMembers ? group.protocolType : null,
    assignor: group?.protocolName ?? null,
    lag: offsets.reduce((sum, { lag }) => sum + lag, 0),
  };
}

function describeMember(member: GroupMember, assignor: string | null): MemberDescription {
  const { id, instanceId, clientId, host, sessionTimeoutMs, rebalanceTimeoutMs } = member;
  const metadata = assignor === null ? member.protocols[0]!.metadata : member.metadataOf(assignor);
  return {
    ...{ memberId: id, instanceId, clientId, host, sessionTimeoutMs, rebalanceTimeoutMs },
    topics: readable(() => decodeSubscription(metadata).topics),
    assignment: readable(() => decodeAssignment(member.assignment)),
  };
}

/** A group may speak another protocol than "consumer". */
function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

export function describeOffset(
  committed: CommittedOffset,
  topics: GroupTopics,
  memberId: string | null,
): GroupOffset {
  const { offset } = committed;
  const log = topics.topic(committed.topic)?.partitions[committed.partition];
  const logStartOffset = log?.logStartOffset ?? 0;
  const highWatermark = log?.highWatermark ?? 0;
  return {
    ...committed,
    ...{ logStartOffset, highWatermark, memberId },
    lag: Math.max(0, highWatermark - Math.max(offset, logStartOffset)),
    missed: Math.max(0, logStartOffset - offset),
  };
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
