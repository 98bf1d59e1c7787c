/** The pace of a link: what it measures, what it asks of it, how it yields, and that it comes back. */
import { describe, expect, it } from "vitest";
import {
  catchUpSeconds,
  PACE,
  Pace,
  type PaceSettings,
  type SentRequest,
} from "../../src/replication/pace.ts";

const MINUTES = 60_000;
const stateOf = ({ inFlightMax, timeoutMs }: Pace) => ({ inFlightMax, timeoutMs });

interface Pipe {
  readonly bytesPerSecond: number;
  readonly delayMs: number;
}

/** A link that carries one byte after another, and a sender that has no end of them. */
class Sending {
  readonly #pace: Pace;
  readonly #underWay: { readonly request: SentRequest; readonly atMs: number }[] = [];
  #nowMs = 0;
  #freeMs = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** @returns how much of the link was used, and the longest that a byte waited for it */
  run({ bytesPerSecond, delayMs }: Pipe, ms: number) {
    const startMs = this.#nowMs;
    if (startMs === 0) this.#pace.seen(delayMs + 300 * 1_000 / bytesPerSecond, 0);
    let [delivered, queueMs] = [0, 0];
    while (this.#nowMs < startMs + ms) {
      while (this.#pace.hasRoom(false, this.#nowMs)) {
        const request = this.#pace.sent(this.#pace.requestBytes, false, this.#nowMs);
        this.#freeMs = Math.max(this.#freeMs, this.#nowMs) + request.bytes * 1_000 / bytesPerSecond;
        queueMs = Math.max(queueMs, this.#freeMs - this.#nowMs);
        this.#underWay.push({ request, atMs: this.#freeMs + delayMs });
      }
      const { request, atMs } = this.#underWay.shift()!;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      this.#pace.answered(request, this.#nowMs);
      delivered += request.bytes;
    }
    return { used: delivered * 1_000 / bytesPerSecond / (this.#nowMs - startMs), queueMs };
  }
}

describe("Pace", () => {
  it.each([
    ["a modem", { bytesPerSecond: 10_000, delayMs: 150 }],
    ["a cellular link", { bytesPerSecond: 50_000, delayMs: 80 }],
    ["a satellite", { bytesPerSecond: 250_000, delayMs: 600 }],
    ["a fast satellite", { bytesPerSecond: 5_000_000, delayMs: 600 }],
    ["a wide area", { bytesPerSecond: 10_000_000, delayMs: 40 }],
    ["a loopback", { bytesPerSecond: 500_000_000, delayMs: 2 }],
  ])("fills %s, and keeps no queue that live records would wait in", (_, pipe) => {
    const pace = new Pace();
    const sending = new Sending(pace);
    sending.run(pipe, 60_000);
    const { used, queueMs } = sending.run(pipe, 120_000);
    expect(used).toBeGreaterThan(0.93);
    expect(queueMs).toBeLessThan(1_200);
    expect(pace.requestBytes).toBeLessThanOrEqual(Math.max(4_096, 0.41 * pipe.bytesPerSecond));
  });

  it("sends full requests where the link is fast", () => {
    const pace = new Pace();
    new Sending(pace).run({ bytesPerSecond: 200_000_000, delayMs: 3 }, 1_000);
    expect(pace.requestBytes).toBe(PACE.requestBytes);
  });

  it("follows a link that gets slower, and one that gets faster", () => {
    const pace = new Pace();
    const sending = new Sending(pace);
    sending.run({ bytesPerSecond: 1_000_000, delayMs: 50 }, 20_000);
    sending.run({ bytesPerSecond: 20_000, delayMs: 50 }, 120_000);
    expect(pace.bytesPerSecond).toBeLessThan(30_000);
    const { used } = sending.run({ bytesPerSecond: 1_000_000, delayMs: 50 }, 60_000);
    expect(used).toBeGreaterThan(0.85);
  });

  it("takes a trickle for no slow link", () => {
    const pace = new Pace();
    new Sending(pace).run({ bytesPerSecond: 1_000_000, delayMs: 50 }, 20_000);
    for (let nowMs = 20_000; nowMs < 80_000; nowMs += 1_000) {
      const sent = pace.sent(200, true, nowMs);
      pace.answered(sent, nowMs + 60);
    }
    expect(pace.bytesPerSecond).toBeGreaterThan(900_000);
  });

  it("lets a live request go though the window is full", () => {
    const pace = new Pace();
    while (pace.hasRoom(false, 0)) pace.sent(pace.requestBytes, false, 0);
    expect(pace.hasRoom(true, 0)).toBe(true);
  });

  it("yields to a link that times out, down to a floor that any link can carry", () => {
    const pace = new Pace();
    pace.timedOut();
    expect(stateOf(pace)).toEqual({ inFlightMax: 1, timeoutMs: PACE.timeoutMs * 2 });
    for (let times = 0; times < 50; times++) pace.timedOut();
    expect(stateOf(pace)).toEqual({ inFlightMax: 1, timeoutMs: 10 * MINUTES });
    expect(pace.requestBytes).toBe(16 * 1024);
  });

  it("comes back to full size when answers are quick again", () => {
    const pace = new Pace();
    for (let times = 0; times < 50; times++) pace.timedOut();
    for (let at = 0; at < 40; at++) {
      pace.answered(pace.sent(1_000_000, false, at * 10), at * 10 + 5);
    }
    expect(stateOf(pace)).toEqual(stateOf(new Pace()));
    expect(pace.requestBytes).toBe(PACE.requestBytes);
  });

  it("stays where it is while answers take their time", () => {
    const pace = new Pace();
    pace.timedOut();
    const before = stateOf(pace);
    pace.answered(pace.sent(1_000, false, 0), pace.timeoutMs / 2);
    expect(stateOf(pace)).toEqual(before);
  });

  it("shrinks requests only, when the receiver finds them too large", () => {
    const settings: PaceSettings = { ...PACE, requestBytes: 32 * 1024 };
    const pace = new Pace(settings);
    pace.tooLarge();
    expect(pace.requestBytes).toBe(16 * 1024);
    expect(stateOf(pace)).toEqual(stateOf(new Pace(settings)));
  });
});

describe("catchUpSeconds()", () => {
  it("goes by what is lasting of rate and cap", () => {
    expect(catchUpSeconds(1_000, 50, null)).toBe(20);
    expect(catchUpSeconds(1_000, 50, 10)).toBe(100);
    expect(catchUpSeconds(1_000, 50, 100)).toBe(20);
  });

  it("is nothing without a backlog, and unknown without a rate", () => {
    expect(catchUpSeconds(0, 0, 10)).toBe(0);
    expect(catchUpSeconds(1, 0, 10)).toBeNull();
  });
});
