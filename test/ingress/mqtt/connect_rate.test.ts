import { describe, expect, it } from "vitest";
import {
  MQTT_CONNECT_RATES_MAX,
  MQTT_CONNECTS_PER_CLIENT_BURST,
} from "../../../src/base/door_limits.ts";
import { ConnectRate } from "../../../src/ingress/mqtt/connect_rate.ts";
import { HandClock } from "../../support/hand_clock.ts";

describe("ConnectRate", () => {
  it("holds a client identifier that comes again and again, and no other", async () => {
    const clock = new HandClock();
    const rate = new ConnectRate({ clock, perSecondMax: null });
    const burst = Array.from({ length: 500 }, () => rate.mayConnect("a"));
    expect(burst.filter((may) => may)).toHaveLength(MQTT_CONNECTS_PER_CLIENT_BURST);
    expect(rate.mayConnect("b")).toBe(true);
    await clock.advance(1_000);
    const later = Array.from({ length: 50 }, () => rate.mayConnect("a"));
    expect(later.filter((may) => may)).toHaveLength(10);
  });

  it("holds all together", async () => {
    const clock = new HandClock();
    const rate = new ConnectRate({ clock, perSecondMax: 3 });
    const names = ["a", "b", "c", "d"];
    expect(names.map((name) => rate.mayConnect(name))).toEqual([true, true, true, false]);
    await clock.advance(1_000);
    expect(names.map((name) => rate.mayConnect(name))).toEqual([true, true, true, false]);
  });

  it("forgets whom it need not remember, and never remembers too many", async () => {
    const clock = new HandClock();
    const rate = new ConnectRate({ clock, perSecondMax: null });
    for (let at = 0; at < MQTT_CONNECT_RATES_MAX + 5; at++) rate.mayConnect(`client ${at}`);
    expect(rate.size).toBe(MQTT_CONNECT_RATES_MAX);
    await clock.advance(1_000);
    rate.sweep();
    expect(rate.size).toBe(0);
  });
});
