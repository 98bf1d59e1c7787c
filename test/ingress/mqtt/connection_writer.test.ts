import { describe, expect, it } from "vitest";
import { ConnectionWriter } from "../../../src/ingress/mqtt/connection_writer.ts";
import { HeldConnection } from "../../support/held_connection.ts";

function fixture() {
  const connection = new HeldConnection();
  const events: string[] = [];
  const writer = new ConnectionWriter(connection, {
    drained: () => void events.push("drained"),
    failed: () => void events.push("failed"),
  });
  return { connection, events, writer };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

describe("ConnectionWriter.send()", () => {
  it("writes at once, and what comes meanwhile in one write", async () => {
    const { connection, events, writer } = fixture();
    connection.holdWrites();
    writer.send(Uint8Array.of(1));
    writer.send(Uint8Array.of(2));
    writer.send(Uint8Array.of(3, 4));
    expect(connection.writes).toEqual([Uint8Array.of(1)]);
    expect(writer.pendingBytes).toBe(3);
    connection.releaseWrites();
    await turn();
    expect(connection.writes).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3, 4)]);
    expect(writer.idle).toBe(true);
    expect(events).toEqual(["drained"]);
  });

  it("says once that the other side is gone, and writes no more", async () => {
    const { connection, events, writer } = fixture();
    connection.failWrites();
    writer.send(Uint8Array.of(1));
    writer.send(Uint8Array.of(2));
    await turn();
    writer.send(Uint8Array.of(3));
    expect(events).toEqual(["failed"]);
    expect(connection.writes).toEqual([Uint8Array.of(1)]);
  });
});
