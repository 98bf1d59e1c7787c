/** The calls of the link are held to the routes there are. */
import { expect, it } from "vitest";
import { LINK_PATHS } from "../../../src/egress/http/openapi_link.ts";
import { createLinkApp } from "../../../src/replication/http/link_app.ts";

it("describes every route of the link's door, and no other", () => {
  const never = {} as never;
  const app = createLinkApp({
    ...{ link: null, control: null, priorities: never, store: never, timers: never, logger: never },
    authorize: () => async (_, next) => await next(),
  });
  const routes = app.routes.map(({ method, path }) =>
    `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`
  );
  const described = Object.entries(LINK_PATHS)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  expect(new Set(described)).toEqual(new Set(routes));
});
