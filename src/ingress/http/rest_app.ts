/**
 * The produce side's routes of Confluent's REST Proxy v2 and Strimzi's bridge, and nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { restFailureResponse } from "../../protocol/http/rest_error.ts";
import type { BodyLimit } from "./body_limit.ts";
import type { IngressOptions } from "./options.ts";
import { RestProduceHandler } from "./rest_produce.ts";

export function createRestProduceApp(options: IngressOptions, bodyLimit: BodyLimit): Hono {
  const produce = options.authorize("produce");
  const handler = new RestProduceHandler(options, bodyLimit);
  const app = new Hono();

  app.post(
    "/topics/:topic",
    produce,
    (c) => handler.handle(c.req.raw, c.req.param()),
  );
  app.post(
    "/topics/:topic/partitions/:partition",
    produce,
    (c) => handler.handle(c.req.raw, c.req.param()),
  );

  app.onError((error) => restFailureResponse(error, options));
  return app;
}
