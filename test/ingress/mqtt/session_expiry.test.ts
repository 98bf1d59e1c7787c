import { describe, expect, it } from "vitest";
import { SESSION_NEVER_EXPIRES, SessionExpiry } from "../../../src/ingress/mqtt/session_expiry.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { connectPacket } from "../../support/mqtt_packets.ts";

function fixture() {
  const ended: string[] = [];
  return { ended, expiry: new SessionExpiry((clientId) => void ended.push(clientId)) };
}

describe("SessionExpiry", () => {
  it("ends a session when its time is up, once", () => {
    const { ended, expiry } = fixture();
    expiry.begin("a", 10, 5);
    expiry.sweep(14);
    expect(ended).toEqual([]);
    expiry.sweep(15);
    expiry.sweep(16);
    expect(ended).toEqual(["a"]);
  });

  it("forgets a client that is back, and one that is kept for ever", () => {
    const { ended, expiry } = fixture();
    expiry.begin("a", 10, 0);
    expiry.cancel("a");
    expiry.begin("b", SESSION_NEVER_EXPIRES, 0);
    expiry.sweep(1e9);
    expect(ended).toEqual([]);
    expect(expiry.size).toBe(0);
  });

  it("makes CONNACK say truthfully that a session is gone", async () => {
    const fixture = await MqttFixture.start();
    const visit = async () => {
      const connection = await fixture.open();
      const properties = { sessionExpiryInterval: 30 };
      connection.push(connectPacket({ protocolVersion: 5, clean: false, properties }));
      await settle();
      const present = connection.written[2];
      connection.push(null);
      await settle();
      return present;
    };
    expect(await visit()).toBe(0);
    await fixture.pass(20);
    expect(await visit()).toBe(1);
    await fixture.pass(20);
    expect(await visit(), "the interval began anew").toBe(1);
    await fixture.pass(40);
    expect(await visit()).toBe(0);
  });
});
