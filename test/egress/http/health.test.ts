import { describe, expect, it } from "vitest";
import { health, readiness } from "../../../src/egress/http/health.ts";

describe("health()", () => {
  it("is 200 while the process answers", async () => {
    expect(health().status).toBe(200);
    expect(await health().json()).toEqual({ status: "ok" });
  });
});

describe("readiness()", () => {
  it("tells of an upstream that nobody but an operator can help", async () => {
    const looped = readiness({ ready: true, upstream: "loop_detected" });
    expect(looped.status).toBe(200);
    expect(await looped.json()).toEqual({ status: "ready", upstream: "loop_detected" });
  });

  it("is 200 when ready, else 503 with the reason", async () => {
    expect(readiness({ ready: true }).status).toBe(200);
    const waiting = readiness({ ready: false, reason: "recovering logs-0" });
    expect(waiting.status).toBe(503);
    expect(await waiting.json()).toEqual({ status: "not_ready", reason: "recovering logs-0" });
  });
});
