/**
 * OperatingError to problem document (RFC 9457) and status: one table, and nothing else decides.
 *
 *   type       "urn:logboom:problem:" + code
 *   title      what went wrong, the same for every problem of that code
 *   status     as the response's
 *   detail     this one, in a sentence
 *   code       for programs: one of ErrorCode, or "internal_error" for a bug
 *   retriable  whether the very same request can succeed later
 *   ...        coordinates: topic, partition, log_start_offset, parameter, line, limit ...
 *
 * @module
 */
import { type ErrorCode, isOperatingError } from "../../base/errors.ts";

export type ProblemCode = ErrorCode | "internal_error";

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly retriable: boolean;
  readonly [coordinate: string]: unknown;
}

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

interface Row {
  readonly status: number;
  readonly title: string;
  /** Seconds in `Retry-After`, where waiting helps. */
  readonly retryAfterS?: number;
  /** Whether the connection ends with it: the rest of the body would only be read to be dropped. */
  readonly closes?: true;
}

const TABLE: Readonly<Record<ProblemCode, Row>> = {
  batch_rejected: { status: 422, title: "Batch will never be taken" },
  body_too_large: { status: 413, title: "Request body too large", closes: true },
  corrupt_batch: { status: 500, title: "Stored batch is damaged" },
  corrupt_log: { status: 500, title: "Log is damaged" },
  data_dir_locked: { status: 500, title: "Data directory is in use" },
  data_dir_unusable: { status: 500, title: "Data directory is unusable" },
  fenced_instance: { status: 409, title: "Another member has that instance id now" },
  forbidden: { status: 403, title: "Not allowed with this credential" },
  format_too_new: { status: 500, title: "Data directory is of a newer format" },
  group_full: { status: 409, title: "Group is full" },
  group_not_empty: { status: 409, title: "Group has members" },
  illegal_generation: { status: 409, title: "Generation is not the group's" },
  inconsistent_protocol: { status: 409, title: "No assignor is shared by all members" },
  internal_error: { status: 500, title: "Internal error" },
  invalid_argument: { status: 400, title: "Invalid argument" },
  invalid_config: { status: 500, title: "Invalid configuration" },
  invalid_topic: { status: 400, title: "Invalid topic name" },
  lane_out_of_order: { status: 409, title: "Lane is out of order" },
  log_diverged: { status: 416, title: "Log is not the one that was read before" },
  log_not_announced: { status: 409, title: "Log was not announced" },
  loop_detected: { status: 409, title: "Replication runs in a loop" },
  malformed_body: { status: 400, title: "Malformed request body" },
  malformed_packet: { status: 400, title: "Malformed packet" },
  member_id_required: { status: 409, title: "Join again with the member id" },
  method_not_allowed: { status: 405, title: "Method not allowed here" },
  not_acceptable: { status: 406, title: "No representation is acceptable" },
  not_delivered: { status: 409, title: "Records were not delivered yet" },
  not_found: { status: 404, title: "Not found" },
  offset_out_of_range: { status: 416, title: "Offset out of range" },
  overloaded: { status: 503, title: "Too much is in flight", retryAfterS: 1 },
  peer_mismatch: { status: 403, title: "Log belongs to another peer" },
  quota_exceeded: { status: 429, title: "Quota exceeded", retryAfterS: 1 },
  rebalance_in_progress: { status: 409, title: "Group is rebalancing: join again" },
  record_too_large: { status: 413, title: "Record too large" },
  request_timeout: { status: 408, title: "Request took too long", retryAfterS: 1, closes: true },
  sequence_conflict: { status: 409, title: "Sequence was used for another request" },
  sequence_too_old: { status: 409, title: "Sequence is no longer remembered" },
  shutting_down: { status: 503, title: "Shutting down", retryAfterS: 5 },
  storage_failed: { status: 503, title: "Storage failed", retryAfterS: 5 },
  storage_full: { status: 507, title: "Storage is full", retryAfterS: 30 },
  too_many_groups: { status: 409, title: "Too many groups" },
  too_many_partitions: { status: 409, title: "Too many partitions" },
  too_many_topics: { status: 409, title: "Too many topics" },
  topic_deleted: { status: 409, title: "Topic is being deleted" },
  topic_exists: { status: 409, title: "Topic is there already" },
  unauthorized: { status: 401, title: "Credential missing or unknown" },
  unknown_group: { status: 404, title: "Unknown group" },
  unknown_member: { status: 409, title: "Group does not know the member: join anew" },
  unknown_partition: { status: 404, title: "Unknown partition" },
  unknown_session: { status: 409, title: "Replication session is unknown" },
  unknown_topic: { status: 404, title: "Unknown topic" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  unsupported_version: { status: 400, title: "Unsupported protocol version" },
  upstream_unreachable: { status: 503, title: "Upstream is unreachable", retryAfterS: 5 },
};

/** Every code a problem document can carry. */
export const PROBLEM_CODES = Object.keys(TABLE) as readonly ProblemCode[];

export function statusOf(code: ProblemCode): number {
  return TABLE[code].status;
}

/** The document for whatever was thrown; what is not an OperatingError is a bug, and says nothing. */
export function problemOf(error: unknown): Problem {
  const operating = isOperatingError(error);
  const code = operating ? error.code : "internal_error";
  return {
    ...(operating ? error.detail : undefined),
    type: `urn:logboom:problem:${code}`,
    title: TABLE[code].title,
    status: TABLE[code].status,
    detail: operating ? error.message : "Cannot answer the request: a bug was met and logged",
    code,
    retriable: operating && error.retriable,
  };
}

/** The whole answer, `Retry-After` included; `headers` are added. */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const problem = problemOf(error);
  const retryAfterS = problem["retry_after_s"] ?? TABLE[problem.code].retryAfterS;
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": PROBLEM_MEDIA_TYPE,
      ...(retryAfterS === undefined ? undefined : { "retry-after": String(retryAfterS) }),
      ...(TABLE[problem.code].closes === undefined ? undefined : { connection: "close" }),
      ...(problem.status === 401 ? { "www-authenticate": "Bearer" } : undefined),
      ...headers,
    },
  });
}

/** Name, help and labels of what counts it: the codes are a small fixed set. */
export function problemCounter(
  error: unknown,
): readonly [name: string, help: string, labels: { readonly code: string }] {
  return [
    "logboom_http_problems_total",
    "Requests answered with a problem document, by its code.",
    { code: problemOf(error).code },
  ];
}
