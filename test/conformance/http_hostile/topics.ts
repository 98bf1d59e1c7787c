/** /v1/topics: made, changed and deleted. */
import { gzipSync } from "node:zlib";
import type { HostileCase, HostileRequest, HostileTable } from "./hostile_case.ts";

const PATH = "/v1/topics";
const KEPT = `${PATH}/kept`;

const json = (method: string, path: string, body: unknown): HostileRequest => ({
  ...{ method, path, headers: { "content-type": "application/json" } },
  body: () => typeof body === "string" ? body : JSON.stringify(body),
});
const make = (body: unknown) => json("POST", PATH, body);
const set = (settings: unknown) => json("PATCH", KEPT, { settings });
const raw = (method: string, path: string, type: string, body: string | Uint8Array) => ({
  ...{ method, path, headers: { "content-type": type }, body },
});

type Row = readonly [name: string, request: HostileRequest, status: number, code: string];

const INVALID = [400, "invalid_argument"] as const;
const MALFORMED = [400, "malformed_body"] as const;

const MADE: readonly Row[] = [
  ["no name", make({}), ...INVALID],
  ["a name that is a number", make({ topic: 7 }), ...INVALID],
  ["an empty name", make({ topic: "" }), 400, "invalid_topic"],
  ["a name that climbs out", make({ topic: "../../etc/passwd" }), 400, "invalid_topic"],
  ["a name of two dots", make({ topic: ".." }), 400, "invalid_topic"],
  ["a name with a zero byte", make({ topic: "a\0b" }), 400, "invalid_topic"],
  ["a name of 250 characters", make({ topic: "t".repeat(250) }), 400, "invalid_topic"],
  ["a name of 100,000 characters", make({ topic: "t".repeat(100_000) }), ...INVALID],
  ["a name that is there", make({ topic: "kept" }), 409, "topic_exists"],
  ["no partition", make({ topic: "x", partitions: 0 }), ...INVALID],
  ["half a partition", make({ topic: "x", partitions: 1.5 }), ...INVALID],
  ["2,001 partitions", make({ topic: "x", partitions: 2_001 }), ...INVALID],
  [
    "more partitions than are left",
    make({ topic: "x", partitions: 2_000 }),
    409,
    "too_many_partitions",
  ],
  ["a member of the body nobody knows", make({ topic: "x", replicas: 3 }), ...INVALID],
  ["a prototype", make('{"topic":"x","__proto__":{"partitions":2}}'), ...INVALID],
  ["a list instead of an object", make(["x"]), ...INVALID],
  ["settings that are a list", make({ topic: "x", settings: [1] }), ...INVALID],
  ["settings that are text", make({ topic: "x", settings: "retention_ms" }), ...INVALID],
  ["half a JSON value", make('{"topic":"x"'), ...MALFORMED],
  ["objects 100,000 deep", make('{"a":'.repeat(100_000)), ...MALFORMED],
  ["no body", make(""), ...MALFORMED],
  [
    "text that is no UTF-8",
    raw("POST", PATH, "application/json", Uint8Array.of(0x22, 0xff, 0x22)),
    ...MALFORMED,
  ],
  [
    "CBOR that claims 2^64 members",
    raw("POST", PATH, "application/cbor", Uint8Array.of(0xbb, ...Array(8).fill(0xff))),
    ...MALFORMED,
  ],
  [
    "a form",
    raw("POST", PATH, "application/x-www-form-urlencoded", "topic=x"),
    415,
    "unsupported_media_type",
  ],
  [
    "a packed body",
    {
      ...{ method: "POST", path: PATH, body: () => gzipSync('{"topic":"x"}') },
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    },
    415,
    "unsupported_media_type",
  ],
  ["a body of 2 MiB", make(`"${"x".repeat(2 ** 21)}"`), 413, "body_too_large"],
  ["a query", json("POST", `${PATH}?force=true`, { topic: "x" }), ...INVALID],
  [
    "an answer nobody can give",
    {
      ...make({ topic: "unanswered" }),
      headers: { "content-type": "application/json", accept: "image/png" },
    },
    406,
    "not_acceptable",
  ],
];

const CHANGED: readonly Row[] = [
  ["a setting nobody knows", set({ retension_ms: 1 }), ...INVALID],
  ["a setting of every object", set({ constructor: 1 }), ...INVALID],
  [
    "a setting that is a prototype",
    json("PATCH", KEPT, '{"settings":{"__proto__":{"a":1}}}'),
    ...INVALID,
  ],
  ["partitions among the settings", set({ partitions: 2 }), ...INVALID],
  ["a retention of NaN", set({ retention_ms: "NaN" }), ...INVALID],
  ["a retention below all", set({ retention_ms: -2 }), ...INVALID],
  ["a retention of 2^60", set({ retention_bytes: 2 ** 60 }), ...INVALID],
  ["segments of a byte", set({ segment_bytes: 1 }), ...INVALID],
  ["segments of a terabyte", set({ segment_bytes: "1TiB" }), ...INVALID],
  ["a policy nobody has", set({ disk_policy: "drop_newest" }), ...INVALID],
  ["a priority of ten", set({ priority: 10 }), ...INVALID],
  ["an object as a value", set({ durability: { sync: true } }), ...INVALID],
  ["fewer partitions", json("PATCH", KEPT, { partitions: 1 }), ...INVALID],
  ["a topic there is not", json("PATCH", `${PATH}/nowhere`, {}), 404, "unknown_topic"],
  ["a topic that is no UTF-8", json("PATCH", `${PATH}/%ff`, {}), ...INVALID],
  ["another name in the body", json("PATCH", KEPT, { topic: "other" }), ...INVALID],
];

const DELETED: readonly Row[] = [
  ["a topic there is not", { method: "DELETE", path: `${PATH}/nowhere` }, 404, "unknown_topic"],
  [
    "a topic that climbs out",
    { method: "DELETE", path: `${PATH}/%2e%2e%2fkept` },
    404,
    "unknown_topic",
  ],
  ["a flag of neither kind", { method: "DELETE", path: `${KEPT}?if_delivered=maybe` }, ...INVALID],
  [
    "a flag twice",
    { method: "DELETE", path: `${KEPT}?if_delivered=true&if_delivered=false` },
    ...INVALID,
  ],
  ["a parameter nobody knows", { method: "DELETE", path: `${KEPT}?confirm=yes` }, ...INVALID],
  [
    "with an answer nobody can give",
    { method: "DELETE", path: KEPT, headers: { accept: "image/png" } },
    406,
    "not_acceptable",
  ],
  [
    "what was made with an answer nobody can give",
    { method: "DELETE", path: `${PATH}/unanswered` },
    404,
    "unknown_topic",
  ],
  ["all topics", { method: "DELETE", path: PATH }, 405, "method_not_allowed"],
  ["records below an offset of text", {
    method: "DELETE",
    path: `${KEPT}/partitions/0/records?before=all`,
  }, ...INVALID],
];

const cases = (what: string, rows: readonly Row[]): HostileCase[] =>
  rows.map(([name, request, status, code]) => ({
    name: `${what}: ${name}`,
    request,
    status,
    code,
  }));

export const TOPICS: HostileTable = {
  title: "of topics",
  async prepare(http) {
    await fetch(`${http}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic: "kept", partitions: 3 }),
    });
  },
  cases: [...cases("made", MADE), ...cases("changed", CHANGED), ...cases("deleted", DELETED)],
};
