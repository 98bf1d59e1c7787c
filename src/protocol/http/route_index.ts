/**
 * Which methods a path has, looked up by the number of its segments and its first one: with a hundred
 * routes, looking at each costs more than many requests themselves.
 *
 * @module
 */
import type { RouteName } from "./allow.ts";

interface SplitRoute {
  readonly method: string;
  readonly parts: readonly string[];
}

export class RouteIndex {
  readonly #routes = new Map<string, SplitRoute[]>();

  constructor(routes: readonly RouteName[]) {
    for (const { method, path } of routes) {
      if (method === "ALL") continue;
      const parts = path.split("/");
      const key = keyOf(parts.length, parts[1]);
      const known = this.#routes.get(key) ?? [];
      this.#routes.set(key, known);
      known.push({ method, parts });
    }
  }

  /** Whether a route takes that method; HEAD where GET is taken, OPTIONS where anything is. */
  takes(method: string, path: string): boolean {
    const segments = path.split("/");
    const wanted = method === "HEAD" ? "GET" : method;
    return this.#any(keyOf(segments.length, segments[1]), wanted, segments) ||
      this.#any(keyOf(segments.length, ":"), wanted, segments);
  }

  #any(key: string, wanted: string, segments: readonly string[]): boolean {
    for (const { method, parts } of this.#routes.get(key) ?? []) {
      if (method !== wanted && wanted !== "OPTIONS") continue;
      if (matches(parts, segments)) return true;
    }
    return false;
  }
}

/** Routes that begin with a parameter stand apart. */
function keyOf(length: number, first: string | undefined): string {
  return `${length} ${first?.startsWith(":") ? ":" : first ?? ""}`;
}

function matches(parts: readonly string[], segments: readonly string[]): boolean {
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!;
    if (part.startsWith(":") ? segments[at] === "" : part !== segments[at]) return false;
  }
  return true;
}
