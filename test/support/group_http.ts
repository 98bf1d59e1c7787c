/** The door of consumer groups in front of a coordinator on a clock wound by hand. */
import type { MiddlewareHandler } from "hono";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { createGroupsApp } from "../../src/egress/http/groups_app.ts";
import type { Scope } from "../../src/egress/http/options.ts";
import { type GroupWorld, openGroupWorld } from "./group_world.ts";

/** What a test looks for is there, or the comparison fails. */
export interface Document {
  readonly [name: string]: unknown;
  readonly member_id: string;
  readonly generation: number;
  readonly code: string;
  readonly detail: string;
  readonly assignments: readonly { readonly topic: string; readonly partition: number }[];
}

export interface Answered {
  readonly status: number;
  readonly body: Document;
}

export interface GroupHttp extends GroupWorld {
  /** Scopes that were asked for, one for each request. */
  readonly asked: Scope[];
  readonly bugs: unknown[];
  call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answered>;
  fetch(request: Request): Promise<Response>;
}

/** With a topic "t" of four partitions, of the records 10 to 99. */
export async function openGroupHttp(
  given: Parameters<typeof openGroupWorld>[0] = {},
): Promise<GroupHttp> {
  const world = await openGroupWorld(given);
  world.topics.put("t", 4);
  const asked: Scope[] = [];
  const bugs: unknown[] = [];
  const app = createGroupsApp({
    ...{ groups: world.groups, topics: world.topics, timers: world.clock },
    ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS },
    authorize: (scope): MiddlewareHandler => async (_, next) => {
      asked.push(scope);
      await next();
    },
    addressOf: () => "10.0.0.7:1234",
    onBug: (error) => void bugs.push(error),
  });
  return {
    ...{ ...world, asked, bugs },
    fetch: async (request) => await app.fetch(request),
    async call(method, path, body, signal) {
      const response = await app.fetch(
        new Request(`http://node${path}`, {
          ...{ method, signal: signal ?? null },
          ...(body === undefined ? {} : {
            body: JSON.stringify(body),
            headers: { "content-type": "application/json" },
          }),
        }),
      );
      return { status: response.status, body: await response.json() };
    },
  };
}
