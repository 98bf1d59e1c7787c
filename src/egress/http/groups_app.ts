/**
 * The routes of consumer groups, and nothing else.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Timers } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { GroupCoordinator } from "../../groups/coordinator.ts";
import type { GroupTopics } from "../../groups/group_topics.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { answer } from "../../protocol/http/answer.ts";
import { DocumentBodies } from "../../protocol/http/document_body.ts";
import { failureResponse } from "../../protocol/http/failure.ts";
import { pathSegment } from "../../protocol/http/path_segment.ts";
import { heartbeatMember, joinMember, leaveMember } from "./group_members.ts";
import { commitOffsets, listOffsets } from "./group_offsets.ts";
import { deleteGroup, groupDocument, listGroups } from "./groups.ts";
import type { Authorize } from "./options.ts";

export interface GroupsAppOptions {
  readonly groups: GroupCoordinator;
  readonly topics: GroupTopics;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly authorize: Authorize;
  /** Where a request came from, as people know it. */
  readonly addressOf?: (request: Request) => string | null;
  readonly onBug?: (error: unknown) => void;
}

/** What the handlers are handed. */
export interface GroupRoutes extends GroupsAppOptions {
  readonly bodies: DocumentBodies;
}

export function createGroupsApp(options: GroupsAppOptions): Hono {
  const { groups, timers, authorize } = options;
  const routes: GroupRoutes = { ...options, bodies: new DocumentBodies({ timers }) };
  const consume = authorize("consume");
  const app = new Hono();

  app.get("/v1/groups", consume, (c) => answer(c.req.raw, listGroups(groups, c.req.raw)));
  app.get(
    "/v1/groups/:group",
    consume,
    (c) => answer(c.req.raw, groupDocument(groups, c.req.raw, groupOf(c))),
  );
  app.delete(
    "/v1/groups/:group",
    authorize("admin"),
    async (c) => answer(c.req.raw, await deleteGroup(groups, c.req.raw, groupOf(c))),
  );
  app.get(
    "/v1/groups/:group/offsets",
    consume,
    async (c) => answer(c.req.raw, await listOffsets(routes, c.req.raw, groupOf(c))),
  );
  app.put(
    "/v1/groups/:group/offsets",
    consume,
    async (c) => answer(c.req.raw, await commitOffsets(routes, c.req.raw, groupOf(c))),
  );
  app.post(
    "/v1/groups/:group/members",
    consume,
    async (c) => answer(c.req.raw, await joinMember(routes, c.req.raw, groupOf(c))),
  );
  app.post(
    "/v1/groups/:group/members/:member/heartbeat",
    consume,
    async (c) => answer(c.req.raw, await heartbeatMember(routes, c.req.raw, placeOf(c))),
  );
  app.delete(
    "/v1/groups/:group/members/:member",
    consume,
    (c) => answer(c.req.raw, leaveMember(routes, c.req.raw, placeOf(c))),
  );

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, options));
  return app;
}

/** /v1/groups/{group}/members/{member} */
function groupOf(c: Context): string {
  return pathSegment(c.req.raw, 2);
}

function placeOf(c: Context) {
  return { group: groupOf(c), member: pathSegment(c.req.raw, 4) };
}
