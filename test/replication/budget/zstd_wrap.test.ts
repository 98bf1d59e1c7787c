/** When a request is compressed as a whole. Compression is played, and takes hand-wound time. */
import { describe, expect, it } from "vitest";
import { ZstdWrap } from "../../../src/replication/budget/zstd_wrap.ts";
import { HandClock } from "../../support/hand_clock.ts";

const FREE = { bytesPerSecond: Infinity, quota: false };
const body = new Uint8Array(100_000);

function wrapOf({ part = 0.8, ms = 1 } = {}) {
  const clock = new HandClock();
  const calls: number[] = [];
  const wrap = new ZstdWrap(clock, (bytes) => {
    clock.advance(ms);
    calls.push(bytes.length);
    return Promise.resolve(new Uint8Array(bytes.length * part));
  });
  return { wrap, clock, calls };
}

describe("ZstdWrap", () => {
  it("never touches a link that answers quickly, nor one nothing is known of", async () => {
    const { wrap, calls } = wrapOf();
    expect(await wrap.wrap(body, FREE)).toBeNull();
    for (let count = 0; count < 50; count++) {
      wrap.delivered(1_000_000, 10);
      expect(await wrap.wrap(body, FREE)).toBeNull();
    }
    expect(calls).toEqual([]);
  });

  it("compresses where the link is slow, capped, or counted", async () => {
    const slow = wrapOf().wrap;
    slow.delivered(100_000, 1_000);
    expect((await slow.wrap(body, FREE))?.length).toBe(80_000);
    expect(await wrapOf().wrap.wrap(body, { bytesPerSecond: 50_000, quota: false })).not.toBeNull();
    expect(await wrapOf().wrap.wrap(body, { bytesPerSecond: Infinity, quota: true })).not
      .toBeNull();
    expect(await wrapOf().wrap.wrap(body, { bytesPerSecond: 5e9, quota: false })).toBeNull();
  });

  it("stops where it takes longer than it saves", async () => {
    const { wrap, calls } = wrapOf({ ms: 100 });
    const capped = { bytesPerSecond: 1_000_000, quota: false };
    await wrap.wrap(body, capped);
    expect(await wrap.wrap(body, capped)).toBeNull();
    expect(calls).toHaveLength(1);
  });

  it("sends as it is what gains nothing, and tries again only after a while", async () => {
    const { wrap, calls, clock } = wrapOf({ part: 0.99 });
    const quota = { bytesPerSecond: Infinity, quota: true };
    for (let count = 0; count < 20; count++) expect(await wrap.wrap(body, quota)).toBeNull();
    expect(calls).toHaveLength(1);
    clock.advance(30_000);
    expect(await wrap.wrap(body, quota)).toBeNull();
    expect(calls).toHaveLength(2);
  });

  it("leaves small bodies alone", async () => {
    const { wrap, calls } = wrapOf();
    expect(await wrap.wrap(new Uint8Array(400), { bytesPerSecond: 2_000, quota: true })).toBeNull();
    expect(calls).toEqual([]);
  });
});
