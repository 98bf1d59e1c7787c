import { describe, expect, it } from "vitest";
import { concat } from "../../../src/base/bytes.ts";
import { Paces, type PublishRates } from "../../../src/ingress/mqtt/paced_connection.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { HeldConnection } from "../../support/held_connection.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

const NONE: PublishRates = { bytesPerSecond: null, packetsPerSecond: null };

function open(
  rates: { readonly each?: Partial<PublishRates>; readonly all?: Partial<PublishRates> },
) {
  const clock = new HandClock();
  const held = { value: 0 };
  const paces = new Paces({
    each: { ...NONE, ...rates.each },
    all: { ...NONE, ...rates.all },
    ...{ clock, timers: clock, held },
  });
  const client = () => {
    const inner = new HeldConnection();
    return { inner, connection: paces.pace(inner) };
  };
  return { clock, held, paces, client };
}

/** Reads until `bytes` came; how long that took on the clock. */
async function timeOf(
  connection: ReturnType<Paces["pace"]>,
  clock: HandClock,
  bytes: number,
): Promise<number> {
  const from = clock.monotonicMs();
  let size = 0;
  let done = false;
  const reading = (async () => {
    while (size < bytes) size += (await connection.read(new Uint8Array(64 * 1024)))!;
    done = true;
  })();
  while (!done) await clock.advance(10);
  await reading;
  return clock.monotonicMs() - from;
}

describe("Paces", () => {
  it("leaves connections alone where nothing is limited", () => {
    const { client } = open({});
    const { inner, connection } = client();
    expect(connection).toBe(inner);
  });

  it("reads a client at its rate of bytes, after a second's worth", async () => {
    const { clock, held, client } = open({ each: { bytesPerSecond: 1_000 } });
    const { inner, connection } = client();
    inner.push(new Uint8Array(6_000));
    const ms = await timeOf(connection, clock, 6_000);
    expect(ms).toBeGreaterThan(3_900);
    expect(ms).toBeLessThan(5_100);
    expect(held.value).toBeGreaterThan(2);
  });

  it("reads a client at its rate of packets, whatever their size", async () => {
    const { clock, client } = open({ each: { packetsPerSecond: 100 } });
    const { inner, connection } = client();
    const packets = concat(
      Array.from({ length: 600 }, () => publishPacket({ topic: "a", payload: "x" })),
    );
    inner.push(packets);
    const ms = await timeOf(connection, clock, packets.length);
    expect(ms).toBeGreaterThan(2_000);
    expect(ms).toBeLessThan(5_200);
  });

  it("shares what all may send among them", async () => {
    const { clock, client } = open({ all: { bytesPerSecond: 1_000 } });
    const [one, two] = [client(), client()];
    for (const { inner } of [one, two]) inner.push(new Uint8Array(3_000));
    const times = await Promise.all(
      [one, two].map(({ connection }) => timeOf(connection, clock, 3_000)),
    );
    expect(Math.max(...times)).toBeGreaterThan(2_900);
    // Neither had all of it while the other waited.
    expect(Math.min(...times)).toBeGreaterThan(1_500);
  });

  it("ends a wait when it is closed", async () => {
    const { client } = open({ each: { bytesPerSecond: 10 } });
    const { inner, connection } = client();
    inner.push(new Uint8Array(250));
    await connection.read(new Uint8Array(256));
    const read = connection.read(new Uint8Array(256)).catch(() => "rejected");
    connection.close();
    expect(["rejected", null]).toContain(await read);
    expect(inner.closed).toBe(true);
  });

  it("pays for one read in little more than a second", () => {
    expect(open({ each: { bytesPerSecond: 5_000 } }).paces.readBytesMax()).toBe(5_000);
    expect(open({ each: { packetsPerSecond: 100 } }).paces.readBytesMax()).toBe(1_600);
    expect(open({ all: { packetsPerSecond: 1 } }).paces.readBytesMax()).toBe(256);
  });
});
