/**
 * The pull side's routes, and nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { TailHub } from "../tail/tail_hub.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { failureResponse } from "../../protocol/http/failure.ts";
import { answer } from "../../protocol/http/answer.ts";
import { fetchRecords } from "./fetch.ts";
import { forecastDocument } from "./forecast.ts";
import { listGateways } from "./gateways.ts";
import { health, readiness } from "./health.ts";
import { listLosses } from "./losses.ts";
import { fetchMerged } from "./merged.ts";
import { openApiDocument } from "./openapi.ts";
import { ScanTurns } from "../scan_turns.ts";
import { SharedPages } from "../shared_pages.ts";
import type { EgressOptions, PullOptions } from "./options.ts";
import { tailRecords } from "./tail.ts";
import { describeTopic, listTopics } from "./topics.ts";
import { wipeRecords } from "./wipe.ts";

export function createEgressApp(options: EgressOptions): Hono {
  const { store, metrics, authorize, ready } = options;
  const consume = authorize("consume");
  const admin = authorize("admin");
  const pull: PullOptions = {
    ...options,
    turns: new ScanTurns(options.timers),
    pages: new SharedPages(options.timers),
  };
  const tails = new TailHub(pull);
  const app = new Hono();

  app.get("/healthz", () => health());
  app.get("/readyz", () => readiness(ready()));
  app.get("/openapi.json", () => Response.json(openApiDocument()));
  app.get(
    "/metrics",
    admin,
    async () =>
      new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } }),
  );

  app.get("/v1/topics", consume, (c) => answer(c.req.raw, listTopics(store)));
  app.get(
    "/v1/topics/:topic",
    consume,
    (c) => answer(c.req.raw, describeTopic(store, c.req.param("topic"))),
  );
  app.get(
    "/v1/topics/:topic/partitions/:partition/records",
    consume,
    (c) => fetchRecords(pull, c.req.raw, c.req.param()),
  );
  app.get(
    "/v1/topics/:topic/records",
    consume,
    (c) => fetchMerged(pull, c.req.raw, c.req.param("topic")),
  );
  app.get(
    "/v1/topics/:topic/tail",
    consume,
    (c) => tailRecords(options, tails, { request: c.req.raw, topic: c.req.param("topic") }),
  );
  app.get("/v1/gateways", consume, (c) => answer(c.req.raw, listGateways(options, c.req.raw)));
  app.delete(
    "/v1/topics/:topic/partitions/:partition/records",
    admin,
    async (c) => answer(c.req.raw, await wipeRecords(store, c.req.raw, c.req.param())),
  );
  app.get("/v1/forecast", consume, (c) => answer(c.req.raw, forecastDocument(store, c.req.raw)));
  app.get("/v1/losses", consume, (c) => answer(c.req.raw, listLosses(options, c.req.raw)));

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, options));
  return app;
}
