/** The description of consumer instances is held to what they answer. */
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../../src/egress/http/openapi.ts";
import { REST_CONSUMER_PATHS } from "../../../src/egress/http/openapi_rest_consumers.ts";
import { validate } from "../../support/json_schema.ts";
import { openRestWorld, RestInstance } from "../../support/rest_world.ts";

const { schemas } = (openApiDocument() as {
  components: { schemas: Record<string, Record<string, unknown>> };
}).components;

const check = (name: string, value: unknown) =>
  expect(validate(schemas, name, value), name).toEqual([]);

describe("REST_CONSUMER_PATHS", () => {
  it("describes what is answered", async () => {
    const world = await openRestWorld();
    await world.produce("t", [1]);
    const made = await world.call("POST", "/consumers/g", { body: { name: "described" } });
    check("RestConsumerMade", made.body);
    const instance = await RestInstance.create(world, "g");
    await instance.subscribe("t");
    for (const record of (await instance.records()).body) check("RestRecord", record);
    check("RestSubscribed", (await instance.call("GET", "/subscription")).body);
    check("RestPartitions", (await instance.call("GET", "/assignments")).body);
    await instance.call("POST", "/offsets");
    check("RestOffsetList", (await instance.call("GET", "/offsets")).body);
    check("RestError", (await instance.call("POST", "/subscription", {})).body);
  });

  it("names exactly the query parameters that are taken", async () => {
    const world = await openRestWorld();
    const instance = await RestInstance.create(world, "g", { name: "i" });
    for (const [path, item] of Object.entries(REST_CONSUMER_PATHS)) {
      const real = path.replace("{group}", "g").replace("{instance}", "i");
      for (const [method, operation] of Object.entries(item)) {
        const { body } = await world.call(method.toUpperCase(), `${real}?nonsense=1`);
        const known = body.message.split("known: ")[1].split(", ").toSorted();
        const described = (operation as { parameters: { name: string; in: string }[] }).parameters
          .filter((parameter) => parameter.in === "query")
          .map(({ name }) => name);
        expect(described.length === 0 ? ["none"] : described.toSorted(), `${method} ${path}`)
          .toEqual(known);
      }
    }
    expect((await instance.call("GET", "/subscription")).status).toBe(200);
  });
});
