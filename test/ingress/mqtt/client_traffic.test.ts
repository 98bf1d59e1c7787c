import { expect, it } from "vitest";
import { ClientTraffic } from "../../../src/ingress/mqtt/client_traffic.ts";

it("ClientTraffic follows a rate within seconds, and forgets it as fast", () => {
  const traffic = new ClientTraffic();
  for (let second = 1; second <= 20; second++) {
    traffic.bytes += 1_000;
    traffic.handled += 1;
    traffic.tick(second * 9);
  }
  expect(traffic.messages).toBe(200);
  expect(traffic.messagesPerSecond).toBeCloseTo(10, 1);
  expect(traffic.bytesPerSecond).toBeGreaterThan(990);
  for (let second = 0; second < 20; second++) traffic.tick(180);
  expect(traffic.bytesPerSecond).toBeLessThan(1);
});
