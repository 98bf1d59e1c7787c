import { expect, it } from "vitest";
import {
  HeldSubscription,
  partitionKey,
  sharedFilterOf,
} from "../../../../src/ingress/mqtt/delivery/subscription.ts";

const OPTIONS = {
  ...{ filter: "a/+", qos: 1, noLocal: false, retainAsPublished: false } as const,
  ...{ retainHandling: 0, identifier: null } as const,
};

it("sharedFilterOf() is what comes behind the name of the share", () => {
  expect(sharedFilterOf("$share/g/a/#")).toBe("a/#");
  expect(sharedFilterOf("$share/g//")).toBe("/");
  for (const filter of ["a", "$share/g", "$share//a", "$share/+/a", "$share/g#/a", "$share/g/"]) {
    expect(sharedFilterOf(filter), filter).toBeNull();
  }
});

it("HeldSubscription knows its group, its filter, and where it begins", () => {
  const own = new HeldSubscription(OPTIONS, new Map([[3, 100]]));
  expect([own.group, own.topicFilter]).toEqual([null, "a/+"]);
  expect([own.covers(3, 99), own.covers(3, 100), own.covers(4, 0)]).toEqual([false, true, true]);
  const shared = new HeldSubscription({ ...OPTIONS, filter: "$share/g/a" }, new Map());
  expect([shared.group, shared.topicFilter]).toEqual(["$share/g/a", "a"]);
});

it("partitionKey() is the directory of the partition", () => {
  expect(partitionKey({ topic: "a-b", index: 3 })).toBe("a-b-3");
});
