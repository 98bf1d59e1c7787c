/**
 * Troubles of the outside world. Each carries a code, whether a retry can help, and where it
 * happened. Each wire maps codes to its own words in one table (protocol/http/problem.ts,
 * protocol/mqtt/reason_code.ts). Messages read "Cannot <verb> <thing> at <place>: <state>".
 *
 * @module
 */

export type ErrorCode =
  | "batch_rejected"
  | "body_too_large"
  | "corrupt_batch"
  | "corrupt_log"
  | "data_dir_locked"
  | "data_dir_unusable"
  | "fenced_instance"
  | "forbidden"
  | "format_too_new"
  | "group_full"
  | "group_not_empty"
  | "illegal_generation"
  | "inconsistent_protocol"
  | "invalid_argument"
  | "invalid_config"
  | "invalid_topic"
  | "lane_out_of_order"
  | "log_diverged"
  | "log_not_announced"
  | "loop_detected"
  | "malformed_body"
  | "malformed_packet"
  | "member_id_required"
  | "method_not_allowed"
  | "not_acceptable"
  | "not_delivered"
  | "not_found"
  | "offset_out_of_range"
  | "overloaded"
  | "peer_mismatch"
  | "quota_exceeded"
  | "rebalance_in_progress"
  | "record_too_large"
  | "request_timeout"
  | "sequence_conflict"
  | "sequence_too_old"
  | "shutting_down"
  | "storage_failed"
  | "storage_full"
  | "too_many_groups"
  | "too_many_partitions"
  | "too_many_topics"
  | "topic_deleted"
  | "topic_exists"
  | "unauthorized"
  | "unknown_group"
  | "unknown_member"
  | "unknown_partition"
  | "unknown_session"
  | "unknown_topic"
  | "unsupported_media_type"
  | "unsupported_version"
  | "upstream_unreachable";

const RETRIABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "lane_out_of_order",
  "log_not_announced",
  "not_delivered",
  "overloaded",
  "quota_exceeded",
  "rebalance_in_progress",
  "request_timeout",
  "shutting_down",
  "storage_failed",
  "storage_full",
  "topic_deleted",
  "unknown_session",
  "upstream_unreachable",
]);

/** Where it happened, and what a client needs to go on; keys in snake_case, JSON values. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null | object>>;

export class OperatingError extends Error {
  override name = "OperatingError";
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retriable = RETRIABLE.has(code);
    this.detail = detail;
  }
}

/** True for an {@linkcode OperatingError}, of that code where one is given. */
export function isOperatingError(error: unknown, code?: ErrorCode): error is OperatingError {
  return error instanceof OperatingError && (code === undefined || error.code === code);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
