/** What an answer tells about the link: one row for each kind, and what is no trouble of the link. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { troubleOf } from "../../src/replication/link_trouble.ts";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  body: typeof body === "string" ? utf8(body) : utf8(JSON.stringify(body)),
});

describe("troubleOf()", () => {
  it.each([
    [409, { code: "unknown_session" }, "session_lost"],
    [400, { code: "unsupported_version", detail: "speaks 7" }, "incompatible"],
    [400, { code: "malformed_body" }, "busy"],
    [409, { code: "loop_detected", detail: "round it goes" }, "loop"],
    [401, "", "denied"],
    [403, { code: "peer_mismatch" }, "denied"],
    [408, "", "busy"],
    [413, "", "too_large"],
    [429, "", "busy"],
    [503, { code: "overloaded" }, "busy"],
    [507, { code: "storage_full" }, "busy"],
    [502, "<html>bad gateway</html>", "busy"],
    [404, "<html>no such page</html>", "incompatible"],
    [302, "", "incompatible"],
  ])("sorts %i %j as %s", (status, body, kind) => {
    expect(troubleOf(answer(status, body), "http://centre")?.kind).toBe(kind);
  });

  it("finds none in good news, mixed or not", () => {
    expect(troubleOf(answer(200, { logs: [] }), "http://centre")).toBeNull();
    const mixed = { code: "lane_out_of_order", logs: [], refused: [{}] };
    expect(troubleOf(answer(409, mixed), "http://centre")).toBeNull();
  });

  it("obeys Retry-After, within reason", () => {
    const after = (text: string) =>
      troubleOf(answer(503, "", { "retry-after": text }), "http://centre")?.retryAfterMs;
    expect(after("7")).toBe(7_000);
    expect(after("999999999")).toBe(300_000);
    expect(after("Wed, 21 Oct 2015 07:28:00 GMT")).toBe(0);
    expect(after("-1")).toBe(0);
  });

  it("passes on what the receiver said", () => {
    expect(troubleOf(answer(400, { code: "unsupported_version", detail: "speaks 7" }), "http://c"))
      .toMatchObject({ message: "Cannot replicate to http://c: speaks 7" });
  });
});
