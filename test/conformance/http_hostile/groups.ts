/** /v1/groups: members and offsets. */
import { gzipSync } from "node:zlib";
import type { HostileCase, HostileRequest, HostileTable } from "./hostile_case.ts";

const MEMBERS = "/v1/groups/hostile/members";
const HEARTBEAT = `${MEMBERS}/nobody/heartbeat`;
const OFFSETS = "/v1/groups/hostile/offsets";

const json = (method: string, path: string, body: unknown): HostileRequest => ({
  ...{ method, path, headers: { "content-type": "application/json" } },
  body: () => typeof body === "string" ? body : JSON.stringify(body),
});
const join = (body: unknown) => json("POST", MEMBERS, body);
const commit = (...offsets: unknown[]) => json("PUT", OFFSETS, { offsets });
const at = (more: object) => ({ topic: "grouped", partition: 0, offset: 1, ...more });

type Row = readonly [name: string, request: HostileRequest, status: number, code: string];

const JOINS: readonly Row[] = [
  ["no topics", join({}), 400, "invalid_argument"],
  ["an empty list of topics", join({ topics: [] }), 400, "invalid_argument"],
  ["a topic that is a number", join({ topics: [7] }), 400, "invalid_argument"],
  ["a topic that climbs out", join({ topics: ["../etc"] }), 400, "invalid_topic"],
  ["1,001 topics", join({ topics: Array(1_001).fill("t") }), 400, "invalid_argument"],
  ["a list instead of an object", join([1]), 400, "invalid_argument"],
  ["a member of the body nobody knows", join({ topics: ["t"], acks: 1 }), 400, "invalid_argument"],
  [
    "a prototype",
    join('{"topics":["t"],"__proto__":{"member_id":"x"}}'),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a session of a millisecond",
    join({ topics: ["t"], session_timeout_ms: 1 }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a session of a year",
    join({ topics: ["t"], session_timeout_ms: 31_536_000_000 }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a rebalance of half a millisecond",
    join({ topics: ["t"], rebalance_timeout_ms: 0.5 }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "an assignor nobody knows",
    join({ topics: ["t"], assignor: "constructor" }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "an instance id with a zero byte",
    join({ topics: ["t"], instance_id: "a\0b" }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a wait below zero",
    join({ topics: ["t"], max_wait_ms: -1 }),
    ...[400, "invalid_argument"] as const,
  ],
  ["half a JSON value", join('{"topics":["t"'), 400, "malformed_body"],
  ["objects 100,000 deep", join('{"a":'.repeat(100_000)), 400, "malformed_body"],
  ["no body", join(""), 400, "malformed_body"],
  ["text that is no UTF-8", join('{"topics":["\xff'), 400, "malformed_body"],
  [
    "CBOR that claims 2^32 members",
    cbor("POST", MEMBERS, "bbffffffffffffffff"),
    ...[400, "malformed_body"] as const,
  ],
  ["CBOR that is two items", cbor("POST", MEMBERS, "a0a0"), 400, "malformed_body"],
];

const COMMITS: readonly Row[] = [
  ["no offsets", commit(), 400, "invalid_argument"],
  ["an offset below zero", commit(at({ offset: -1 })), 400, "invalid_argument"],
  ["an offset of 2^53", commit(at({ offset: 2 ** 53 })), 400, "invalid_argument"],
  ["an offset of text", commit(at({ offset: "1" })), 400, "invalid_argument"],
  ["half an offset", commit(at({ offset: 1.5 })), 400, "invalid_argument"],
  ["a partition there is not", commit(at({ partition: 7 })), 404, "unknown_partition"],
  ["a topic there is not", commit(at({ topic: "nowhere" })), 404, "unknown_topic"],
  ["a topic called __proto__", commit(at({ topic: "__proto__" })), 404, "unknown_topic"],
  ["one good and one bad", commit(at({}), at({ topic: "nowhere" })), 404, "unknown_topic"],
  ["metadata over its limit", commit(at({ metadata: "x".repeat(4_097) })), 400, "invalid_argument"],
  ["2,001 offsets", commit(...Array(2_001).fill(at({}))), 400, "invalid_argument"],
  [
    "a member id without a generation",
    json("PUT", OFFSETS, { offsets: [at({})], member_id: "m" }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a member nobody knows",
    json("PUT", OFFSETS, { offsets: [at({})], member_id: "m", generation: 1 }),
    ...[409, "unknown_member"] as const,
  ],
];

const STEPS: readonly Row[] = [
  ["a heartbeat of nobody", json("POST", HEARTBEAT, { generation: 1 }), 409, "unknown_member"],
  ["a heartbeat without a generation", json("POST", HEARTBEAT, {}), 400, "invalid_argument"],
  [
    "a heartbeat in 2^31",
    json("POST", HEARTBEAT, { generation: 2 ** 31 }),
    ...[400, "invalid_argument"] as const,
  ],
  ["leaving as nobody", { method: "DELETE", path: `${MEMBERS}/nobody` }, 409, "unknown_member"],
  [
    "deleting a group there is not",
    { method: "DELETE", path: "/v1/groups/none" },
    ...[404, "unknown_group"] as const,
  ],
  ["a group there is not", { path: "/v1/groups/none" }, 404, "unknown_group"],
  ["a parameter nobody knows", { path: "/v1/groups?limit=1" }, 400, "invalid_argument"],
  [
    "a group with a line feed",
    json("POST", "/v1/groups/a%0ab/members", { topics: ["t"] }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a group that is no UTF-8",
    json("POST", "/v1/groups/%ff/members", { topics: ["t"] }),
    ...[400, "invalid_argument"] as const,
  ],
  [
    "a group of 250 characters",
    json("PUT", `/v1/groups/${"g".repeat(250)}/offsets`, { offsets: [at({})] }),
    ...[400, "invalid_argument"] as const,
  ],
  ["a method nobody has", { method: "PATCH", path: OFFSETS }, 405, "method_not_allowed"],
];

const BODIES: readonly HostileCase[] = [
  {
    name: "a form",
    request: { method: "POST", path: MEMBERS, body: "topics=t", headers: form() },
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "a gzip bomb",
    request: {
      ...{ method: "PUT", path: OFFSETS, body: () => gzipSync(new Uint8Array(50_000_000)) },
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    },
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "a body over its limit",
    request: commit(at({ metadata: "x".repeat(1_100_000) })),
    ...{ status: 413, code: "body_too_large" },
  },
  {
    name: "a chunked body over its limit",
    request: { raw: chunked("x".repeat(1_100_000)) },
    ...{ status: 413, code: "body_too_large" },
  },
  {
    name: "a body that never ends",
    request: { raw: head("content-length: 100") + "{" },
    ...{ status: 408, code: "request_timeout", slow: true },
  },
];

export const GROUPS: HostileTable = {
  title: "to groups",
  async prepare(http) {
    const headers = { "content-type": "text/plain" };
    await fetch(`${http}/v1/topics/grouped/records`, { method: "POST", headers, body: "x" });
  },
  cases: [
    ...[...JOINS, ...COMMITS, ...STEPS].map(([name, request, status, code]) => ({
      ...{ name, request, status, code },
    })),
    ...BODIES,
  ],
};

function cbor(method: string, path: string, hex: string): HostileRequest {
  const body = Uint8Array.from(hex.match(/../g)!, (digits) => parseInt(digits, 16));
  return { method, path, body, headers: { "content-type": "application/cbor" } };
}

function form() {
  return { "content-type": "application/x-www-form-urlencoded" };
}

function head(...lines: string[]): string {
  const first = `POST ${MEMBERS} HTTP/1.1`;
  return [first, "host: n", "content-type: application/json", ...lines, "", ""].join("\r\n");
}

function chunked(body: string): string {
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
  return `${head("transfer-encoding: chunked")}${chunk}0\r\n\r\n`;
}
