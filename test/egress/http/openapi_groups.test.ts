/** The calls of the groups' door are held to the routes and members of bodies there are. */
import { expect, it } from "vitest";
import { GROUP_PATHS, GROUP_SCHEMAS } from "../../../src/egress/http/openapi_groups.ts";
import { openGroupHttp } from "../../support/group_http.ts";

it("names the members that each body may have, and no other", async () => {
  const { call } = await openGroupHttp();
  const known = async (method: string, path: string, body: unknown) => {
    const { detail } = (await call(method, path, body)).body;
    return detail.split("known: ")[1]!.split(", ").toSorted();
  };
  const described = (schema: unknown) =>
    Object.keys((schema as { properties: object }).properties).toSorted();
  const nonsense = { nonsense: 1 };
  expect(await known("POST", "/v1/groups/g/members", nonsense))
    .toEqual(described(GROUP_SCHEMAS["JoinGroup"]));
  expect(await known("POST", "/v1/groups/g/members/m/heartbeat", nonsense))
    .toEqual(described(GROUP_SCHEMAS["GroupHeartbeat"]));
  const offsets = GROUP_SCHEMAS["OffsetsToCommit"] as {
    properties: { offsets: { items: unknown } };
  };
  expect(await known("PUT", "/v1/groups/g/offsets", nonsense)).toEqual(described(offsets));
  expect(await known("PUT", "/v1/groups/g/offsets", { offsets: [nonsense] }))
    .toEqual(described(offsets.properties.offsets.items));
});

it("describes no query parameters, and none are taken", async () => {
  const { call } = await openGroupHttp();
  for (const [path, item] of Object.entries(GROUP_PATHS)) {
    for (const [method, operation] of Object.entries(item)) {
      const { parameters = [] } = operation as { parameters?: readonly { in: string }[] };
      expect(parameters.every((parameter) => parameter.in === "path")).toBe(true);
      const real = path.replace("{group}", "g").replace("{member}", "m");
      const { body } = await call(method.toUpperCase(), `${real}?nonsense=1`);
      expect(body.code, path).toBe("invalid_argument");
    }
  }
});
