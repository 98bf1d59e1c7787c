/** The REST proxy's interface: producing, consumer instances, and what is said of topics. */
import { gzipSync } from "node:zlib";
import type { HostileCase, HostileRequest, HostileTable } from "./hostile_case.ts";

const V2 = "application/vnd.kafka.v2+json";
const JSON_V2 = "application/vnd.kafka.json.v2+json";
const BINARY_V2 = "application/vnd.kafka.binary.v2+json";
const TEXT_V2 = "application/vnd.kafka.text.v2+json";

type Row = readonly [name: string, request: HostileRequest, status: number, code: number | null];

const produce = (body: string | (() => string), type = JSON_V2, path = "/topics/rest") => ({
  ...{ method: "POST", path, body },
  headers: { "content-type": type },
});

const records = (...list: unknown[]) => JSON.stringify({ records: list });

const INSTANCE = "/consumers/hostile/instances/one";
const ASSIGNED = "/consumers/hostile/instances/assigned";

const tell = (path: string, document: unknown, of = INSTANCE) => ({
  ...{ method: "POST", path: of + path, headers: { "content-type": V2 } },
  body: typeof document === "string" ? document : JSON.stringify(document),
});

const create = (config: unknown, group = "hostile") => ({
  ...{ method: "POST", path: `/consumers/${group}`, headers: { "content-type": V2 } },
  body: typeof config === "string" || isMade(config) ? config : JSON.stringify(config),
});

function isMade(body: unknown): body is () => string {
  return typeof body === "function";
}

const PRODUCING: readonly Row[] = [
  ["no body", produce(""), 400, 400],
  ["half a JSON object", produce('{"records":[{"value":'), 400, 400],
  ["more behind the object", produce(`${records({ value: 1 })} x`), 400, 400],
  ["10,000 arrays in each other", produce(`{"records":${"[".repeat(10_000)}`), 400, 400],
  ["a body that is an array", produce('[{"value":1}]'), 422, 422],
  ["no records in it", produce('{"value":1}'), 422, 422],
  ["an empty list of records", produce(records()), 422, 422],
  ["a record that is a number", produce(records(7)), 422, 422],
  ["a misspelt member", produce(records({ valeu: 1 })), 422, 422],
  ["a member twice", produce('{"records":[{"value":1,"value":2}]}'), 422, 422],
  ["a partition of text", produce(records({ value: 1, partition: "0" })), 422, 422],
  ["a timestamp before 1970", produce(records({ value: 1, timestamp: -1 })), 422, 422],
  ["headers that are no array", produce(records({ headers: { a: "b" } })), 422, 422],
  ["a schema that would be lost", produce('{"value_schema":"{}","records":[{}]}'), 422, 422],
  ["a value that is no base64", produce(records({ value: "*" }), BINARY_V2), 422, 42203],
  ["an object as text", produce(records({ value: {} }), TEXT_V2), 422, 42203],
  ["a lone surrogate as text", produce('{"records":[{"value":"\\ud800"}]}', TEXT_V2), 422, 42203],
  ["Avro", produce(records({ value: 1 }), "application/vnd.kafka.avro.v2+json"), 415, 415],
  ["plain JSON", produce(records({ value: 1 }), "application/json"), 415, 415],
  ["a topic with a space", produce(records({}), JSON_V2, "/topics/a%20b"), 400, 40002],
  ["a topic that is internal", produce(records({}), JSON_V2, "/topics/__offsets"), 404, 40401],
  [
    "a partition there is not",
    produce(records({}), JSON_V2, "/topics/rest/partitions/9"),
    404,
    40402,
  ],
  [
    "a partition that is no number",
    produce(records({}), JSON_V2, "/topics/rest/partitions/first"),
    ...[404, 40402] as const,
  ],
  [
    "a partition in path and record",
    produce(records({ partition: 0 }), JSON_V2, "/topics/rest/partitions/0"),
    ...[422, 422] as const,
  ],
  ["an unknown parameter", produce(records({}), JSON_V2, "/topics/rest?acks=0"), 400, 400],
  ["a record that fits no batch", produce(() => records({ value: "x".repeat(2e6) })), 413, 413],
  ["100,001 records", produce(() => `{"records":[${"{},".repeat(100_000)}{}]}`), 413, 413],
  [
    "a gzip bomb",
    {
      ...{ method: "POST", path: "/topics/rest" },
      body: () => gzipSync(new Uint8Array(100_000_000)),
      headers: { "content-type": JSON_V2, "content-encoding": "gzip" },
    },
    ...[413, 413] as const,
  ],
  ["DELETE of a topic", { method: "DELETE", path: "/topics/rest" }, 405, 405],
];

