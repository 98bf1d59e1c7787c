/** GET of a live tail. */
import { encodeCursor } from "../../../src/protocol/http/cursor.ts";
import type { HostileCase, HostileTable } from "./hostile_case.ts";

const TAIL = "/v1/topics/tailed/tail";
const ELSEWHERE = {
  topicId: "0123456789abcdef0123456789abcdef",
  standings: [{ epoch: -1, offset: 0 }],
};

const row = (
  name: string,
  query: string,
  ...[status, code, headers]: [number, string, Record<string, string>?]
): HostileCase => ({
  ...{ name, status, code },
  request: { path: TAIL + query, ...(headers === undefined ? {} : { headers }) },
});

const invalid = (name: string, query: string, headers?: Record<string, string>) =>
  row(name, query, 400, "invalid_argument", headers);

const PLACES = [
  invalid("from nowhere", "?from="),
  invalid("from the middle", "?from=middle"),
  invalid("from an offset", "?from=1"),
  invalid("from twice", "?from=latest&from=earliest"),
  invalid("a cursor of rubbish", "?cursor=abc"),
  invalid("an empty cursor", "?cursor="),
  invalid("a cursor of 20,000 characters", `?cursor=${"A".repeat(20_000)}`),
  invalid("a cursor and where to begin", `?from=latest&cursor=${encodeCursor(ELSEWHERE)}`),
  invalid(
    "a cursor of another order",
    `?cursor=${encodeCursor({ ...ELSEWHERE, source: { partition: null } })}`,
  ),
  row("a cursor of another topic", `?cursor=${encodeCursor(ELSEWHERE)}`, 416, "log_diverged"),
  invalid("a last event of rubbish", "", { "last-event-id": "42" }),
  invalid("a last event that is no ASCII", "", { "last-event-id": "\xff\xfe" }),
  invalid("a last event of 10,000 characters", "", { "last-event-id": "A".repeat(10_000) }),
  invalid("a last event cut in transit", "", {
    "last-event-id": encodeCursor(ELSEWHERE).slice(0, -3),
  }),
  row("a last event of another topic", "?from=earliest", 416, "log_diverged", {
    "last-event-id": encodeCursor(ELSEWHERE),
  }),
  row("a partition there is not", "?partition=9", 404, "unknown_partition"),
  invalid("a partition below zero", "?partition=-1"),
  invalid("a partition of a word", "?partition=all"),
  invalid("a partition of 2^40", "?partition=1099511627776"),
];

const WISHES = [
  invalid("nothing to look for", "?contains="),
  invalid("too much to look for", `?contains=${"x".repeat(300)}`),
  invalid("a header without a name", "?header.=x"),
  invalid("since yesterday", "?since=yesterday"),
  invalid("a flag that is none", "?source=maybe"),
  invalid("the order of source", "?order=source"),
  invalid("so many records", "?max_records=5"),
  invalid("a key that is no UTF-8", "?key=%ff"),
  row("JSON", "", 406, "not_acceptable", { accept: "application/json" }),
  row("a stream at quality 0", "", 406, "not_acceptable", { accept: "text/event-stream;q=0" }),
  row("another stream", "", 406, "not_acceptable", { accept: "text/html, multipart/mixed" }),
];

const PATHS: readonly HostileCase[] = [
  {
    name: "a topic there is not",
    request: { path: "/v1/topics/nothing/tail" },
    status: 404,
    code: "unknown_topic",
  },
  {
    name: "a path with too much",
    request: { path: `${TAIL}/0` },
    status: 404,
    code: "not_found",
  },
  ...["POST", "PUT", "DELETE"].map((method) => ({
    name: `${method} of a tail`,
    request: { method, path: TAIL, body: "x" },
    status: 405,
    code: "method_not_allowed",
  })),
  {
    name: "HEAD of one there is not",
    request: { method: "HEAD", path: "/v1/topics/nothing/tail" },
    status: 404,
    code: null,
  },
];

export const TAILED: HostileTable = {
  title: "tail",
  async prepare(http) {
    const answer = await fetch(`${http}/v1/topics/tailed/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "a\nb\nc",
    });
    await answer.body?.cancel();
  },
  cases: [...PLACES, ...WISHES, ...PATHS],
};
