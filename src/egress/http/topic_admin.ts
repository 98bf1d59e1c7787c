/**
 * The routes by which operators make, change and delete topics:
 *
 *     POST   /v1/topics                          {topic, partitions?, settings?}
 *     PATCH  /v1/topics/{topic}                  {partitions?, settings?}
 *     DELETE /v1/topics/{topic}[?if_delivered=true]
 *
 * Each is durable before it is answered. What settings may be is the configuration's to say.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Timers } from "../../base/clock.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { TopicName } from "../../base/types.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { answer, checkAnswerable } from "../../protocol/http/answer.ts";
import { BodyFields } from "../../protocol/http/body_fields.ts";
import { DocumentBodies } from "../../protocol/http/document_body.ts";
import { failureResponse } from "../../protocol/http/failure.ts";
import { pathSegment } from "../../protocol/http/path_segment.ts";
import { Query } from "../../protocol/http/query.ts";
import { checkTopicName } from "../../store/topic.ts";
import type { SettingChanges, TopicChanges, TopicForm } from "../../store/topic_changes.ts";
import type { Authorize } from "./options.ts";
import { topicDocument } from "./topics.ts";

export interface TopicAdminOptions {
  readonly changes: TopicChanges;
  /**
   * Settings by their names, null among them.
   *
   * @throws {OperatingError} invalid_argument that names the one that does not fit
   */
  readonly readSettings: (given: Readonly<Record<string, unknown>>) => SettingChanges;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly authorize: Authorize;
  readonly onBug?: (error: unknown) => void;
}

/** Longer than any name, so that what is wrong with one is said in its own words. */
const NAME = { min: 0, max: 4_096 };
const PARTITIONS = { min: 1, max: PARTITIONS_MAX };

export function createTopicAdminApp(options: TopicAdminOptions): Hono {
  const { changes, timers, authorize } = options;
  const bodies = new DocumentBodies({ timers });
  const admin = authorize("admin");
  const formOf = (body: BodyFields) => topicFormOf(body, options.readSettings);
  const app = new Hono();

  app.post("/v1/topics", admin, async (c) => {
    new Query(c.req.raw.url, []);
    checkAnswerable(c.req.raw);
    const read = await bodies.read(c.req.raw);
    const body = new BodyFields(read, "body", ["topic", "partitions", "settings"]);
    const name = body.required("topic", body.text("topic", NAME));
    checkTopicName(name);
    const topic = await changes.create(name, formOf(body));
    const made = answer(c.req.raw, topicDocument(topic));
    made.headers.set("location", `/v1/topics/${name}`);
    return new Response(made.body, { status: 201, headers: made.headers });
  });
  app.patch("/v1/topics/:topic", admin, async (c) => {
    new Query(c.req.raw.url, []);
    checkAnswerable(c.req.raw);
    const body = new BodyFields(await bodies.read(c.req.raw), "body", ["partitions", "settings"]);
    return answer(c.req.raw, topicDocument(await changes.change(nameOf(c), formOf(body))));
  });
  app.delete("/v1/topics/:topic", admin, async (c) => {
    const query = new Query(c.req.raw.url, ["if_delivered"]);
    const ifDelivered = query.flag("if_delivered");
    checkAnswerable(c.req.raw);
    const topic = nameOf(c);
    const { records, ledgered, freedBytes } = await changes.delete(topic, { ifDelivered });
    return answer(c.req.raw, { topic, records, ledgered, freed_bytes: freedBytes });
  });

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, options));
  return app;
}

function nameOf(context: Context): TopicName {
  return pathSegment(context.req.raw, 2);
}

function topicFormOf(
  body: BodyFields,
  readSettings: TopicAdminOptions["readSettings"],
): TopicForm {
  const settings = body.object("settings");
  return {
    partitions: body.integer("partitions", PARTITIONS),
    settings: settings === undefined ? undefined : readSettings(settings),
  };
}
