import { describe, expect, it } from "vitest";
import { PRODUCER_WINDOW, PRODUCERS_MAX } from "../../src/base/limits.ts";
import { HttpRequests } from "../../src/store/http_requests.ts";

/** Judges a request fresh and makes all its records durable. */
function accept(requests: HttpRequests, producerId: string, sequence: number): void {
  const verdict = requests.judge(producerId, sequence, "print");
  if (verdict.kind !== "fresh") throw new Error(verdict.kind);
  const { request } = verdict;
  request.begin(2, null);
  request.addPart({ topic: "logs", partition: 0, from: 0, to: 2, baseOffset: 10 * sequence });
  request.finish();
}

describe("HttpRequests.judge()", () => {
  it("remembers the window of each producer, and no more", () => {
    const requests = new HttpRequests();
    for (let sequence = 0; sequence < 100; sequence++) accept(requests, "p", sequence);
    expect([...requests.all()].length).toBe(PRODUCER_WINDOW);
    const oldest = 100 - PRODUCER_WINDOW;
    expect(requests.judge("p", oldest, "print").kind).toBe("repeat");
    expect(() => requests.judge("p", oldest - 1, "print")).toThrow(expect.objectContaining({
      code: "sequence_too_old",
      detail: { producer_id: "p", sequence: oldest - 1, oldest_remembered: oldest },
    }));
  });

  it("takes sequences within the window in any order", () => {
    const requests = new HttpRequests();
    for (const sequence of [50, 40, 45, 41]) accept(requests, "p", sequence);
    expect(requests.judge("p", 41, "print").kind).toBe("repeat");
    expect(requests.judge("p", 42, "print").kind).toBe("fresh");
  });

  it("forgets the producer longest silent, but none with a request under way", () => {
    const requests = new HttpRequests();
    const first = requests.judge("first", 1, "print");
    accept(requests, "second", 1);
    for (let at = 0; at < PRODUCERS_MAX; at++) accept(requests, `p${at}`, 1);
    expect(requests.producers).toBe(PRODUCERS_MAX);
    expect(requests.judge("first", 1, "print").kind).toBe("wait");
    expect(requests.judge("second", 1, "print").kind).toBe("fresh");
    if (first.kind === "fresh") first.request.finish();
  });

  it("resumes a request of which a part is durable, and begins one of which nothing is", () => {
    const requests = new HttpRequests();
    const fresh = requests.judge("p", 1, "print");
    if (fresh.kind !== "fresh") throw new Error(fresh.kind);
    fresh.request.begin(5, 3);
    fresh.request.finish();
    const again = requests.judge("p", 1, "print");
    expect(again.kind).toBe("fresh");
    if (again.kind !== "fresh") throw new Error(again.kind);
    again.request.addPart({ topic: "logs", partition: 3, from: 0, to: 4, baseOffset: 7 });
    again.request.finish();
    const resumed = requests.judge("p", 1, "print");
    if (resumed.kind !== "resume") throw new Error(resumed.kind);
    expect(resumed.request.keylessPartition).toBe(3);
    expect([0, 3, 4].map((at) => resumed.request.holds("logs", 3, at))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
