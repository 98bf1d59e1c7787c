import { describe, expect, it } from "vitest";
import { openGroupHttp } from "../../support/group_http.ts";

async function withGroup() {
  const http = await openGroupHttp();
  const joined = await http.call("POST", "/v1/groups/g/members", {
    ...{ topics: ["t"], client_id: "app", session_timeout_ms: 5_000 },
  });
  const { member_id, generation } = joined.body;
  await http.call("PUT", "/v1/groups/g/offsets", {
    ...{ member_id, generation },
    offsets: [{ topic: "t", partition: 1, offset: 40, leader_epoch: 3, metadata: "m" }],
  });
  return { ...http, member_id, generation };
}

describe("GET /v1/groups", () => {
  it("lists every group, with members and lag", async () => {
    const { call, generation } = await withGroup();
    await call("PUT", "/v1/groups/a/offsets", {
      offsets: [{ topic: "t", partition: 0, offset: 100 }],
    });
    expect((await call("GET", "/v1/groups")).body["groups"]).toEqual([
      {
        ...{ group: "a", state: "empty", generation: null, protocol_type: null, assignor: null },
        ...{ members: 0, lag: 0 },
      },
      {
        ...{ group: "g", state: "stable", generation, protocol_type: "consumer" },
        ...{ assignor: "range", members: 1, lag: 60 },
      },
    ]);
  });
});

describe("GET /v1/groups/{group}", () => {
  it("shows who has what, and how far behind", async () => {
    const { call, member_id, generation } = await withGroup();
    expect((await call("GET", "/v1/groups/g")).body).toEqual({
      ...{ group: "g", state: "stable", generation, protocol_type: "consumer", assignor: "range" },
      leader_id: member_id,
      members: [{
        ...{ member_id, instance_id: null, client_id: "app", host: "10.0.0.7:1234" },
        ...{ session_timeout_ms: 5_000, rebalance_timeout_ms: 60_000, topics: ["t"] },
        assignments: [0, 1, 2, 3].map((partition) => ({ topic: "t", partition })),
      }],
      offsets: [{
        ...{ topic: "t", partition: 1, offset: 40, leader_epoch: 3, metadata: "m" },
        ...{ log_start_offset: 10, high_watermark: 100, lag: 60, missed: 0, member_id },
      }],
      lag: 60,
    });
  });

  it("does not know a group nobody named", async () => {
    const { call } = await withGroup();
    expect(await call("GET", "/v1/groups/h")).toMatchObject({
      status: 404,
      body: { code: "unknown_group", detail: 'Cannot find group "h"' },
    });
  });
});

describe("DELETE /v1/groups/{group}", () => {
  it("refuses while there are members, and forgets it after", async () => {
    const { call, member_id } = await withGroup();
    expect(await call("DELETE", "/v1/groups/g")).toMatchObject({
      status: 409,
      body: { code: "group_not_empty", members: 1 },
    });
    await call("DELETE", `/v1/groups/g/members/${member_id}`);
    expect((await call("DELETE", "/v1/groups/g")).body).toEqual({ group: "g", deleted: true });
    expect((await call("DELETE", "/v1/groups/g")).status).toBe(404);
    expect((await call("GET", "/v1/groups/g/offsets")).body["offsets"]).toEqual([]);
  });
});
