import { expect, it } from "vitest";
import type { DeliveryLog } from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
import { TopicInterest } from "../../../../src/ingress/mqtt/delivery/topic_interest.ts";
import { TopicRoutes } from "../../../../src/ingress/mqtt/topic_routes.ts";

const log = (topic: string, index: number) => ({ topic, index }) as DeliveryLog;
const topics = ["logs", "devices", "elsewhere", "__internal"].map((name) => ({
  name,
  partitions: [log(name, 0), log(name, 1)],
}));
const routes = new TopicRoutes([
  { filter: "devices/+/logs", topic: "devices", key: "{2}" },
  { filter: "other/#", topic: "not-there-yet" },
]);
const interest = new TopicInterest(routes.all, () => topics);
const namesOf = (filter: string) =>
  [...interest.logsOf(filter)].map((one) => `${one.topic}-${one.index}`);

it("logsOf() is every partition a matching record may lie in", () => {
  expect(namesOf("devices/7/logs")).toEqual([
    ...["logs-0", "logs-1", "devices-0", "devices-1", "elsewhere-0", "elsewhere-1"],
  ]);
  expect(namesOf("x")).toEqual(["logs-0", "logs-1", "elsewhere-0", "elsewhere-1"]);
  expect(namesOf("devices/#")).toContain("devices-1");
});

it("keyIsTopic() where a route leaves the key as it is", () => {
  const isKey = (topic: string) => interest.keyIsTopic({ topic });
  expect(["logs", "not-there-yet", "devices", "elsewhere"].map(isKey))
    .toEqual([true, true, false, false]);
});
