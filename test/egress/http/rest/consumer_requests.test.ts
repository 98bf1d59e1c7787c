/** What requests to consumer instances say, and are answered with. */
import { describe, expect, it } from "vitest";
import { JSON_V2, openRestWorld, RestInstance, V2 } from "../../../support/rest_world.ts";

describe("ConsumerRequests", () => {
  it("answers a new instance with its address", async () => {
    const world = await openRestWorld();
    const { status, headers, body } = await world.call("POST", "/consumers/my%20group", {
      body: { name: "one" },
      headers: { "x-forwarded-host": "edge", "x-forwarded-proto": "https" },
    });
    expect([status, headers.get("content-type")]).toEqual([200, V2]);
    expect(body).toEqual({
      instance_id: "one",
      base_uri: "https://edge/consumers/my%20group/instances/one",
    });
    expect(world.asked).toEqual(["consume"]);
    expect((await world.call("POST", "/consumers/g")).status).toBe(200);
  });

  it("answers records in the instance's format, and refuses another", async () => {
    const world = await openRestWorld();
    await world.produce("t", [{ a: 1 }]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    const read = (accept: string) =>
      world.call("GET", `${instance.path}/records`, { headers: { accept } });
    const refused = await read("application/vnd.kafka.binary.v2+json");
    expect([refused.status, refused.body.error_code]).toEqual([406, 40601]);
    const { headers, body } = await read(`${JSON_V2}, */*;q=0.1`);
    expect(headers.get("content-type")).toBe(JSON_V2);
    expect(headers.get("logboom-gaps")).toBeNull();
    expect(body).toEqual([{
      ...{ topic: "t", key: null, value: { a: 1 }, partition: 0, offset: 0 },
      timestamp: expect.any(Number),
    }]);
  });

  it("names what was missed in a header, and fails where the policy is none", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1, 2, 3]);
    const partitions = [{ topic: "t", partition: 0 }];
    const [early, strict] = [
      await RestInstance.create(world, "g1"),
      await RestInstance.create(world, "g2", { "auto.offset.reset": "none" }),
    ];
    await early.call("POST", "/assignments", { partitions });
    expect(await early.values("?max_bytes=1")).toEqual([1]);
    await strict.call("POST", "/assignments", { partitions });
    expect((await strict.records()).body).toMatchObject({ error_code: 41601 });
    await strict.call("POST", "/positions", { offsets: [{ ...partitions[0], offset: 1 }] });
    world.store.topic("t")!.partitions[0]!.setLogStart(2);

    const { status, headers, body } = await early.records();
    expect([status, body[0].value]).toEqual([200, 3]);
    const gap = { topic: "t", partition: 0, from: 1, to: 2, reason: "retention" };
    expect(JSON.parse(headers.get("logboom-gaps")!)).toEqual([gap]);
    expect((await early.records()).headers.get("logboom-gaps")).toBeNull();

    for (let time = 0; time < 2; time++) {
      const refused = await strict.records();
      expect(refused.status).toBe(416);
      expect(refused.body).toEqual({
        ...{ error_code: 41601, message: expect.stringContaining("t-0 at 1") },
        ...{ gaps: [gap], losses: "/v1/losses?topic=t" },
      });
    }
    await strict.call("POST", "/positions/beginning", { partitions });
    expect(await strict.values()).toEqual([3]);
  });

  it("hands out nothing to a HEAD, and knows an instance by one address", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    expect((await instance.call("HEAD", "/records")).status).toBe(405);
    expect(await instance.values()).toEqual([1]);
    const astray = await world.call("GET", "/consumers/%ff/instances/x/records");
    expect([astray.status, astray.body.error_code]).toEqual([400, 400]);
  });

  it("describes what is subscribed, and what is assigned", async () => {
    const world = await openRestWorld({ partitions: 2 });
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t", "u");
    expect((await instance.call("GET", "/subscription")).body)
      .toEqual({ topics: ["t", "u"], partitions: [] });
    await instance.values();
    expect((await instance.call("GET", "/subscription")).body)
      .toEqual({ topics: ["t", "u"], partitions: [{ t: [0, 1] }] });
    expect((await instance.call("DELETE", "/subscription")).status).toBe(204);
    expect((await instance.call("GET", "/subscription")).body)
      .toEqual({ topics: [], partitions: [] });
    expect(world.groups.describe("g").members).toEqual([]);
  });

  it.each([
    ["POST", "/subscription", {}, 422, 422],
    ["POST", "/subscription", { topics: [] }, 422, 422],
    ["POST", "/subscription", { topics: [1] }, 422, 422],
    ["POST", "/subscription", { topics: ["a b"] }, 400, 40002],
    ["POST", "/subscription", { topics: ["t"], topic_pattern: "t" }, 409, 40903],
    ["POST", "/subscription", { topic_pattern: "(" }, 422, 422],
    ["POST", "/subscription", "{", 400, 400],
    ["POST", "/assignments", undefined, 422, 422],
    ["POST", "/offsets", { offsets: [{ topic: "none", partition: 0, offset: 0 }] }, 404, 40401],
    ["POST", "/offsets", { offsets: [{ topic: "t", partition: 1, offset: 0 }] }, 404, 40402],
    ["POST", "/offsets", { offsets: [{ topic: "t", partition: 0, offset: 9 }] }, 422, 422],
    ["POST", "/positions", { partitions: [] }, 422, 422],
    ["POST", "/positions/end", { offsets: [] }, 422, 422],
    ["GET", "/offsets?topic=t", undefined, 422, 422],
    ["GET", "/records?limit=1", undefined, 400, 400],
    ["GET", "/records?timeout=soon", undefined, 400, 400],
  ])("refuses %s %s %j", async (method, path, body, status, number) => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const instance = await RestInstance.create(world, "g");
    const answer = await instance.call(method, path, body);
    expect([answer.status, answer.body.error_code]).toEqual([status, number]);
    expect(world.bugs).toEqual([]);
  });
});
