/**
 * How the apps of this room end: a request that matches no route, and one that failed.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Logger } from "../../base/log.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { failureResponse } from "../../protocol/http/failure.ts";

export interface AppEnds {
  readonly logger: Logger;
  readonly onBug?: ((error: unknown) => void) | undefined;
}

/** To be called once all routes are there. */
export function endApp(app: Hono, { logger, onBug }: AppEnds): Hono {
  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, { logger, onBug }));
  return app;
}
