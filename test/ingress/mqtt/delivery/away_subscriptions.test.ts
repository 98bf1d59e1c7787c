import { expect, it } from "vitest";
import { AwaySubscriptions } from "../../../../src/ingress/mqtt/delivery/away_subscriptions.ts";

it("AwaySubscriptions counts those of clients that are away, and of no others", () => {
  const away = new AwaySubscriptions(new Map([["a", 3], ["b", 4]]));
  away.add("c", 2);
  away.add("none", 0);
  expect(away.total).toBe(9);
  away.remove("b");
  away.remove("b");
  away.remove("never");
  expect(away.total).toBe(5);
});
