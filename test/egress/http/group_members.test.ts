import { describe, expect, it } from "vitest";
import { type GroupHttp, openGroupHttp } from "../../support/group_http.ts";
import { settled } from "../../support/group_world.ts";

const MEMBERS = "/v1/groups/g/members";
const TOPICS = { topics: ["t"] };

const join = async ({ call }: GroupHttp, more: object = {}) =>
  (await call("POST", MEMBERS, { ...TOPICS, ...more })).body;
const partitions = ({ assignments }: Awaited<ReturnType<typeof join>>) =>
  assignments.map(({ partition }) => partition);

describe("POST /v1/groups/{group}/members", () => {
  it("answers with what is assigned, and with where to begin", async () => {
    const http = await openGroupHttp();
    await http.call("PUT", "/v1/groups/g/offsets", {
      offsets: [{ topic: "t", partition: 1, offset: 40, leader_epoch: 3, metadata: "m" }],
    });
    const joined = await join(http, { session_timeout_ms: 6_000 });
    expect(joined).toMatchObject({
      ...{ group: "g", leader_id: joined.member_id, assignor: "range" },
      ...{ session_timeout_ms: 6_000, heartbeat_interval_ms: 2_000 },
    });
    const topic_id = http.topics.topic("t")!.id;
    const log = { topic: "t", topic_id, log_start_offset: 10, high_watermark: 100 };
    expect(joined.assignments.slice(0, 2)).toEqual([
      { ...log, partition: 0, offset: null, leader_epoch: -1, metadata: "" },
      { ...log, partition: 1, offset: 40, leader_epoch: 3, metadata: "m" },
    ]);
  });

  it("waits for the others, and shares with them", async () => {
    const http = await openGroupHttp();
    const first = await join(http, { client_id: "a" });
    const second = join(http, { client_id: "b" });
    await settled();
    const again = await join(http, { member_id: first.member_id });
    expect(partitions(again)).toEqual([0, 1]);
    expect(partitions(await second)).toEqual([2, 3]);
    expect((await second).generation).toBe(again.generation);
  });

  it("shows the offsets a member committed at the last moment to the one that takes over", async () => {
    const http = await openGroupHttp();
    const { member_id, generation } = await join(http);
    const second = join(http);
    await settled();
    // On its way to the disk while the others join.
    const { promise, resolve } = Promise.withResolvers<void>();
    http.book.delay = () => promise;
    const offsets = [0, 1, 2, 3].map((partition) => ({ topic: "t", partition, offset: 77 }));
    const commit = http.call("PUT", "/v1/groups/g/offsets", { member_id, generation, offsets });
    await settled();
    const again = join(http, { member_id });
    await settled();
    resolve();
    expect((await commit).status).toBe(200);
    expect((await second).assignments).toMatchObject([{ offset: 77 }, { offset: 77 }]);
    await again;
  });

  it("says rebalance_in_progress, and whom to go on as, when it has waited long enough", async () => {
    const http = await openGroupHttp();
    await join(http);
    const waiting = join(http, { max_wait_ms: 500 });
    await settled();
    http.clock.advance(500);
    const problem = await waiting;
    expect(problem).toMatchObject({ code: "rebalance_in_progress", status: 409, retriable: true });
    expect(http.groups.describe("g").members.map(({ memberId }) => memberId))
      .toContain(problem.member_id);
  });

  it("forgets at once who hangs up before it was told its id", async () => {
    const http = await openGroupHttp();
    await join(http);
    const caller = new AbortController();
    const hungUp = http.call("POST", MEMBERS, TOPICS, caller.signal);
    await settled();
    expect(http.groups.members).toBe(2);
    caller.abort();
    expect((await hungUp).body.code).toBe("unknown_member");
    expect(http.groups.members).toBe(1);
  });

  it("gives a member that starts again under its instance id what it had", async () => {
    const http = await openGroupHttp();
    const first = await join(http, { instance_id: "i" });
    const again = await join(http, { instance_id: "i" });
    expect(again.generation).toBe(first.generation);
    expect(partitions(again)).toEqual([0, 1, 2, 3]);
    const path = `${MEMBERS}/${first.member_id}/heartbeat`;
    const claim = { generation: first.generation, instance_id: "i" };
    expect((await http.call("POST", path, claim)).body.code).toBe("fenced_instance");
  });
});

describe("POST …/members/{member}/heartbeat", () => {
  it("keeps a member that sends it, and says when to join again", async () => {
    const http = await openGroupHttp();
    const { member_id, generation } = await join(http, { session_timeout_ms: 5_000 });
    const path = `${MEMBERS}/${member_id}/heartbeat`;
    for (let beat = 0; beat < 5; beat++) {
      http.clock.advance(4_999);
      expect((await http.call("POST", path, { generation })).body)
        .toEqual({ group: "g", member_id, generation });
    }
    const second = join(http);
    await settled();
    expect((await http.call("POST", path, { generation })).body.code).toBe("rebalance_in_progress");
    await join(http, { member_id });
    await second;
    expect((await http.call("POST", path, { generation })).body.code).toBe("illegal_generation");
    http.clock.advance(10_000);
    expect((await http.call("POST", path, { generation })).body.code).toBe("unknown_member");
  });

  it("is held until a rebalance begins, for half a session at the most", async () => {
    const http = await openGroupHttp();
    const { member_id, generation } = await join(http, { session_timeout_ms: 6_000 });
    const path = `${MEMBERS}/${member_id}/heartbeat`;
    const held = () => http.call("POST", path, { generation, max_wait_ms: 60_000 });
    const first = held();
    await settled();
    http.clock.advance(3_000);
    expect((await first).status).toBe(200);
    const second = held();
    await settled();
    const joining = join(http);
    expect((await second).body.code).toBe("rebalance_in_progress");
    await join(http, { member_id });
    await joining;
  });
});

describe("DELETE …/members/{member}", () => {
  it("gives what it had to the others at once", async () => {
    const http = await openGroupHttp();
    const first = await join(http);
    const second = join(http);
    await settled();
    await join(http, { member_id: first.member_id });
    const { member_id, generation } = await second;
    const held = http.call("POST", `${MEMBERS}/${member_id}/heartbeat`, {
      ...{ generation, max_wait_ms: 5_000 },
    });
    await settled();
    expect((await http.call("DELETE", `${MEMBERS}/${first.member_id}`)).body)
      .toEqual({ group: "g", member_id: first.member_id, left: true });
    expect((await held).body.code).toBe("rebalance_in_progress");
    expect(partitions(await join(http, { member_id }))).toEqual([0, 1, 2, 3]);
  });
});
