/**
 * What devices send, near enough: JSON telemetry of a few hundred devices, about 200 bytes each.
 * The same seed makes the same bytes.
 *
 * @module
 */
import { concat, utf8 } from "../../src/base/bytes.ts";
import { seededRandom } from "../support/mutations.ts";

const SEED = 20_261_122;
const DEVICES = 400;
const STATES = ["running", "idle", "starting", "stopped", "maintenance"];

export interface Reading {
  readonly topic: string;
  readonly json: string;
}

export function readings(count: number): Reading[] {
  const { below } = seededRandom(SEED);
  let time = Date.UTC(2026, 10, 22);
  return Array.from({ length: count }, (_, nth) => {
    const device = below(DEVICES);
    time += below(40);
    const json = JSON.stringify({
      device: `press-${String(device).padStart(4, "0")}`,
      ts: new Date(time).toISOString(),
      id: (below(2 ** 32) >>> 0).toString(16),
      seq: nth,
      temperature: below(400_000) / 10_000 + 15,
      pressure: below(900_000) / 10_000 + 950,
      vibration: [below(10_000) / 10_000, below(10_000) / 10_000],
      state: STATES[below(20) === 0 ? below(5) : 0],
      firmware: "2.11.4",
    });
    return { topic: `plant/7/press/${device}/telemetry`, json };
  });
}

/** Lines of such JSON, cut at `size` bytes. */
export function jsonLines(size: number): Uint8Array {
  const lines = readings(Math.ceil(size / 150)).map(({ json }) => json);
  return utf8(lines.join("\n")).slice(0, size);
}

/** PUBLISH packets with QoS 1 that carry it. */
export function publishPackets(count: number): Uint8Array {
  return concat(
    readings(count).map(({ topic, json }, nth) => {
      const name = utf8(topic);
      const payload = utf8(json);
      const remaining = 2 + name.length + 2 + payload.length;
      const packetId = nth % 65_535 + 1;
      return concat([
        Uint8Array.of(0x32, (remaining & 127) | 128, remaining >> 7, 0, name.length),
        name,
        Uint8Array.of(packetId >> 8, packetId & 255),
        payload,
      ]);
    }),
  );
}
