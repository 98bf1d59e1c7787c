/**
 * What a group says to those it cannot serve. Each wire maps the codes to its own.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";

export function unknownMember(group: string, memberId: string): OperatingError {
  const message =
    `Cannot find member "${shown(memberId)}" in group ${shown(group)}: it was given ` +
    "up, or never joined; join anew without a member id";
  return new OperatingError("unknown_member", message, { group });
}

export function illegalGeneration(
  group: string,
  given: number,
  generation: number,
): OperatingError {
  const message = `Cannot take generation ${given} of group ${shown(group)}: it is at ` +
    `${generation}; join again`;
  return new OperatingError("illegal_generation", message, { group, generation });
}

/** `memberId` where the member may not know it yet. */
export function rebalanceInProgress(group: string, memberId?: string): OperatingError {
  const message = `Cannot go on in group ${shown(group)}: it is rebalancing; join again`;
  const detail = memberId === undefined ? { group } : { group, member_id: memberId };
  return new OperatingError("rebalance_in_progress", message, detail);
}

export function fencedInstance(group: string, instanceId: string): OperatingError {
  const message = `Cannot act as instance "${shown(instanceId)}" of group ${shown(group)}: ` +
    "another member has taken its place";
  return new OperatingError("fenced_instance", message, { group });
}

export function groupFull(group: string, limit: number): OperatingError {
  const message = `Cannot join group ${shown(group)}: it has ${limit} members, the limit`;
  return new OperatingError("group_full", message, { group, limit });
}

export function inconsistentProtocol(group: string, state: string): OperatingError {
  const message = `Cannot join group ${shown(group)}: ${state}`;
  return new OperatingError("inconsistent_protocol", message, { group });
}

export function memberIdRequired(group: string, memberId: string): OperatingError {
  const message = `Cannot join group ${shown(group)} yet: join again as ${memberId}`;
  return new OperatingError("member_id_required", message, { group, member_id: memberId });
}

export function groupNotEmpty(group: string, verb: string, members: number): OperatingError {
  const message = `Cannot ${verb} group ${shown(group)}: it has ${members} ` +
    `${members === 1 ? "member" : "members"}, and only they may; stop them first`;
  return new OperatingError("group_not_empty", message, { group, members });
}

export function unknownGroup(group: string): OperatingError {
  const message = `Cannot find group "${shown(group)}"`;
  return new OperatingError("unknown_group", message, { group: shown(group) });
}

export function coordinatorStopping(group: string): OperatingError {
  const message = `Cannot serve group ${shown(group)}: the node is stopping`;
  return new OperatingError("shutting_down", message, { group });
}

function shown(text: string): string {
  return text.slice(0, 100);
}
