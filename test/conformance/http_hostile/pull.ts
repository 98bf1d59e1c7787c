/** GET of records: by partition, and merged. */
import type { HostileCase, HostileTable } from "./hostile_case.ts";

const PARTITION = "/v1/topics/pulled/partitions/0/records";
const MERGED = "/v1/topics/pulled/records";
const BATCHES = "application/vnd.logboom.batches";

const row = (
  name: string,
  path: string,
  ...[status, code, headers]: [number, string | null, Record<string, string>?]
): HostileCase => ({
  ...{ name, status, code },
  request: headers === undefined ? { path } : { path, headers },
});

const PLACES = [
  row("an offset behind the end", `${PARTITION}?offset=4`, 416, "offset_out_of_range"),
  row("the largest offset", `${PARTITION}?offset=9007199254740991`, 416, "offset_out_of_range"),
  row("an offset of 2^64", `${PARTITION}?offset=18446744073709551616`, 400, "invalid_argument"),
  row("an offset below zero", `${PARTITION}?offset=-1`, 400, "invalid_argument"),
  row("an offset with a fraction", `${PARTITION}?offset=1.5`, 400, "invalid_argument"),
  row("an offset of a word", `${PARTITION}?offset=newest`, 400, "invalid_argument"),
  row("offset and timestamp", `${PARTITION}?offset=0&timestamp=0`, 400, "invalid_argument"),
  row("a timestamp of text", `${PARTITION}?timestamp=now`, 400, "invalid_argument"),
  row("an epoch from the future", `${PARTITION}?offset=1&epoch=999999`, 416, "log_diverged"),
  row(
    "a partition there is not",
    `/v1/topics/pulled/partitions/9/records`,
    404,
    "unknown_partition",
  ),
  row("a partition of a word", `/v1/topics/pulled/partitions/x/records`, 404, "unknown_partition"),
  row(
    "a partition of 2^40",
    `/v1/topics/pulled/partitions/1099511627776/records`,
    404,
    "unknown_partition",
  ),
  row("a topic there is not", `/v1/topics/nothing/records`, 404, "unknown_topic"),
  row(
    "a topic of 5,000 characters",
    `/v1/topics/${"t".repeat(5_000)}/records`,
    404,
    "unknown_topic",
  ),
  row("a path that is no UTF-8", `/v1/topics/%ff/records`, 404, "unknown_topic"),
  row("a path with too much", `${PARTITION}/0`, 404, "not_found"),
];

const CURSORS = [
  row("a cursor of rubbish", `${MERGED}?cursor=abc`, 400, "invalid_argument"),
  row("an empty cursor", `${MERGED}?cursor=`, 400, "invalid_argument"),
  row(
    "a cursor of 20,000 characters",
    `${MERGED}?cursor=${"A".repeat(20_000)}`,
    400,
    "invalid_argument",
  ),
  row("a cursor of one partition", `${PARTITION}?cursor=AQAAAAAA`, 400, "invalid_argument"),
  row("an order nobody knows", `${MERGED}?order=random`, 400, "invalid_argument"),
];

const AMOUNTS = [
  row("no records", `${PARTITION}?max_records=0`, 400, "invalid_argument"),
  row("a billion records", `${PARTITION}?max_records=1000000000`, 400, "invalid_argument"),
  row("a terabyte", `${PARTITION}?max_bytes=1000000000000`, 400, "invalid_argument"),
  row("a wait of a year", `${PARTITION}?max_wait_ms=31536000000`, 400, "invalid_argument"),
  row("a wait into the past", `${PARTITION}?max_wait_ms=-1`, 400, "invalid_argument"),
  row("min_bytes of all partitions", `${MERGED}?min_bytes=5`, 400, "invalid_argument"),
  row("a flag that is none", `${PARTITION}?source=yes`, 400, "invalid_argument"),
  row("a parameter nobody knows", `${PARTITION}?max_record=5`, 400, "invalid_argument"),
  row("a parameter twice", `${PARTITION}?offset=0&offset=1`, 400, "invalid_argument"),
];

const FILTERS = [
  row("nothing to look for", `${PARTITION}?contains=`, 400, "invalid_argument"),
  row("too much to look for", `${PARTITION}?contains=${"x".repeat(300)}`, 400, "invalid_argument"),
  row("a key of 10,000 bytes", `${MERGED}?key=${"x".repeat(10_000)}`, 400, "invalid_argument"),
  row("a header without a name", `${PARTITION}?header.=x`, 400, "invalid_argument"),
  row("a header twice", `${PARTITION}?header.a=x&header.a=y`, 400, "invalid_argument"),
  row("seventeen headers", `${PARTITION}?${headers(17)}`, 400, "invalid_argument"),
  row("since yesterday", `${PARTITION}?since=yesterday`, 400, "invalid_argument"),
  row(
    "until the 30th of February",
    `${MERGED}?until=2026-02-30T00:00:00Z`,
    400,
    "invalid_argument",
  ),
  row("min_bytes of what matches", `${PARTITION}?key=a&min_bytes=5`, 400, "invalid_argument"),
  row("batches, filtered", `${PARTITION}?key=a`, 400, "invalid_argument", { accept: BATCHES }),
];

const TYPES = [
  row("a type nobody has", PARTITION, 406, "not_acceptable", { accept: "text/html" }),
  row("a type at quality 0", PARTITION, 406, "not_acceptable", { accept: "application/json;q=0" }),
  row("an Accept of 2,000 characters", PARTITION, 400, "invalid_argument", {
    accept: "a/b,".repeat(500),
  }),
  row("raw batches, merged", MERGED, 406, "not_acceptable", { accept: BATCHES }),
  row("raw batches in the order of source", `${PARTITION}?order=source`, 406, "not_acceptable", {
    accept: BATCHES,
  }),
];

const METHODS: readonly HostileCase[] = [
  {
    name: "PUT",
    request: { method: "PUT", path: MERGED, body: "x" },
    status: 405,
    code: "method_not_allowed",
  },
  {
    name: "a method of its own",
    request: { method: "PULL", path: MERGED },
    status: 405,
    code: "method_not_allowed",
  },
  {
    name: "HEAD behind the end",
    request: { method: "HEAD", path: `${PARTITION}?offset=4` },
    status: 416,
    code: null,
  },
  {
    name: "no HTTP",
    request: { raw: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" },
    status: 400,
    code: null,
  },
  {
    name: "HTTP/9",
    request: { raw: `GET ${MERGED} HTTP/9.9\r\nhost: n\r\n\r\n` },
    status: 400,
    code: null,
  },
  {
    name: "wipe without a place",
    request: { method: "DELETE", path: PARTITION },
    status: 400,
    code: "invalid_argument",
  },
  {
    name: "wipe behind the end",
    request: { method: "DELETE", path: `${PARTITION}?before=99` },
    status: 416,
    code: "offset_out_of_range",
  },
];

export const PULL: HostileTable = {
  title: "to pull",
  async prepare(http) {
    const response = await fetch(`${http}/v1/topics/pulled/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "one\ntwo\nthree",
    });
    await response.body?.cancel();
  },
  cases: [...PLACES, ...CURSORS, ...AMOUNTS, ...FILTERS, ...TYPES, ...METHODS],
};

function headers(count: number): string {
  return Array.from({ length: count }, (_, at) => `header.h${at}=v`).join("&");
}
