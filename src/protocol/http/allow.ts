/**
 * What a path allows, where a request matched no route: 404 and 405 are problem documents too, and
 * OPTIONS is answered from the same table.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { problemResponse } from "./problem.ts";
import { isRestPath, restResponseOf } from "./rest_error.ts";

export interface RouteName {
  readonly method: string;
  /** With parameters as `:name`. */
  readonly path: string;
}

/** The methods that `routes` have for `path`, HEAD and OPTIONS included; none where there is none. */
export function allowedMethods(routes: readonly RouteName[], path: string): string[] {
  const segments = path.split("/");
  const methods = new Set<string>();
  for (const route of routes) {
    if (route.method !== "ALL" && matches(route.path.split("/"), segments)) {
      methods.add(route.method);
    }
  }
  if (methods.size === 0) return [];
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods, "OPTIONS"].sort();
}

/** The answer to a request that no route took. */
export function unmatchedResponse(routes: readonly RouteName[], request: Request): Response {
  const path = pathOf(request.url);
  const allowed = allowedMethods(routes, path);
  if (allowed.length === 0) {
    return refused(
      path,
      new OperatingError("not_found", `Cannot find ${path.slice(0, 200)}: see /openapi.json`),
    );
  }
  const allow = allowed.join(", ");
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  const error = new OperatingError(
    "method_not_allowed",
    `Cannot ${request.method.slice(0, 20)} ${path.slice(0, 200)}: allowed are ${allow}`,
    { allowed },
  );
  return refused(path, error, { allow });
}

/** In the words of the interface that the path is of. */
function refused(path: string, error: OperatingError, headers?: Record<string, string>): Response {
  const problem = problemResponse(error, headers);
  return isRestPath(path) ? restResponseOf(error, problem) : problem;
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length &&
    pattern.every((part, at) => part.startsWith(":") ? segments[at] !== "" : part === segments[at]);
}

/** The path of an absolute URL as it stands there, without building a URL: each request asks. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}
