/**
 * Errors as Confluent's REST Proxy v2 and Strimzi's bridge say them: `{"error_code", "message"}`,
 * with the proxy's numbers where it has one, and else the status.
 *
 *   400    malformed JSON, a parameter    40901  subscribed to something else
 *   40002  no name of a topic             40902  instance exists
 *   40101  credential missing, unknown    40903  not in this state
 *   40301  credential lacks the scope     413    body, record too large
 *   40401  topic not found                415    not this content type
 *   40402  partition not found            41601  offset out of range, and no policy to reset it
 *   40403  consumer instance not found    422    well-formed, and means nothing here
 *   406    not this representation        42203  a value is not of the embedded format
 *   40601  not the format of the instance 42204  invalid consumer configuration
 *   40602  record is not of the format    50003  may succeed when tried again
 *
 * @module
 */
import { type ErrorCode, isOperatingError, messageOf, OperatingError } from "../../base/errors.ts";
import type { ErrorDetail } from "../../base/errors.ts";
import { type FailureOptions, failureResponse } from "./failure.ts";

/** What documents without keys and values are, errors among them. */
export const REST_MEDIA_TYPE = "application/vnd.kafka.v2+json";

/** Numbers that say more than a status, and the code of ours that each is counted under. */
const CODES = {
  40401: "unknown_topic",
  40402: "unknown_partition",
  40403: "not_found",
  40601: "not_acceptable",
  40602: "not_acceptable",
  40901: "invalid_argument",
  40902: "invalid_argument",
  40903: "invalid_argument",
  41601: "offset_out_of_range",
  422: "malformed_body",
  42203: "malformed_body",
  42204: "invalid_argument",
} as const satisfies Readonly<Record<number, ErrorCode>>;

export type RestErrorCode = keyof typeof CODES;

/** Numbers for what others throw; what is not here has its status. */
const NUMBERS: Readonly<Partial<Record<ErrorCode, number>>> = {
  forbidden: 40301,
  invalid_topic: 40002,
  offset_out_of_range: 41601,
  unauthorized: 40101,
  unknown_partition: 40402,
  unknown_topic: 40401,
};

const RETRIABLE = 50003;

/** Coordinates that stand beside the message, where there are any. */
const SHOWN = ["gaps", "losses"];

export function restError(
  number: RestErrorCode,
  message: string,
  detail: ErrorDetail = {},
): OperatingError {
  return new OperatingError(CODES[number], message, { ...detail, error_code: number });
}

/** Counts, logs what is a bug, and answers: as failure.ts does, in other words. */
export function restFailureResponse(error: unknown, options: FailureOptions): Response {
  return restResponseOf(error, failureResponse(error, options));
}

/** What our own interfaces answer to an error, in the words of these. */
export function restResponseOf(error: unknown, { status: usual, headers }: Response): Response {
  const number = restNumberOf(error, usual);
  const status = number === RETRIABLE ? usual : statusOf(number);
  const shown = isOperatingError(error)
    ? SHOWN.filter((name) => error.detail[name] !== undefined)
      .map((name) => [name, error.detail[name]])
    : [];
  const message = isOperatingError(error)
    ? messageOf(error)
    : "Cannot answer the request: a bug was met and logged";
  headers.set("content-type", REST_MEDIA_TYPE);
  return new Response(
    JSON.stringify({ error_code: number, message, ...Object.fromEntries(shown) }),
    { status, headers },
  );
}

/** The number that stands for an error whose usual status is `status`. */
export function restNumberOf(error: unknown, status: number): number {
  if (!isOperatingError(error)) return status;
  const own = error.detail["error_code"];
  if (typeof own === "number") return own;
  if (error.retriable && status >= 500) return RETRIABLE;
  return NUMBERS[error.code] ?? status;
}

/** Whether a path is one of these interfaces', whose errors are said in their words. */
export function isRestPath(path: string): boolean {
  return /^\/(topics|consumers)(\/|$)/.test(path);
}

function statusOf(number: number): number {
  return number < 1_000 ? number : Math.floor(number / 100);
}
