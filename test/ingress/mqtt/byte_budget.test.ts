import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../src/ingress/mqtt/byte_budget.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

describe("ByteBudget.take()", () => {
  it("refuses what is too much, whole, and takes it once there is room", () => {
    const budget = new ByteBudget(10);
    expect(budget.take(7)).toBe(true);
    expect(budget.take(4)).toBe(false);
    expect(budget.bytes).toBe(7);
    budget.take(-5);
    expect(budget.take(4)).toBe(true);
  });

  it("bounds wills and topic aliases of all clients together", async () => {
    const fixture = await MqttFixture.start({ limits: { keptBytesMax: 1_000 } });
    const will = { topic: "w", payload: "x".repeat(600), qos: 0, retain: false } as const;
    const first = await fixture.connect({ will, clientId: "1" });
    const second = await fixture.connect({ will, clientId: "2" });
    expect(second.closed, "no room for a second will").toBe(true);

    const third = await fixture.connect({ protocolVersion: 5, clientId: "3" });
    const alias = (topicAlias: number, length: number) =>
      publishPacket({ topic: "a".repeat(length), properties: { topicAlias } }, 5);
    for (let nth = 0; nth < 10; nth++) third.push(alias(1, 300));
    await settle();
    expect(third.closed, "an alias said again takes no more").toBe(false);
    third.push(alias(2, 300));
    await third.untilClosed();

    first.push(null);
    await settle();
    const fourth = await fixture.connect({ will, clientId: "4" });
    expect(fourth.closed).toBe(false);
  });
});
