/**
 * Pages of other origins may use the API where the operator says so: by the Fetch standard's CORS
 * protocol. Without it a browser keeps the answers from them; programs need none of this.
 *
 * @module
 */

type Handler = (request: Request) => Response | Promise<Response>;

/** Any origin at all. */
const ANY = "*";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** Beside those that every page may send. */
const REQUEST_HEADERS = [
  ...["Accept", "Authorization", "Content-Encoding", "Content-Type", "Last-Event-ID"],
  ...["Logboom-Producer-Id", "Logboom-Sequence"],
].join(", ");

/** What a page may read beside the body: what the client library needs, and what curl shows. */
const ANSWER_HEADERS = [
  ...["Location", "Retry-After", "Logboom-Cursor", "Logboom-Gaps", "Logboom-Held-Back"],
  ...["Logboom-High-Watermark", "Logboom-Lag", "Logboom-Leader-Epoch", "Logboom-Log-Start-Offset"],
  ...["Logboom-Next-Offset", "Logboom-Replayed"],
].join(", ");

/** Seconds a browser may go without asking again: what browsers keep at most. */
const PREFLIGHT_SECONDS = "7200";

/** Answers pages of these origins so that they may read it; `handle` itself where there are none. */
export function allowOrigins(origins: readonly string[] | null, handle: Handler): Handler {
  if (origins === null || origins.length === 0) return handle;
  const any = origins.includes(ANY);
  const allowed = new Set(origins);
  return async (request) => {
    const origin = request.headers.get("origin");
    const may = origin !== null && (any || allowed.has(origin));
    // Who asks whether it may ask shows no credential yet.
    const preflight = may && request.method === "OPTIONS" &&
      request.headers.has("access-control-request-method");
    const response = preflight ? new Response(null, { status: 204 }) : await handle(request);
    const { headers } = response;
    if (!any) headers.append("vary", "origin");
    if (!may) return response;
    headers.set("access-control-allow-origin", any ? ANY : origin);
    if (!preflight) {
      headers.set("access-control-expose-headers", ANSWER_HEADERS);
      return response;
    }
    headers.set("access-control-allow-methods", METHODS);
    headers.set("access-control-allow-headers", REQUEST_HEADERS);
    headers.set("access-control-max-age", PREFLIGHT_SECONDS);
    return response;
  };
}
