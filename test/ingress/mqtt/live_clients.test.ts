import { describe, expect, it } from "vitest";
import { LiveClients } from "../../../src/ingress/mqtt/live_clients.ts";

describe("LiveClients", () => {
  it("lets the new connection take over from the old", () => {
    const clients = new LiveClients();
    let takenOver = 0;
    const first = { takenOver: () => takenOver++ };
    const second = { takenOver: () => expect.unreachable() };
    clients.enter("c", first, false);
    clients.enter("c", second, false);
    expect(takenOver).toBe(1);
    expect(clients.isLive("c", second)).toBe(true);
  });

  it("does not let the old one take the new one with it", () => {
    const clients = new LiveClients();
    const first = { takenOver() {} };
    const second = { takenOver() {} };
    clients.enter("c", first, false);
    clients.enter("c", second, false);
    clients.leave("c", first);
    expect(clients.size).toBe(1);
    clients.leave("c", second);
    expect(clients.size).toBe(0);
  });
});
