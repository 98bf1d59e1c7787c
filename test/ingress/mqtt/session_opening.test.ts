/** Takeover while the session's journal is being written: one connection survives, the last. */
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { connectPacket, publishPacket } from "../../support/mqtt_packets.ts";

describe("openSession()", () => {
  it("lets the last of several CONNECTs of one client win, whatever the disk does", async () => {
    const fixture = await MqttFixture.start();
    const release = fixture.disk.holdSyncs();
    const connections = [];
    for (let nth = 0; nth < 3; nth++) {
      const connection = await fixture.open();
      connection.push(connectPacket({ clientId: "same", clean: false }));
      connections.push(connection);
      await settle();
    }
    release();
    await settle();
    expect(connections.map(({ closed }) => closed)).toEqual([true, true, false]);
    const last = connections.at(-1)!;
    expect(toHex(last.written)).toMatch(/^20020[01]00$/);
    last.push(publishPacket({ topic: "a", qos: 1, messageId: 1 }));
    await last.untilWritten(8);
    expect(fixture.ingress.connections).toBe(1);
  });

  it("does not let go of a session that the next connection has taken over", async () => {
    const fixture = await MqttFixture.start();
    const first = await fixture.connect({ clientId: "same", clean: true });
    const second = await fixture.connect({ clientId: "same", clean: false });
    await first.untilClosed();
    second.push(publishPacket({ topic: "a", payload: "x", qos: 2, messageId: 7 }));
    await second.untilWritten(4);
    await fixture.pass(2);
    second.push(publishPacket({ topic: "a", payload: "x", qos: 2, messageId: 7, dup: true }));
    await second.untilWritten(8);
    expect(await fixture.values("logs")).toEqual(["x"]);
  });
});
