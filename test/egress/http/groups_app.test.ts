import { describe, expect, it } from "vitest";
import { GROUP_SCHEMAS } from "../../../src/egress/http/openapi_groups.ts";
import { validate } from "../../support/json_schema.ts";
import { openGroupHttp } from "../../support/group_http.ts";

describe("createGroupsApp()", () => {
  it("asks for the scope admin to delete a group, for consume for all else", async () => {
    const { call, asked } = await openGroupHttp();
    await call("GET", "/v1/groups");
    await call("GET", "/v1/groups/g");
    await call("GET", "/v1/groups/g/offsets");
    await call("PUT", "/v1/groups/g/offsets", {});
    await call("POST", "/v1/groups/g/members", {});
    await call("POST", "/v1/groups/g/members/m/heartbeat", {});
    await call("DELETE", "/v1/groups/g/members/m");
    expect(new Set(asked)).toEqual(new Set(["consume"]));
    await call("DELETE", "/v1/groups/g");
    expect(asked.length).toBe(8);
    expect(asked.at(-1)).toBe("admin");
  });

  it("answers as its description says", async () => {
    const { call, bugs } = await openGroupHttp();
    const said = async (schema: string, method: string, path: string, body?: unknown) => {
      const answered = await call(method, path, body);
      expect(answered.status, JSON.stringify(answered.body)).toBe(200);
      expect(validate(GROUP_SCHEMAS, schema, answered.body), schema).toEqual([]);
      return answered.body;
    };
    const joined = await said("Joined", "POST", "/v1/groups/g/members", { topics: ["t"] });
    const { member_id, generation } = joined;
    const member = `/v1/groups/g/members/${member_id}`;
    await said("Heartbeat", "POST", `${member}/heartbeat`, { generation });
    const offsets = [{ topic: "t", partition: 0, offset: 5 }];
    const claim = { member_id, generation };
    await said("OffsetsCommitted", "PUT", "/v1/groups/g/offsets", { offsets, ...claim });
    await said("CommittedOffsets", "GET", "/v1/groups/g/offsets");
    await said("Groups", "GET", "/v1/groups");
    await said("Group", "GET", "/v1/groups/g");
    await said("GroupLeft", "DELETE", member);
    await said("Group", "GET", "/v1/groups/g");
    await said("GroupDeleted", "DELETE", "/v1/groups/g");
    expect(bugs).toEqual([]);
  });

  it("reads CBOR, and answers in it", async () => {
    const { fetch } = await openGroupHttp();
    // {"topics": ["t"]}
    const body = Uint8Array.from([
      0xa1,
      0x66,
      ...new TextEncoder().encode("topics"),
      0x81,
      0x61,
      116,
    ]);
    const headers = { "content-type": "application/cbor", accept: "application/cbor" };
    const response = await fetch(
      new Request("http://node/v1/groups/g/members", { method: "POST", headers, body }),
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/cbor");
    await response.body?.cancel();
  });

  it("decodes names of groups and members strictly", async () => {
    const { call } = await openGroupHttp();
    const joined = await call("POST", "/v1/groups/a%2Fb%20c/members", { topics: ["t"] });
    expect(joined.body["group"]).toBe("a/b c");
    expect((await call("GET", "/v1/groups/a%2Fb%20c")).status).toBe(200);
    expect((await call("GET", "/v1/groups/%ff")).body.code).toBe("invalid_argument");
    expect((await call("GET", "/v1/groups/x/y/z")).body.code).toBe("not_found");
    expect((await call("PATCH", "/v1/groups/x")).body.code).toBe("method_not_allowed");
  });
});
