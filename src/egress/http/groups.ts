/**
 * GET /v1/groups and /v1/groups/{group}, and DELETE of one: who shares what, and how far behind.
 *
 * @module
 */
import type { GroupCoordinator } from "../../groups/coordinator.ts";
import type {
  GroupDescription,
  GroupOffset,
  GroupSummary,
  MemberDescription,
} from "../../groups/group_description.ts";
import { Query } from "../../protocol/http/query.ts";

export function listGroups(groups: GroupCoordinator, request: Request): object {
  new Query(request.url, []);
  return {
    groups: groups.list().map((group) => ({
      ...headOf(group),
      members: group.members,
      lag: group.lag,
    })),
  };
}

/** @throws {OperatingError} unknown_group */
export function groupDocument(groups: GroupCoordinator, request: Request, name: string): object {
  new Query(request.url, []);
  const group = groups.describe(name);
  return {
    ...headOf(group),
    leader_id: group.leaderId,
    members: group.members.map(memberDocument),
    offsets: group.offsets.map(offsetDocument),
    lag: group.lag,
  };
}

/** @throws {OperatingError} unknown_group, group_not_empty */
export async function deleteGroup(
  groups: GroupCoordinator,
  request: Request,
  name: string,
): Promise<object> {
  new Query(request.url, []);
  await groups.delete(name);
  return { group: name, deleted: true };
}

export function offsetDocument(offset: GroupOffset): object {
  return {
    topic: offset.topic,
    partition: offset.partition,
    offset: offset.offset,
    leader_epoch: offset.leaderEpoch,
    metadata: offset.metadata,
    log_start_offset: offset.logStartOffset,
    high_watermark: offset.highWatermark,
    lag: offset.lag,
    missed: offset.missed,
    member_id: offset.memberId,
  };
}

function headOf(head: GroupSummary | GroupDescription) {
  const { group, state, generation, protocolType, assignor } = head;
  return { group, state, generation, protocol_type: protocolType, assignor };
}

function memberDocument(member: MemberDescription): object {
  return {
    member_id: member.memberId,
    instance_id: member.instanceId,
    client_id: member.clientId,
    host: member.host,
    session_timeout_ms: member.sessionTimeoutMs,
    rebalance_timeout_ms: member.rebalanceTimeoutMs,
    topics: member.topics,
    assignments: member.assignment,
  };
}
