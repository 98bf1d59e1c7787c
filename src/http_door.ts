/**
 * The one HTTP listener in front of the rooms that answer: each brings its own routes, and this
 * decides by them whose a request is, and whether its sender may ask.
 *
 * @module
 */
import { OperatingError } from "./base/errors.ts";
import type { Credentials, Principal, Scope } from "./credentials.ts";
import type { Authorize } from "./egress/http/options.ts";
import { pathOf, type RouteName, unmatchedResponse } from "./protocol/http/allow.ts";
import { RouteIndex } from "./protocol/http/route_index.ts";

/** What a room's Hono app looks like from here. */
export interface RoomApp {
  readonly routes: readonly RouteName[];
  fetch(request: Request): Response | Promise<Response>;
}

/** The handler of all requests; `apps` that are asked most come first. */
export function joinApps(
  apps: readonly RoomApp[],
): (request: Request) => Response | Promise<Response> {
  const routes = apps.flatMap((app) => app.routes);
  const owners = apps.map((app) => ({ app, index: new RouteIndex(app.routes) }));
  return (request) => {
    const path = pathOf(request.url);
    const owner = owners.find(({ index }) => index.takes(request.method, path));
    return owner === undefined ? unmatchedResponse(routes, request) : owner.app.fetch(request);
  };
}

/** Middleware that lets only holders of a scope pass. */
export function authorizeWith(credentials: Credentials): Authorize {
  return (scope) => async (context, next) => {
    principalOf(credentials, context.req.raw, scope);
    await next();
  };
}

/** @throws {OperatingError} `unauthorized` without a credential, `forbidden` without the scope. */
export function principalOf(credentials: Credentials, request: Request, scope: Scope): Principal {
  const principal = credentials.ofHeader(request.headers.get("authorization"));
  if (principal === null) {
    throw new OperatingError(
      "unauthorized",
      "Cannot tell who asks: send Authorization: Bearer with the token of a credential",
    );
  }
  if (!principal.may(scope)) {
    throw new OperatingError(
      "forbidden",
      `Cannot let credential "${principal.name}" do this: it lacks the scope ${scope}`,
      { scope },
    );
  }
  return principal;
}
