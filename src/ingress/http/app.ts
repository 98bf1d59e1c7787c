/**
 * The produce side's routes, and nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { isOperatingError, messageOf } from "../../base/errors.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { problemCounter, problemResponse } from "../../protocol/http/problem.ts";
import type { IngressOptions } from "./options.ts";
import { ProduceHandler } from "./produce.ts";

export function createIngressApp(options: IngressOptions): Hono {
  const { authorize, logger, metrics, onBug } = options;
  const produce = new ProduceHandler(options);
  const app = new Hono();

  app.post(
    "/v1/topics/:topic/records",
    authorize("produce"),
    (c) => produce.handle(c.req.raw, c.req.param("topic")),
  );

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => {
    metrics.counter(...problemCounter(error)).value++;
    if (!isOperatingError(error)) {
      logger.error("http_request_failed", { error: messageOf(error), stack: error.stack });
      onBug?.(error);
    }
    return problemResponse(error);
  });
  return app;
}
