/**
 * What a client's calls throw: the node's problem documents (RFC 9457), and what keeps a request
 * from reaching it, in one shape.
 *
 * @module
 */

/**
 * A call failed. `code` says why, for programs: one of the node's own codes (`unknown_topic`,
 * `offset_out_of_range`, `storage_full` ...; `/openapi.json` lists them), or
 *
 *   unreachable      no connection, or one that broke
 *   timed_out        no answer in time
 *   invalid_answer   an answer that no node gives: something else listens there
 *   corrupt_batch    bytes that their own checksum contradicts
 *   unsupported_codec  batches compressed in a way this platform does not know
 *   buffer_full      a producer holds as many records as it may
 *   closed           a producer or consumer was closed
 *   invalid_argument something the client was given does not make sense
 *
 * What was aborted by an `AbortSignal` is thrown as the signal's reason, as `fetch` does.
 *
 * @example Tell what may be tried again from what may not
 * ```ts
 * import { Client, LogboomError } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * try {
 *   await client.topics.get("logs");
 * } catch (error) {
 *   if (!(error instanceof LogboomError)) throw error;
 *   if (error.code === "unknown_topic") console.log("Nothing was ever written to it.");
 *   else console.log(error.retriable ? "Later, perhaps." : "Never.", error.message);
 * }
 * ```
 */
export class LogboomError extends Error {
  /** For those who print it. */
  override name = "LogboomError";
  /** Why, for programs. */
  readonly code: string;
  /** The HTTP status of the answer; null where there was none. */
  readonly status: number | null;
  /** Whether the very same call can succeed later. */
  readonly retriable: boolean;
  /** Coordinates: topic, partition, `log_start_offset`, parameter ... as the node named them. */
  readonly detail: Readonly<Record<string, unknown>>;

  /** Made by the client; `more` has what is known beside code and message. */
  constructor(code: string, message: string, more: LogboomErrorParts = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.status = more.status ?? null;
    this.retriable = more.retriable ?? false;
    this.detail = more.detail ?? {};
  }
}

/**
 * What a {@linkcode LogboomError} may carry beside its code and message.
 *
 * @example An error for a test
 * ```ts
 * import { LogboomError, type LogboomErrorParts } from "@logboom/client";
 *
 * const parts: LogboomErrorParts = { status: 507, retriable: true, detail: { topic: "logs" } };
 * console.log(new LogboomError("storage_full", "The disk is full", parts).retriable);
 * ```
 */
export interface LogboomErrorParts {
  /** The HTTP status of the answer. */
  readonly status?: number;
  /** Whether the very same call can succeed later; false where left out. */
  readonly retriable?: boolean;
  /** Coordinates. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** What was thrown below. */
  readonly cause?: unknown;
}

/** Statuses with which proxies speak for a node that is away, or busy. */
const RETRIABLE_STATUSES = new Set([408, 425, 429, 502, 503, 504]);
/** Of an answer that is no problem document, so much is shown. */
const SHOWN_CHARACTERS = 200;

/** The error in an answer that is not 2xx: the node's problem document, or whatever a proxy said. */
export function errorOfAnswer(status: number, body: string): LogboomError {
  const problem = objectOf(body);
  if (typeof problem?.["code"] === "string") {
    const message = typeof problem["detail"] === "string" ? problem["detail"] : problem["code"];
    const retriable = problem["retriable"] === true;
    return new LogboomError(problem["code"], message, { status, retriable, detail: problem });
  }
  const shown = body.trim().slice(0, SHOWN_CHARACTERS);
  return new LogboomError("invalid_answer", `Cannot use the answer: status ${status}, "${shown}"`, {
    status,
    retriable: RETRIABLE_STATUSES.has(status),
  });
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
  } catch {
    return null;
  }
}
