/**
 * What can go wrong between two nodes, sorted by what helps.
 *
 *     unreachable   no answer                       back off, then go on
 *     timeout       no answer in time               the same, with smaller and fewer requests
 *     busy          408, 429, 5xx, damaged request  the same, or as long as Retry-After says
 *     session_lost  the receiver restarted          say hello again, at once
 *     too_large     413                             smaller requests
 *     denied        401, 403                        only an operator can help: tell, try seldom
 *     incompatible  no common version, or no node   the same
 *     loop          what we send comes back to us   the same
 *     budget        the link's own quota            nothing failed: it waits, see LinkBudget.blocked()
 *
 * @module
 */
import { type ErrorCode, OperatingError } from "../base/errors.ts";
import type { HttpAnswer } from "../base/net.ts";

export type LinkTrouble =
  | "unreachable"
  | "timeout"
  | "busy"
  | "session_lost"
  | "too_large"
  | "denied"
  | "incompatible"
  | "loop"
  | "budget";

export class LinkTroubleError extends OperatingError {
  override name = "LinkTroubleError";
  readonly kind: LinkTrouble;
  /** How long the receiver asks to be left alone; zero when it does not. */
  readonly retryAfterMs: number;

  constructor(kind: LinkTrouble, code: ErrorCode, message: string, retryAfterMs = 0) {
    super(code, message, { trouble: kind });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A receiver that asks for more is not obeyed for longer than this. */
const RETRY_AFTER_MS_MAX = 300_000;
const STATE_CHARACTERS_MAX = 300;

interface ProblemMembers {
  readonly code: string | null;
  readonly detail: string | null;
  /** Refusals of single logs or lanes come with good news about others: no trouble of the link. */
  readonly hasLogs: boolean;
}

/** The trouble an answer tells of; null where it is one in the protocol's own words. */
export function troubleOf(answer: HttpAnswer, upstream: string): LinkTroubleError | null {
  const { status } = answer;
  if (status === 200) return null;
  const problem = membersOf(answer.body);
  if (problem.hasLogs) return null;

  const state = problem.detail ?? `status ${status}`;
  const message = `Cannot replicate to ${upstream}: ${state.slice(0, STATE_CHARACTERS_MAX)}`;
  if (problem.code === "unknown_session") {
    return new LinkTroubleError("session_lost", "unknown_session", message);
  }
  if (problem.code === "unsupported_version") {
    return new LinkTroubleError("incompatible", "unsupported_version", message);
  }
  if (problem.code === "loop_detected") {
    return new LinkTroubleError("loop", "loop_detected", message);
  }
  if (status === 401) return new LinkTroubleError("denied", "unauthorized", message);
  if (status === 403) return new LinkTroubleError("denied", "forbidden", message);
  if (status === 413) return new LinkTroubleError("too_large", "body_too_large", message);
  if (problem.code === "malformed_body") {
    return new LinkTroubleError("busy", "malformed_body", message);
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new LinkTroubleError("busy", "overloaded", message, retryAfterMsOf(answer.headers));
  }
  return new LinkTroubleError("incompatible", "upstream_unreachable", message);
}

function membersOf(body: Uint8Array): ProblemMembers {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value === "object" && value !== null) {
      const { code, detail, logs } = value as Record<string, unknown>;
      return {
        code: typeof code === "string" ? code : null,
        detail: typeof detail === "string" ? detail : null,
        hasLogs: Array.isArray(logs),
      };
    }
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  return { code: null, detail: null, hasLogs: false };
}

function retryAfterMsOf(headers: Headers): number {
  const text = headers.get("retry-after");
  if (text === null || !/^\d{1,9}$/.test(text)) return 0;
  return Math.min(Number(text) * 1_000, RETRY_AFTER_MS_MAX);
}
