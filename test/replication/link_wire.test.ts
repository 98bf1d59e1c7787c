/** One request through the budget: what is counted, in what pieces it goes, and how it fails. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { HttpCall, HttpClient } from "../../src/base/net.ts";
import { mergeBudget, NO_BUDGET } from "../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../src/replication/budget/link_budget.ts";
import { CONTROL } from "../../src/replication/budget/link_class.ts";
import {
  answerBytes,
  framesBytes,
  requestHeadBytes,
} from "../../src/replication/budget/wire_bytes.ts";
import { LinkWire } from "../../src/replication/link_wire.ts";
import { HandClock } from "../support/hand_clock.ts";

const ANSWER = { status: 200, headers: new Headers({ "content-length": "2" }), body: utf8("ok") };
const URL = "http://centre.example/x";

function wireTo(http: HttpClient, given: unknown = {}, clock = new HandClock()) {
  const budget = new LinkBudget({ clock, timers: clock, settings: mergeBudget(NO_BUDGET, given) });
  const compress = (bytes: Uint8Array<ArrayBuffer>) =>
    Promise.resolve(bytes.slice(0, bytes.length / 2));
  const wire = new LinkWire({ http, budget, clock, metrics: SILENT_METRICS, compress });
  const post = (bodyBytes: number, mayWrap = false) =>
    wire.post({
      url: URL,
      headers: { "content-type": "a/b" },
      body: new Uint8Array(bodyBytes),
      linkClass: CONTROL,
      mayWrap,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
    });
  return { post, budget, clock };
}

describe("LinkWire", () => {
  it("counts heads and bodies, both ways", async () => {
    const calls: HttpCall[] = [];
    const { post, budget } = wireTo((call) => {
      calls.push(call);
      return Promise.resolve(ANSWER);
    });
    await post(1_000);
    const { url, headers } = calls[0]!;
    const head = requestHeadBytes({ url, headers, bodyBytes: 1_000, paced: false });
    expect(budget.wire).toMatchObject({ sent: head + 1_000, received: answerBytes(ANSWER) });
    expect(budget.status().used.day).toBe(head + 1_000 + answerBytes(ANSWER));
    expect(headers).toMatchObject({ "accept-encoding": "identity", "content-type": "a/b" });
  });

  it("sends a large body in pieces under a cap, and counts their frames", async () => {
    const clock = new HandClock();
    const pieces: number[] = [];
    const { budget, post } = wireTo(
      async ({ body, pace }) => {
        for (let at = 0; at < body!.length;) {
          const next = pace!(body!.length - at);
          while (pieces.length * 1_250 <= at) {
            clock.advance(50);
            await Promise.resolve();
            if (at === pieces.length * 1_250) break;
          }
          clock.advance(1_000);
          pieces.push(await next);
          at += pieces.at(-1)!;
        }
        return ANSWER;
      },
      { bytes_per_second: 10_000 },
      clock,
    );
    await post(3_000);
    expect(pieces).toEqual([1_250, 1_250, 500]);
    const headers = { "accept": "*/*", "accept-encoding": "identity", "user-agent": "logboom" };
    const head = requestHeadBytes({
      url: URL,
      headers: { ...headers, "content-type": "a/b" },
      bodyBytes: 3_000,
      paced: true,
    });
    expect(budget.wire.sent).toBe(head + 3_000 + framesBytes(3_000, 1_250) - 5);
  });

  it("does not take time it waited for the cap for the link's", async () => {
    const clock = new HandClock();
    const error = new OperatingError("upstream_unreachable", "Cannot reach it", { sent: true });
    const { post } = wireTo(
      async ({ pace, body }) => {
        const piece = pace!(body!.length);
        clock.advance(5_000);
        await piece;
        throw error;
      },
      { bytes_per_second: 1_000 },
      clock,
    );
    const posted = post(2_000);
    clock.advance(1_000);
    await expect(posted).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("counts what was cut off, and nothing where nobody was there", async () => {
    let sent = true;
    const { post, budget } = wireTo(() =>
      Promise.reject(new OperatingError("upstream_unreachable", "Cannot reach it", { sent }))
    );
    await expect(post(1_000)).rejects.toMatchObject({ kind: "unreachable" });
    const { day } = budget.status().used;
    expect(day).toBeGreaterThan(1_000);
    sent = false;
    await expect(post(1_000)).rejects.toMatchObject({ kind: "unreachable" });
    expect(budget.status().used.day).toBe(day);
    expect(budget.wire.sent).toBe(day);
  });

  it("says budget, not failure, when the quota has no room", async () => {
    const { post } = wireTo(() => Promise.reject(new Error("must not be called")), {
      bytes_per_day: 65_536,
    });
    await expect(post(70_000)).rejects.toMatchObject({ kind: "budget", code: "quota_exceeded" });
  });

  it("goes compressed where that pays and the other side takes it", async () => {
    const calls: HttpCall[] = [];
    const { budget, post } = wireTo((call) => {
      calls.push(call);
      return Promise.resolve(ANSWER);
    }, { bytes_per_day: 1_000_000 });
    await post(10_000, false);
    await post(10_000, true);
    expect(calls.map(({ body }) => body!.length)).toEqual([10_000, 5_000]);
    expect(calls.map(({ headers }) => headers["content-encoding"])).toEqual([undefined, "zstd"]);
    expect(budget.wire).toMatchObject({ bodies: 20_000, saved: 5_000 });
  });
});
