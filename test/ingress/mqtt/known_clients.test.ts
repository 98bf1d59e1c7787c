import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

describe("KnownClients", () => {
  it("reports what a client has done, and what it waits for", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ clientId: "a", protocolVersion: 5, keepalive: 60 });
    const { clients } = fixture.ingress;
    const plain = publishPacket({ topic: "t", payload: "x", qos: 1, messageId: 1 }, 5);
    connection.push(plain);
    await settle();
    const release = fixture.disk.holdSyncs();
    const properties = { contentType: "text/plain" };
    connection.push(publishPacket({ topic: "t", qos: 1, messageId: 2, properties }, 5));
    await settle();
    await fixture.pass(1);
    const report = clients.report("a")!;
    expect(report).toMatchObject({
      ...{ client_id: "a", connected: true, address: "test:1", transport: "tcp", version: "5" },
      ...{ keep_alive_s: 60, subscriptions: 0, in_flight_in: 1, in_flight_out: 0, behind: false },
      ...{ messages: 2, gap_records: 0, messages_per_second: 0.6 },
    });
    expect(report.bytes).toBeGreaterThan(plain.length);
    expect(report.last_seen! - report.connected_at!).toBeLessThanOrEqual(2_000);
    release();
    await settle();
    expect(clients.report("a")!.in_flight_in).toBe(0);
    await fixture.pass(30);
    expect(clients.report("a")!.messages_per_second).toBe(0);
  });

  it("knows sessions whose clients are away", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ clientId: "kept", clean: false });
    await fixture.connect({ clientId: "passing" });
    connection.push(null);
    await settle();
    const { clients } = fixture.ingress;
    expect([...clients.ids()].sort()).toEqual(["kept", "passing"]);
    expect(clients.report("kept")).toMatchObject({ connected: false, address: null });
    expect(clients.report("nobody")).toBeNull();
    expect(clients.disconnect("kept")).toBe(false);
  });

  it("ends a connection with the reason, and leaves the session", async () => {
    const fixture = await MqttFixture.start();
    const properties = { sessionExpiryInterval: 100 };
    const connection = await fixture.connect({ clientId: "a", protocolVersion: 5, properties });
    const { clients } = fixture.ingress;
    expect(clients.disconnect("a")).toBe(true);
    await connection.untilClosed();
    expect(toHex(connection.written)).toMatch(/^e0..98/);
    expect(clients.report("a")).toMatchObject({ connected: false });
  });
});
