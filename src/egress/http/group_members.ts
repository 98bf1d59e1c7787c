/**
 * Members of groups that speak HTTP: each request is one step, and what Kafka's clients do for
 * themselves (sharing out the partitions) the node does.
 *
 *     POST   /v1/groups/{group}/members                      joins, or joins again; waits
 *     POST   /v1/groups/{group}/members/{member}/heartbeat   lives; waits for a rebalance if asked to
 *     DELETE /v1/groups/{group}/members/{member}             leaves
 *
 * @module
 */
import {
  GROUP_NAME_MAX,
  GROUP_REBALANCE_MS_MAX,
  GROUP_REBALANCE_MS_MIN,
  GROUP_SESSION_MS_DEFAULT,
  GROUP_SESSION_MS_MAX,
  GROUP_SESSION_MS_MIN,
  GROUP_TOPICS_MAX,
  GROUP_WAIT_MS_MAX,
} from "../../base/group_limits.ts";
import { OperatingError } from "../../base/errors.ts";
import { TOPIC_NAME_MAX } from "../../base/limits.ts";
import type { AssignorName } from "../../groups/assignors/assignor.ts";
import type { TopicPartition } from "../../groups/group_api.ts";
import { ASSIGNOR_NAMES, joinLocally, type LocalJoin } from "../../groups/local_join.ts";
import { BodyFields } from "../../protocol/http/body_fields.ts";
import { Query } from "../../protocol/http/query.ts";
import { checkTopicName } from "../../store/topic.ts";
import type { GroupRoutes } from "./groups_app.ts";

const JOIN = [
  ...["topics", "member_id", "instance_id", "client_id", "assignor", "max_wait_ms"],
  ...["session_timeout_ms", "rebalance_timeout_ms"],
];
const HEARTBEAT = ["generation", "instance_id", "max_wait_ms"];
const WAIT = { min: 0, max: GROUP_WAIT_MS_MAX };
const NAME = { min: 1, max: GROUP_NAME_MAX };
const MEMBER_ID = { min: 1, max: 2 * GROUP_NAME_MAX };
const INT32_MAX = 2 ** 31 - 1;

/** Heartbeats that fit a session: one may get lost. */
const HEARTBEATS_PER_SESSION = 3;

interface MemberPlace {
  readonly group: string;
  readonly member: string;
}

/** Answers once the group's next generation is there. */
export async function joinMember(
  { groups, topics, bodies, addressOf }: GroupRoutes,
  request: Request,
  group: string,
): Promise<object> {
  new Query(request.url, []);
  const body = new BodyFields(await bodies.read(request), "body", JOIN);
  const join: LocalJoin = {
    group,
    topics: topicsOf(body),
    memberId: body.text("member_id", MEMBER_ID) ?? "",
    instanceId: body.text("instance_id", NAME),
    clientId: body.text("client_id", NAME) ?? "http",
    host: addressOf?.(request) ?? "",
    assignor: assignorOf(body),
    sessionTimeoutMs: body.integer("session_timeout_ms", SESSION),
    rebalanceTimeoutMs: body.integer("rebalance_timeout_ms", REBALANCE),
    waitMs: body.integer("max_wait_ms", WAIT) ?? GROUP_WAIT_MS_MAX,
    signal: request.signal,
  };
  const { memberId, generation, leaderId, assignor, assignment } = await joinLocally(
    groups,
    topics,
    join,
  );
  const sessionMs = join.sessionTimeoutMs ?? GROUP_SESSION_MS_DEFAULT;
  return {
    ...{ group, member_id: memberId, generation, leader_id: leaderId, assignor },
    session_timeout_ms: sessionMs,
    heartbeat_interval_ms: Math.floor(sessionMs / HEARTBEATS_PER_SESSION),
    assignments: await assignmentDocuments({ groups, topics }, group, assignment),
  };
}

const SESSION = { min: GROUP_SESSION_MS_MIN, max: GROUP_SESSION_MS_MAX };
const REBALANCE = { min: GROUP_REBALANCE_MS_MIN, max: GROUP_REBALANCE_MS_MAX };

/** @throws {OperatingError} rebalance_in_progress, unknown_member, illegal_generation, fenced_instance */
export async function heartbeatMember(
  { groups, bodies }: GroupRoutes,
  request: Request,
  { group, member }: MemberPlace,
): Promise<object> {
  new Query(request.url, []);
  const body = new BodyFields(await bodies.read(request), "body", HEARTBEAT);
  const generation = body.required(
    "generation",
    body.integer("generation", { min: 0, max: INT32_MAX }),
  );
  const instanceId = body.text("instance_id", NAME);
  const claim = { group, memberId: member, generation, instanceId };
  const waitMs = body.integer("max_wait_ms", WAIT) ?? 0;
  if (waitMs === 0) groups.heartbeat(claim);
  else await groups.waitForRebalance(claim, { waitMs, signal: request.signal });
  return { group, member_id: member, generation };
}

/** @throws {OperatingError} unknown_member */
export function leaveMember(
  { groups }: GroupRoutes,
  request: Request,
  { group, member }: MemberPlace,
): object {
  new Query(request.url, []);
  groups.leave({ group, memberId: member });
  return { group, member_id: member, left: true };
}

/** With where to begin: what is committed is the next offset to read; null: nothing yet. */
async function assignmentDocuments(
  { groups, topics }: Pick<GroupRoutes, "groups" | "topics">,
  group: string,
  assignment: readonly TopicPartition[],
): Promise<object[]> {
  const committed = new Map(
    (await groups.committed(group)).map((each) => [`${each.topic}-${each.partition}`, each]),
  );
  return assignment.map(({ topic: name, partition }) => {
    const topic = topics.topic(name);
    const log = topic?.partitions[partition];
    const found = committed.get(`${name}-${partition}`);
    return {
      topic: name,
      topic_id: topic?.id ?? null,
      partition,
      offset: found?.offset ?? null,
      leader_epoch: found?.leaderEpoch ?? -1,
      metadata: found?.metadata ?? "",
      log_start_offset: log?.logStartOffset ?? 0,
      high_watermark: log?.highWatermark ?? 0,
    };
  });
}

/** Topics need not be there yet: their partitions are shared out when they are. */
function topicsOf(body: BodyFields): string[] {
  const listed = body.required("topics", body.list("topics", { min: 1, max: GROUP_TOPICS_MAX }));
  for (const name of listed) {
    if (typeof name === "string" && name.length <= TOPIC_NAME_MAX) checkTopicName(name);
    else throw wrong("topics", "names of topics");
  }
  return [...new Set(listed as readonly string[])];
}

function assignorOf(body: BodyFields): AssignorName | undefined {
  const given = body.text("assignor", { min: 1, max: 100 });
  if (given === undefined) return undefined;
  const found = ASSIGNOR_NAMES.find((name) => name === given);
  if (found !== undefined) return found;
  throw wrong("assignor", `one of ${ASSIGNOR_NAMES.join(", ")}`);
}

function wrong(parameter: string, expected: string): OperatingError {
  const message = `Cannot use "${parameter}" of body: expected ${expected}`;
  return new OperatingError("invalid_argument", message, { parameter });
}
