import { describe, expect, it } from "vitest";
import { concat } from "../../../src/base/bytes.ts";
import { PublishCounter } from "../../../src/ingress/mqtt/publish_counter.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

const PINGREQ = Uint8Array.of(0xc0, 0);

describe("PublishCounter", () => {
  it("counts publishes and nothing else, however the stream is cut", () => {
    const stream = concat([
      publishPacket({ topic: "a", payload: "x" }),
      PINGREQ,
      publishPacket({ payload: "y".repeat(300), qos: 1, messageId: 1 }),
      PINGREQ,
      publishPacket({ topic: "a" }),
    ]);
    for (let at = 0; at <= stream.length; at++) {
      const counter = new PublishCounter();
      const counts = [stream.subarray(0, at), stream.subarray(at)].map((bytes) =>
        counter.count(bytes)
      );
      expect(counts[0]! + counts[1]!, `cut at ${at}`).toBe(3);
    }
  });
});
