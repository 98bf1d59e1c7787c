/** How the link fares: when it is tried again, what counts as one failure, and what is logged. */
import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/base/log.ts";
import { BACKOFF } from "../../src/replication/backoff.ts";
import { LinkHealth } from "../../src/replication/link_health.ts";
import { type LinkTrouble, LinkTroubleError } from "../../src/replication/link_trouble.ts";
import { HandClock } from "../support/hand_clock.ts";

function healthy() {
  const clock = new HandClock();
  const lines: string[] = [];
  const keep = (level: string) => (event: string) => void lines.push(`${level} ${event}`);
  const logger: Logger = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
  const random = { next: () => 0.5, fill() {} };
  const health = new LinkHealth({
    upstream: "http://centre",
    clock,
    random,
    logger,
    backoff: BACKOFF,
  });
  return { clock, lines, health };
}

const trouble = (kind: LinkTrouble, retryAfterMs = 0) =>
  new LinkTroubleError(kind, "upstream_unreachable", kind, retryAfterMs);

describe("LinkHealth", () => {
  it("waits longer with each failure in a row, and not at all after a success", () => {
    const { clock, health } = healthy();
    const waits: number[] = [];
    for (let count = 0; count < 12; count++) {
      health.failed(trouble("unreachable"));
      waits.push(health.waitMs);
      clock.advance(health.waitMs);
    }
    expect(waits.slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(Math.max(...waits)).toBe(BACKOFF.capMs / 2);
    health.succeeded();
    expect(health).toMatchObject({ failures: 0, waitMs: 0, trouble: null });
  });

  it("counts requests that fail together once", () => {
    const { health } = healthy();
    expect(health.failed(trouble("timeout"))).toBe(true);
    expect(health.failed(trouble("timeout"))).toBe(false);
    expect(health.failures).toBe(1);
  });

  it("waits as long as it is asked to", () => {
    const { health } = healthy();
    health.failed(trouble("busy", 30_000));
    expect(health.waitMs).toBe(30_000);
  });

  it("says hello at once to a receiver that restarted, but not for ever", () => {
    const { health } = healthy();
    health.failed(trouble("session_lost"));
    expect(health.waitMs).toBe(0);
    health.failed(trouble("session_lost"));
    expect(health.waitMs).toBeGreaterThan(0);
  });

  it("tries seldom, and says so loudly, what only an operator can help", () => {
    const { health, lines } = healthy();
    health.failed(trouble("denied"));
    expect(health).toMatchObject({ hopeless: true, waitMs: BACKOFF.capMs });
    expect(lines).toEqual(["error upstream_failed"]);
  });

  it("logs a trouble when it is new, and its end", () => {
    const { clock, health, lines } = healthy();
    for (let count = 0; count < 3; count++) {
      health.failed(trouble("unreachable"));
      clock.advance(health.waitMs);
    }
    health.succeeded();
    expect(lines).toEqual([
      "warn upstream_failed",
      "debug upstream_failed",
      "debug upstream_failed",
      "info upstream_recovered",
    ]);
  });
});
