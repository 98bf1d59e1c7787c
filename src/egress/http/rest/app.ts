/**
 * The routes for readers of Confluent's REST Proxy v2 and Strimzi's bridge, and nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { unmatchedResponse } from "../../../protocol/http/allow.ts";
import { Query } from "../../../protocol/http/query.ts";
import { restFailureResponse } from "../../../protocol/http/rest_error.ts";
import { restAnswer } from "../../../protocol/http/rest_media_type.ts";
import type { Authorize } from "../options.ts";
import { ConsumerRequests, type ConsumerRequestsOptions } from "./consumer_requests.ts";
import { restOffsets, restPartition, restPartitions, restTopic, restTopics } from "./topics.ts";

export interface RestAppOptions extends ConsumerRequestsOptions {
  readonly authorize: Authorize;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}

const INSTANCE = "/consumers/:group/instances/:instance";

export function createRestApp(options: RestAppOptions): Hono {
  const consume = options.authorize("consume");
  const requests = new ConsumerRequests(options);
  const app = new Hono();
  topicRoutes(app, options);

  app.post("/consumers/:group", consume, (c) => requests.create(c.req.raw));
  app.delete(INSTANCE, consume, (c) => requests.delete(c.req.raw));
  app.get(`${INSTANCE}/records`, consume, (c) => requests.records(c.req.raw));

  const subscription = `${INSTANCE}/subscription` as const;
  app.get(subscription, consume, (c) => requests.subscription(c.req.raw));
  app.post(subscription, consume, (c) => requests.subscribe(c.req.raw));
  app.delete(subscription, consume, (c) => requests.unsubscribe(c.req.raw));

  const assignments = `${INSTANCE}/assignments` as const;
  app.get(assignments, consume, (c) => requests.assignments(c.req.raw));
  app.post(assignments, consume, (c) => requests.assign(c.req.raw));

  const offsets = `${INSTANCE}/offsets` as const;
  app.get(offsets, consume, (c) => requests.offsets(c.req.raw));
  app.post(offsets, consume, (c) => requests.commit(c.req.raw));

  const positions = `${INSTANCE}/positions` as const;
  app.post(positions, consume, (c) => requests.seek(c.req.raw));
  app.post(
    `${positions}/beginning`,
    consume,
    (c) => requests.seekToBeginning(c.req.raw),
  );
  app.post(`${positions}/end`, consume, (c) => requests.seekToEnd(c.req.raw));

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => restFailureResponse(error, options));
  return app;
}

function topicRoutes(app: Hono, { store, authorize }: RestAppOptions): void {
  const consume = authorize("consume");
  const answer = (request: Request, of: () => unknown) => {
    new Query(request.url, []);
    return restAnswer(request, of());
  };
  app.get("/topics", consume, (c) => answer(c.req.raw, () => restTopics(store)));
  app.get(
    "/topics/:topic",
    consume,
    (c) => answer(c.req.raw, () => restTopic(store, c.req.param("topic"))),
  );
  app.get(
    "/topics/:topic/partitions",
    consume,
    (c) => answer(c.req.raw, () => restPartitions(store, c.req.param("topic"))),
  );
  app.get(
    "/topics/:topic/partitions/:partition",
    consume,
    (c) => answer(c.req.raw, () => restPartition(store, c.req.param())),
  );
  app.get(
    "/topics/:topic/partitions/:partition/offsets",
    consume,
    (c) => answer(c.req.raw, () => restOffsets(store, c.req.param())),
  );
}
