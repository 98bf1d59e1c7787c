/** One upstream: what is sent, and how each way to fail is told. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../../src/base/net.ts";
import { CHECKSUM_HEADER, checksumOf } from "../../src/protocol/replication/checksum.ts";
import { encodeFetchAnswer } from "../../src/protocol/replication/fetch.ts";
import { encodeHelloAnswer } from "../../src/protocol/replication/hello.ts";
import { LinkBudget } from "../../src/replication/budget/link_budget.ts";
import { Link } from "../../src/replication/link.ts";
import { testCore } from "../support/core.ts";
import { HandClock } from "../support/hand_clock.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const session = {
  protocol: 1,
  session: "0".repeat(32),
  nodeId: "00000000000000bb",
  nodeName: "centre",
  bodyBytesMax: 4096,
};

function linkTo(http: HttpClient, clock = new HandClock()): Link {
  return new Link({
    http,
    upstreamUrl: "http://centre.example/base/",
    token: "secret",
    nodeId: "00000000000000aa",
    nodeName: "gateway",
    run: "00000000000000ee",
    clock,
    metrics: SILENT_METRICS,
    crc32c,
    budget: new LinkBudget({ clock, timers: clock }),
  });
}

function signed(body: Uint8Array<ArrayBuffer>, status = 200): HttpAnswer {
  return { status, body, headers: new Headers({ [CHECKSUM_HEADER]: checksumOf(body, crc32c) }) };
}

describe("Link", () => {
  it("says hello with its credential, and names the session from then on", async () => {
    const calls: HttpCall[] = [];
    const link = linkTo((call) => {
      calls.push(call);
      const answers = { logs: [], refused: [], skips: [] };
      const body = calls.length === 1 ? encodeHelloAnswer(session) : utf8(JSON.stringify(answers));
      return Promise.resolve(signed(body));
    });
    await link.hello();
    await link.announce([]);
    await link.append(new Uint8Array(3), { kind: "live", priority: 5 });
    expect(calls.map(({ url }) => url)).toEqual([
      "http://centre.example/base/v1/replication/hello",
      "http://centre.example/base/v1/replication/announce",
      "http://centre.example/base/v1/replication/append",
    ]);
    expect(calls[0]!.headers).toMatchObject({ authorization: "Bearer secret" });
    expect(calls[2]!.headers).toMatchObject({
      "content-type": "application/vnd.logboom.replication",
      "logboom-session": session.session,
      "logboom-protocol": "1",
    });
  });

  it("does not take a page of something in between for an answer", async () => {
    const headers = new Headers({ "content-type": "text/html" });
    const link = linkTo(() => Promise.resolve({ status: 200, headers, body: utf8("<html>") }));
    await expect(link.hello()).rejects.toMatchObject({ kind: "incompatible" });
  });

  it("does not believe an answer that was damaged on the way", async () => {
    const answer = signed(encodeHelloAnswer(session));
    answer.body[20]! ^= 1;
    const link = linkTo(() => Promise.resolve(answer));
    await expect(link.hello()).rejects.toMatchObject({ kind: "unreachable" });
    expect(link.session).toBeNull();
  });

  it("refuses an upstream that chooses a version nobody offered", async () => {
    const body = encodeHelloAnswer({ ...session, protocol: 7 });
    const link = linkTo(() => Promise.resolve(signed(body)));
    await expect(link.hello()).rejects.toMatchObject({ kind: "incompatible" });
  });

  it("tells late from unreachable", async () => {
    const clock = new HandClock();
    const error = new OperatingError("upstream_unreachable", "Cannot reach it");
    const gone = linkTo(() => Promise.reject(error), clock);
    await expect(gone.hello()).rejects.toMatchObject({ kind: "unreachable" });
    const late = linkTo((call) => {
      clock.advance(call.timeoutMs);
      return Promise.reject(error);
    }, clock);
    await expect(late.hello()).rejects.toMatchObject({ kind: "timeout" });
  });

  it("asks for records back, but of no upstream that does not know how", async () => {
    const sought = { logId: "00000000000000cc", from: 3, to: 5, maxBytes: 10, searchFrom: null };
    for (const protocol of [1, 2]) {
      const paths: string[] = [];
      const link = linkTo(({ url }) => {
        paths.push(new URL(url).pathname);
        const answer = encodeFetchAnswer({ batches: Uint8Array.of(1), searchFrom: 7 });
        return Promise.resolve(
          signed(paths.length === 1 ? encodeHelloAnswer({ ...session, protocol }) : answer),
        );
      });
      await expect(link.fetch(sought)).rejects.toMatchObject({ kind: "session_lost" });
      await link.hello();
      if (protocol === 1) {
        await expect(link.fetch(sought)).rejects.toMatchObject({ code: "unsupported_version" });
        expect(paths).toHaveLength(1);
      } else {
        expect(await link.fetch(sought)).toEqual({ batches: Uint8Array.of(1), searchFrom: 7 });
        expect(paths[1]).toBe("/base/v1/replication/fetch");
      }
    }
  });

  it("needs a session to announce", async () => {
    const link = linkTo(() => Promise.reject(new Error("must not be called")));
    await expect(link.announce([])).rejects.toMatchObject({ kind: "session_lost" });
  });

  it("learns the route above it with each answer, and gives it up where it is a loop", async () => {
    const a = "00000000000000a1";
    const said: unknown[] = [
      { logs: [], refused: [] },
      { logs: [], refused: [], route: [session.nodeId, a] },
      { logs: [], refused: [{ log_id: a, code: "loop_detected", detail: "x", retriable: false }] },
    ];
    const hellos: unknown[] = [];
    const link = linkTo(({ url, body }) => {
      if (!url.endsWith("/hello")) {
        return Promise.resolve(signed(utf8(JSON.stringify(said.shift()))));
      }
      hellos.push(JSON.parse(new TextDecoder().decode(body)));
      return Promise.resolve(signed(encodeHelloAnswer(session)));
    });
    await link.hello();
    expect(hellos).toMatchObject([{ node_id: "00000000000000aa", run: "00000000000000ee" }]);
    expect(link.route).toEqual([session.nodeId]);
    await link.announce([]);
    expect(link.route).toEqual([session.nodeId]);
    await link.announce([]);
    expect(link.route).toEqual([session.nodeId, a]);
    await expect(link.announce([])).rejects.toMatchObject({ kind: "loop", code: "loop_detected" });
    expect(link.route).toEqual([]);
  });
});
