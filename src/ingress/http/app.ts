/**
 * The produce side's routes, and nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { failureResponse } from "../../protocol/http/failure.ts";
import type { IngressOptions } from "./options.ts";
import { ProduceHandler } from "./produce.ts";
import { createRestProduceApp } from "./rest_app.ts";

export function createIngressApp(options: IngressOptions): Hono {
  const { authorize } = options;
  const produce = new ProduceHandler(options);
  const app = new Hono();

  app.post(
    "/v1/topics/:topic/records",
    authorize("produce"),
    (c) => produce.handle(c.req.raw, c.req.param("topic")),
  );

  app.route("/", createRestProduceApp(options, produce.bodyLimit));

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, options));
  return app;
}
