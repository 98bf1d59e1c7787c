/**
 * A join on behalf of a client that leaves it to this node to share out the partitions: joins, shares
 * them out where the member leads, syncs. To the group it is a member like Kafka's own.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { GROUP_REBALANCE_MS_DEFAULT, GROUP_SESSION_MS_DEFAULT } from "../base/group_limits.ts";
import type { TopicName } from "../base/types.ts";
import type { Assignor, AssignorName, Subscriber } from "./assignors/assignor.ts";
import { assignRange } from "./assignors/range.ts";
import { assignSticky } from "./assignors/sticky.ts";
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Subscription,
} from "./consumer_protocol.ts";
import type { Groups, JoinAnswer, TopicPartition } from "./group_api.ts";
import type { GroupTopics } from "./group_topics.ts";

export interface LocalJoin {
  readonly group: string;
  /** "" on the first join. */
  readonly memberId: string;
  readonly topics: readonly TopicName[];
  readonly clientId: string;
  readonly host: string;
  readonly instanceId?: string | undefined;
  /** What it would like best; where others know only the other one, that is taken. */
  readonly assignor?: AssignorName | undefined;
  readonly sessionTimeoutMs?: number | undefined;
  readonly rebalanceTimeoutMs?: number | undefined;
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LocalJoined {
  readonly memberId: string;
  readonly generation: number;
  readonly leaderId: string;
  readonly assignor: string;
  readonly assignment: readonly TopicPartition[];
}

/** What members of Kafka's client libraries call what they do. */
export const CONSUMER_PROTOCOL = "consumer";

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  range: assignRange,
  sticky: assignSticky,
};

export const ASSIGNOR_NAMES = Object.keys(ASSIGNORS) as readonly AssignorName[];

/** A group that changes faster than its members can join: they are told to come again. */
const ATTEMPTS_MAX = 5;

/** @throws {OperatingError} what {@linkcode Groups.join} and {@linkcode Groups.sync} throw */
export async function joinLocally(
  groups: Groups,
  topics: GroupTopics,
  request: LocalJoin,
): Promise<LocalJoined> {
  let { memberId } = request;
  for (let attempt = 1;; attempt++) {
    try {
      const joined = await groups.join(joinRequestOf({ ...request, memberId }));
      memberId = joined.memberId;
      return await syncLocally(groups, topics, request, joined);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || request.signal?.aborted) throw error;
      if (isOperatingError(error, "rebalance_in_progress")) {
        // With an id in it, it says that the wait is over.
        if (error.detail["member_id"] !== undefined) throw error;
      } else if (isOperatingError(error, "illegal_generation")) {
        // Others joined between its join and its sync: its id still counts.
      } else if (isOperatingError(error, "unknown_member") && memberId !== "") {
        memberId = "";
      } else {
        throw error;
      }
    }
  }
}

function joinRequestOf(request: LocalJoin) {
  const { assignor = "range", topics } = request;
  const metadata = encodeSubscription({ topics: topics.toSorted(), owned: [] });
  const names = [assignor, ...ASSIGNOR_NAMES.filter((name) => name !== assignor)];
  return {
    ...request,
    sessionTimeoutMs: request.sessionTimeoutMs ?? GROUP_SESSION_MS_DEFAULT,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? GROUP_REBALANCE_MS_DEFAULT,
    protocolType: CONSUMER_PROTOCOL,
    protocols: names.map((name) => ({ name, metadata })),
    // It has nothing to tell by it: what topics there are, the coordinator sees for itself.
    leaderRebalances: false,
  };
}

async function syncLocally(
  groups: Groups,
  topics: GroupTopics,
  { group, instanceId, signal }: LocalJoin,
  joined: JoinAnswer,
): Promise<LocalJoined> {
  const { memberId, generation, leaderId, protocolName } = joined;
  const shared = joined.members.length === 0 ? {} : shareOut(groups, topics, group, joined);
  const claim = { group, memberId, generation, instanceId };
  const bytes = await groups.sync({ ...claim, ...shared, signal });
  const assignment = decodeAssignment(bytes);
  return { memberId, generation, leaderId, assignor: protocolName, assignment };
}

/** The leader's part. */
function shareOut(
  groups: Groups,
  topics: GroupTopics,
  group: string,
  { protocolName, members }: JoinAnswer,
) {
  const assignor = ASSIGNORS[protocolName as AssignorName] as Assignor | undefined;
  if (assignor === undefined) {
    throw new OperatingError(
      "inconsistent_protocol",
      `Cannot share out partitions of group ${group} as "${protocolName}": not known here`,
      { group },
    );
  }
  const before = groups.assignments(group);
  const subscribers = members.map(({ memberId, instanceId, metadata }): Subscriber => {
    const subscription = readSubscription(metadata);
    const had = before.get(memberId);
    const owned = subscription.owned.length > 0 || had === undefined
      ? subscription.owned
      : decodeAssignment(had);
    return { memberId, instanceId, topics: subscription.topics, owned };
  });
  const names = [...new Set(subscribers.flatMap((each) => each.topics))].toSorted();
  const look = () => names.map((name) => topics.topic(name));
  const now = look();
  const ids = now.map((topic) => topic?.id);
  const counts = new Map(names.map((name, at) => [name, now[at]?.partitions.length ?? 0]));
  const assigned = assignor(subscribers, counts);
  return {
    assignments: new Map(
      [...assigned].map(([memberId, partitions]) => [memberId, encodeAssignment(partitions)]),
    ),
    isOutdated: () =>
      look().some((topic, at) =>
        topic?.id !== ids[at] || (topic?.partitions.length ?? 0) !== counts.get(names[at]!)
      ),
  };
}

/** Whoever cannot be understood gets nothing, and keeps nobody else from their part. */
function readSubscription(metadata: Uint8Array): Subscription {
  try {
    return decodeSubscription(metadata);
  } catch (error) {
    if (isOperatingError(error, "inconsistent_protocol")) return { topics: [], owned: [] };
    throw error;
  }
}

export function sameTopics(a: readonly TopicName[], b: readonly TopicName[]): boolean {
  return a.length === b.length && a.every((topic) => b.includes(topic));
}
