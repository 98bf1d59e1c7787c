import { describe, expect, it } from "vitest";
import type { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { SysTopics } from "../../../../src/ingress/mqtt/retained/sys_topics.ts";
import { HandClock } from "../../../support/hand_clock.ts";

function sysTopics() {
  const facts = { connected: 1, uptimeS: 5 };
  const topics = new SysTopics(new HandClock(), {
    uptimeS: () => facts.uptimeS,
    clientsConnected: () => facts.connected,
    ...{ clientsTotal: () => 4, messagesReceived: () => 10, messagesSent: () => 20 },
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
      "$SYS/broker/clients/total=4",
      "$SYS/broker/messages/received=10",
      "$SYS/broker/messages/sent=20",
      "$SYS/broker/subscriptions/count=3",
      "$SYS/broker/retained messages/count=7",
    ]);
    expect(said(topics.matching("$SYS/+/+/count"))).toEqual([
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
