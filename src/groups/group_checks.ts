/**
 * What a coordinator takes from a member, whichever wire it came by.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import {
  GROUP_MEMBER_BYTES_MAX,
  GROUP_NAME_MAX,
  GROUP_PROTOCOLS_MAX,
  GROUP_REBALANCE_MS_MAX,
  GROUP_REBALANCE_MS_MIN,
  GROUP_SESSION_MS_MAX,
  GROUP_SESSION_MS_MIN,
} from "../base/group_limits.ts";
import type { JoinRequest } from "./group_api.ts";
import { protocolBytes } from "./group_member.ts";
import { inconsistentProtocol } from "./group_troubles.ts";

/** Names are shown to people, and are part of addresses. */
const NAME = /^[^\p{Cc}\p{Cs}\uFFFD]+$/u;

/** @throws {OperatingError} invalid_argument */
export function checkGroupName(name: string): void {
  checkName("group", name);
}

/** @throws {OperatingError} invalid_argument, inconsistent_protocol */
export function checkJoin(request: JoinRequest): void {
  const { group, instanceId, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request;
  checkGroupName(group);
  if (instanceId !== undefined) checkName("instance_id", instanceId);
  if (request.clientId !== "") checkName("client_id", request.clientId);
  const session = { min: GROUP_SESSION_MS_MIN, max: GROUP_SESSION_MS_MAX };
  checkTime("session_timeout_ms", sessionTimeoutMs, session);
  const rebalance = { min: GROUP_REBALANCE_MS_MIN, max: GROUP_REBALANCE_MS_MAX };
  checkTime("rebalance_timeout_ms", rebalanceTimeoutMs, rebalance);
  if (protocols.length === 0 || protocols.length > GROUP_PROTOCOLS_MAX) {
    throw inconsistentProtocol(group, `expected 1 to ${GROUP_PROTOCOLS_MAX} assignors`);
  }
  const bytes = protocolBytes(protocols);
  if (bytes <= GROUP_MEMBER_BYTES_MAX) return;
  throw new OperatingError(
    "invalid_argument",
    `Cannot join group ${group}: what the member tells takes ${bytes} bytes, at most ` +
      `${GROUP_MEMBER_BYTES_MAX} are allowed`,
    { group, limit: GROUP_MEMBER_BYTES_MAX },
  );
}

function checkName(parameter: string, name: string): void {
  if (name.length <= GROUP_NAME_MAX && NAME.test(name)) return;
  throw new OperatingError(
    "invalid_argument",
    `Cannot use ${parameter} "${
      name.slice(0, 60)
    }": it must be 1 to ${GROUP_NAME_MAX} characters, ` +
      "and none of them a control character",
    { parameter },
  );
}

function checkTime(
  parameter: string,
  ms: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (Number.isSafeInteger(ms) && ms >= min && ms <= max) return;
  throw new OperatingError(
    "invalid_argument",
    `Cannot use ${parameter} ${ms}: expected an integer from ${min} to ${max}`,
    { parameter },
  );
}
