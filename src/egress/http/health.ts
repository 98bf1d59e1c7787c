/**
 * GET /healthz: the process answers. GET /readyz: it accepts and serves records.
 *
 * @module
 */
import type { Readiness } from "./options.ts";

export function health(): Response {
  return plain(200, { status: "ok" });
}

export function readiness({ ready, reason, upstream }: Readiness): Response {
  const state = ready
    ? { status: "ready", ...(upstream === undefined ? {} : { upstream }) }
    : { status: "not_ready", reason: reason ?? "starting" };
  return plain(ready ? 200 : 503, state);
}

function plain(status: number, document: unknown): Response {
  return new Response(JSON.stringify(document), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