const CONSUMING: readonly Row[] = [
  ["a group with a line end", create({}, "a%0Ab"), 400, 400],
  ["an instance that is taken", create({ name: "one" }), 409, 40902],
  ["a config that is no JSON", create("{"), 400, 400],
  ["a config that is a list", create("[]"), 422, 42204],
  ["an unknown setting", create({ "max.poll.records": 1 }), 422, 42204],
  ["a format there is not", create({ format: "avro" }), 422, 42204],
  ["a reset there is not", create({ "auto.offset.reset": "smallest" }), 422, 42204],
  ["a session of a millisecond", create({ "session.timeout.ms": 1 }), 422, 42204],
  ["a name of 300 characters", create({ name: "x".repeat(300) }), 422, 42204],
  ["a form", { ...create("a=b"), headers: { "content-type": "text/plain" } }, 415, 415],
  ["a body of 2 MB", create(() => `{"name":"${"x".repeat(2e6)}"}`), 413, 413],
  ["an instance there is not", { path: "/consumers/hostile/instances/none/records" }, 404, 40403],
  ["a read without a subscription", { path: `${INSTANCE}/records` }, 409, 40903],
  ["a wait that never ends", { path: `${INSTANCE}/records?timeout=1e9` }, 400, 400],
  [
    "another format than its own",
    { path: `${ASSIGNED}/records`, headers: { accept: BINARY_V2 } },
    ...[406, 40601] as const,
  ],
  ["no topics to subscribe to", tell("/subscription", { topics: [] }), 422, 422],
  ["1,001 topics", tell("/subscription", { topics: many(1_001) }), 422, 422],
  ["a topic that cannot be", tell("/subscription", { topics: [".."] }), 400, 40002],
  [
    "topics and a pattern",
    tell("/subscription", { topics: ["a"], topic_pattern: "a" }),
    409,
    40903,
  ],
  ["a pattern that does not end", tell("/subscription", { topic_pattern: "(a" }), 422, 422],
  ["a pattern of Java's own", tell("/subscription", { topic_pattern: "(?!a).*" }), 422, 422],
  [
    "a subscription beside an assignment",
    tell("/subscription", { topics: ["a"] }, ASSIGNED),
    409,
    40903,
  ],
  ["no partitions to assign", tell("/assignments", { topics: ["a"] }), 422, 422],
  ["a commit of a topic there is not", tell("/offsets", offsets("none", 0)), 404, 40401],
  ["a commit beyond the end", tell("/offsets", offsets("rest", 1e15)), 422, 422],
  ["a commit of a negative offset", tell("/offsets", offsets("rest", -1)), 422, 422],
  ["a note of 5,000 bytes", tell("/offsets", offsets("rest", 0, "x".repeat(5_000))), 400, 400],
  ["a seek in what is another's", tell("/positions", offsets("rest", 0)), 404, 40402],
  ["a seek to nowhere", tell("/positions/end", ""), 422, 422],
  ["HEAD of records", { method: "HEAD", path: `${ASSIGNED}/records` }, 405, null],
  ["a group that is no UTF-8", { path: "/consumers/%ff/instances/one/records" }, 400, 400],
  ["PUT of records", { method: "PUT", path: `${INSTANCE}/records` }, 405, 405],
  [
    "a pattern that keeps a backtracking matcher busy for years, and is just served",
    { path: "/consumers/patterns/instances/one/records?timeout=0" },
    ...[200, null] as const,
  ],
  ["a path there is not", { path: `${INSTANCE}/messages` }, 404, 404],
];

const head = (path: string, type: string) =>
  [`POST ${path} HTTP/1.1`, "host: n", `content-type: ${type}`, "content-length: 100", "", ""]
    .join("\r\n");

const SLOW: readonly HostileCase[] = [
  ["records of a byte a second", head("/topics/rest", JSON_V2)] as const,
  ["a commit of a byte a second", head(`${INSTANCE}/offsets`, V2)] as const,
].map(([name, start]) => ({
  ...{ name, request: { raw: [start, ..."{".repeat(45)], pauseMs: 1_000 } },
  ...{ status: 408, code: 408, slow: true as const },
}));

function many(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `topic-${at}`);
}

function offsets(topic: string, offset: number, metadata = "") {
  return { offsets: [{ topic, partition: 0, offset, metadata }] };
}

/** A pattern that would keep a backtracking matcher busy for years: it is taken, and served. */
const PATTERN = "(a+)+(a+)+(a+)+b|".repeat(20) + "x";

export const REST: HostileTable = {
  title: "the REST proxy's interface",
  async prepare(http) {
    const post = async (path: string, type: string, document: unknown) => {
      const headers = { "content-type": type };
      const body = JSON.stringify(document);
      const answer = await fetch(http + path, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      await answer.body?.cancel();
    };
    await post("/topics/rest", JSON_V2, { records: [{ value: 1 }] });
    await post(`/topics/${"a".repeat(249)}`, JSON_V2, { records: [{ value: 1 }] });
    await post("/consumers/hostile", V2, { name: "one" });
    await post("/consumers/hostile", V2, { name: "assigned", format: "json" });
    const partitions = [{ topic: "rest", partition: 0 }];
    await post("/consumers/hostile/instances/assigned/assignments", V2, { partitions });
    await post("/consumers/patterns", V2, { name: "one" });
    await post("/consumers/patterns/instances/one/subscription", V2, { topic_pattern: PATTERN });
  },
  cases: [
    ...[...PRODUCING, ...CONSUMING].map(([name, request, status, code]): HostileCase => ({
      ...{ name, request, status, code },
    })),
    ...SLOW,
  ],
};
