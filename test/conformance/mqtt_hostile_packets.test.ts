/**
 * What no honest client sends, case by case: malformed, truncated, oversized, duplicated, out of
 * order. After each, a bystander and a new client are served; at the end the memory is back.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostileWorld } from "../support/mqtt_hostile.ts";
import { HOSTILE_PACKETS } from "../support/mqtt_hostile_packets.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await HostileWorld.start();
});

describe.each([4, 5] as const)("MQTT %i", (version) => {
  const cases = HOSTILE_PACKETS.filter((one) => one.version === version);
  it.each(cases.map((one) => [one.name, one.clause, one] as const))(
    "%s [%s]",
    async (_name, _clause, one) => await world.run(one),
  );
});

afterAll(async () => {
  await world.isBack();
});

it("there are at least 120 of them, each by its clause", () => {
  expect(HOSTILE_PACKETS.length).toBeGreaterThanOrEqual(120);
  expect(HOSTILE_PACKETS.filter(({ clause }) => clause === "")).toEqual([]);
});
