/** The calls about topics are held to the members of bodies and parameters that are taken. */
import { expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { TOPIC_PATHS, TOPIC_SCHEMAS } from "../../../src/egress/http/openapi_topics.ts";
import { createTopicAdminApp } from "../../../src/egress/http/topic_admin.ts";
import { openStore } from "../../support/stores.ts";

async function fixture() {
  const { store, world: { clock } } = await openStore();
  const app = createTopicAdminApp({
    changes: store.changes,
    readSettings: () => ({}),
    timers: clock,
    logger: SILENT_LOGGER,
    authorize: () => async (_, next) => await next(),
  });
  return async (method: string, path: string, body?: unknown) => {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return await app.fetch(new Request(`http://node${path}`, { method, headers, ...sent }));
  };
}

it("names the members that each body may have, and no other", async () => {
  const call = await fixture();
  for (
    const [method, path, schema] of [
      ["POST", "/v1/topics", "NewTopic"],
      ["PATCH", "/v1/topics/t", "TopicChange"],
    ] as const
  ) {
    const { detail } = await (await call(method, path, { nonsense: 1 })).json();
    const { properties } = TOPIC_SCHEMAS[schema] as { properties: object };
    expect(detail.split("known: ")[1].split(", ").toSorted())
      .toEqual(Object.keys(properties).toSorted());
  }
});

it("names the query parameters that are taken, and no other", async () => {
  const call = await fixture();
  for (const [path, item] of Object.entries(TOPIC_PATHS)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method === "get") continue;
      const { parameters = [] } = operation as {
        parameters?: readonly { in: string; name: string }[];
      };
      const known = parameters.filter((each) => each.in === "query").map(({ name }) => name);
      const response = await call(method.toUpperCase(), path.replace("{topic}", "t") + "?no=1", {});
      const problem = await response.json();
      expect(problem.code, `${method} ${path}`).toBe("invalid_argument");
      for (const name of known) expect(problem.detail).toContain(name);
    }
  }
});
