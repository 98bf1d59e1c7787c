import { describe, expect, it } from "vitest";
import type { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { SysTopics } from "../../../../src/ingress/mqtt/retained/sys_topics.ts";
import { HandClock } from "../../../support/hand_clock.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

function sysTopics() {
  const facts = { connected: 1, uptimeS: 5 };
  const topics = new SysTopics(new HandClock(), {
    uptimeS: () => facts.uptimeS,
    clientsConnected: () => facts.connected,
    ...{ sessions: () => 4, messagesReceived: () => 10, messagesSent: () => 20 },
    ...{ subscriptions: () => 3, retained: () => 7 },
  });
  return { facts, topics };
}

const said = (messages: Iterable<Message>) =>
  [...messages].map(({ topicName, payload }) =>
    [topicName, payload].map((bytes) => new TextDecoder().decode(bytes)).join("=")
  );

describe("SysTopics", () => {
  it("says what the server is and has, as retained messages of QoS 0", () => {
    const { topics } = sysTopics();
    expect(said(topics.matching("$SYS/#"))).toEqual([
      "$SYS/broker/version=logboom",
      "$SYS/broker/uptime=5 seconds",
      "$SYS/broker/clients/connected=1",
      "$SYS/broker/sessions/count=4",
      "$SYS/broker/messages/received=10",
      "$SYS/broker/messages/sent=20",
      "$SYS/broker/subscriptions/count=3",
      "$SYS/broker/retained messages/count=7",
    ]);
    expect(said(topics.matching("$SYS/+/+/count"))).toEqual([
      "$SYS/broker/sessions/count=4",
      "$SYS/broker/subscriptions/count=3",
      "$SYS/broker/retained messages/count=7",
    ]);
    const [version] = topics.matching("$SYS/broker/version");
    expect(version).toMatchObject({ qos: 0, retain: true, expiryS: null, clientId: null });
  });

  it("says nothing to filters that begin with a wildcard [MQTT-4.7.2-1]", () => {
    const { topics } = sysTopics();
    expect(said(topics.matching("#"))).toEqual([]);
    expect(said(topics.matching("+/broker/uptime"))).toEqual([]);
  });

  it("says again what has changed", () => {
    const { facts, topics } = sysTopics();
    expect(said(topics.changed()).length).toBe(8);
    expect(said(topics.changed())).toEqual([]);
    facts.connected = 2;
    facts.uptimeS = 15;
    expect(said(topics.changed())).toEqual([
      "$SYS/broker/uptime=15 seconds",
      "$SYS/broker/clients/connected=2",
    ]);
  });
});

describe("$SYS of a server", () => {
  it("comes when it is subscribed to, retained, and again when it has changed", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect({ clientId: "watcher" });
    const subscriptions = [{ topic: "$SYS/broker/clients/connected", qos: 1 }] as const;
    client.push(packetOf({ cmd: "subscribe", messageId: 1, subscriptions: [...subscriptions] }));
    await client.untilWritten(8);
    await settle();
    const text = () => new TextDecoder().decode(client.written);
    expect(text()).toMatch(/clients\/connected1$/);
    await fixture.connect({ clientId: "another" });
    await fixture.pass(11);
    expect(text()).toMatch(/clients\/connected2$/);
    expect(await fixture.values("logs"), "nothing of it is in the log").toEqual([]);
  });

  it("takes no publish there: the names are the server's own", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect();
    client.push(publishPacket({ topic: "$SYS/broker/version", payload: "mine" }));
    await client.untilClosed();
    expect(await fixture.values("logs")).toEqual([]);
  });
});
