import { describe, expect, it } from "vitest";
import { openRestWorld, RestInstance } from "../../../support/rest_world.ts";

describe("RestConsumers", () => {
  it("makes up names, and refuses one that is taken", async () => {
    const world = await openRestWorld();
    const create = (body: unknown, group = "g") =>
      world.call("POST", `/consumers/${group}`, { body });
    const made = [await create({}), await create({})].map(({ body }) => body.instance_id);
    expect(new Set(made).size).toBe(2);
    expect(made[0]).toMatch(/^rest-consumer-/);
    expect((await create({ name: "one" })).status).toBe(200);
    const again = await create({ name: "one" });
    expect([again.status, again.body.error_code]).toEqual([409, 40902]);
    expect((await create({ name: "one" }, "h")).status).toBe(200);
  });

  it("makes no more than the node bears, until one is gone", async () => {
    const world = await openRestWorld({ consumersMax: 1 });
    const create = () => world.call("POST", "/consumers/g", { body: { name: "one" } });
    expect((await create()).status).toBe(200);
    const refused = await world.call("POST", "/consumers/g", { body: {} });
    expect([refused.status, refused.body.error_code]).toEqual([503, 50003]);
    expect(refused.headers.get("retry-after")).toBe("1");
    await world.call("DELETE", "/consumers/g/instances/one");
    expect((await create()).status).toBe(200);
  });

  it("drops one that nobody asked for five minutes, and commits what its client had confirmed", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    expect(await instance.values()).toEqual([1]);
    await world.produce("t", [2]);
    expect(await instance.values()).toEqual([2]);
    await world.pass(7_000);
    expect((await world.groups.committed("g")).map(({ offset }) => offset)).toEqual([1]);
    await world.pass(250_000);
    expect((await instance.call("GET", "/subscription")).status).toBe(200);
    await world.pass(299_000);
    expect((await instance.call("GET", "/subscription")).status).toBe(200);
    await world.pass(302_000);
    expect((await instance.call("GET", "/subscription")).body.error_code).toBe(40403);
    expect(world.groups.describe("g").members).toEqual([]);
  });

  it("keeps one that waits for records", async () => {
    const world = await openRestWorld();
    await world.store.createTopic("t");
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    for (let time = 0; time < 7; time++) await instance.values("?timeout=50000");
    expect((await instance.call("GET", "/subscription")).status).toBe(200);
  });

  it("leaves no member behind of an instance that is deleted while it joins", async () => {
    const world = await openRestWorld();
    await world.store.createTopic("t");
    const one = await RestInstance.create(world, "g");
    await one.subscribe("t");
    await one.values();
    const two = await RestInstance.create(world, "g", { name: "two" });
    await two.subscribe("t");
    // It waits for the other one, which does not come.
    const reading = two.records("?timeout=50000");
    await world.pass(200);
    expect((await two.call("DELETE", "")).status).toBe(204);
    expect((await reading).body).toEqual([]);
    await one.values();
    expect(world.groups.describe("g").members).toHaveLength(1);
  });
});
