import { describe, expect, it } from "vitest";
import { openGroupHttp } from "../../support/group_http.ts";

const PATH = "/v1/groups/g/offsets";
const at = (more: object = {}) => ({ topic: "t", partition: 0, offset: 40, ...more });

describe("GET /v1/groups/{group}/offsets", () => {
  it("is empty for a group nobody has heard of", async () => {
    const { call } = await openGroupHttp();
    expect(await call("GET", PATH)).toEqual({ status: 200, body: { group: "g", offsets: [] } });
  });

  it("shows the last that was committed, and what lies behind and before it", async () => {
    const { call, topics } = await openGroupHttp();
    await call("PUT", PATH, { offsets: [at(), at({ partition: 1, offset: 3 })] });
    await call("PUT", PATH, { offsets: [at({ offset: 41, leader_epoch: 2, metadata: "ü" })] });
    const log = { topic: "t", log_start_offset: 10, high_watermark: 100 };
    expect((await call("GET", PATH)).body["offsets"]).toEqual([
      { ...log, partition: 0, offset: 41, leader_epoch: 2, metadata: "ü", lag: 59, missed: 0 },
      { ...log, partition: 1, offset: 3, leader_epoch: -1, metadata: "", lag: 90, missed: 7 },
    ]);
    topics.put("t", 4, { anew: true });
    expect((await call("GET", PATH)).body["offsets"]).toEqual([]);
  });
});

describe("PUT /v1/groups/{group}/offsets", () => {
  it("answers once they are durable", async () => {
    const { call, book, topics } = await openGroupHttp();
    expect(await call("PUT", PATH, { offsets: [at(), at({ partition: 3 })] }))
      .toEqual({ status: 200, body: { group: "g", committed: 2 } });
    const again = await openGroupHttp({ book, topics });
    expect((await again.call("GET", PATH)).body["offsets"]).toHaveLength(2);
  });

  it("says so when they cannot be made durable, and then they are not there", async () => {
    const { call, book } = await openGroupHttp();
    book.failing = "storage_failed";
    expect((await call("PUT", PATH, { offsets: [at()] })).body)
      .toMatchObject({ code: "storage_failed", status: 503, retriable: true });
    expect((await call("GET", PATH)).body["offsets"]).toEqual([]);
  });

  it("is fenced by member and generation", async () => {
    const { call } = await openGroupHttp();
    const { member_id, generation } =
      (await call("POST", "/v1/groups/g/members", { topics: ["t"] })).body;
    const commit = async (more: object) =>
      (await call("PUT", PATH, { offsets: [at()], ...more })).body.code;
    expect(await commit({ member_id, generation })).toBeUndefined();
    expect(await commit({})).toBe("group_not_empty");
    expect(await commit({ member_id })).toBe("invalid_argument");
    expect(await commit({ generation })).toBe("invalid_argument");
    expect(await commit({ member_id, generation: generation - 1 })).toBe("illegal_generation");
    expect(await commit({ member_id: "x", generation })).toBe("unknown_member");
  });

  it("commits what stands behind the end, too: it may have been restored from a backup", async () => {
    const { call } = await openGroupHttp();
    await call("PUT", PATH, { offsets: [at({ offset: 5_000 })] });
    expect((await call("GET", PATH)).body["offsets"]).toMatchObject([{ offset: 5_000, lag: 0 }]);
  });
});
