/** POST /v1/topics/{topic}/records. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { HostileCase, HostileTable } from "./hostile_case.ts";

const PATH = "/v1/topics/hostile/records";

const post = (type: string, body: string | Uint8Array | (() => string | Uint8Array)) => ({
  ...{ method: "POST", path: PATH, body },
  headers: { "content-type": type },
});

const encoded = (encoding: string, body: () => Uint8Array) => ({
  ...post("text/plain", body),
  headers: { "content-type": "text/plain", "content-encoding": encoding },
});

const head = (...lines: string[]) =>
  [`POST ${PATH} HTTP/1.1`, "host: n", ...lines, "", ""].join("\r\n");

/** 100 MB of zeros. */
const bomb = () => new Uint8Array(100_000_000);

const BODIES: readonly HostileCase[] = [
  ["no body", post("application/json", ""), 400, "malformed_body"],
  ["half a JSON value", post("application/json", '{"a":'), 400, "malformed_body"],
  ["a trailing comma", post("application/json", "[1,]"), 400, "malformed_body"],
  ["a JSON array in itself, 10,000 deep", post("application/json", "[".repeat(10_000)), 400],
  ["a broken second line", post("application/x-ndjson", '{"a":1}\n{"a":\n'), 400],
  ["CBOR that ends early", post("application/cbor", new Uint8Array([0x82, 1])), 400],
  ["CBOR that claims 2^32 elements", post("application/cbor", bytes("9affffffff01")), 400],
  ["a batch with a broken checksum", post("application/vnd.logboom.batches", batch()), 400],
  ["a batch that is none", post("application/vnd.logboom.batches", "not a batch"), 400],
  ["a record with an unknown member", post(RECORDS(), '[{"valeu":1}]'), 400],
  ["a record with a timestamp of text", post(RECORDS(), '[{"timestamp":"now"}]'), 400],
  ["a lone surrogate", post(RECORDS(), '[{"value":"\\ud800"}]'), 400],
  ["key and key_base64", post(RECORDS(), '[{"key":"a","key_base64":"YQ=="}]'), 400],
  ["a gzip body cut short", encoded("gzip", () => gzipSync("abc".repeat(99)).subarray(0, 20)), 400],
  ["a body that is no gzip", encoded("gzip", () => new TextEncoder().encode("plain")), 400],
].map(([name, request, status, code]) => ({
  ...{ name, request, status },
  code: code ?? "malformed_body",
} as HostileCase));

const SIZES: readonly HostileCase[] = [
  {
    name: "a gzip bomb",
    request: encoded("gzip", () => gzipSync(bomb())),
    ...{ status: 413, code: "body_too_large" },
  },
  {
    name: "a zstd bomb",
    request: encoded("zstd", () => zstdCompressSync(bomb())),
    ...{ status: 413, code: "body_too_large" },
  },
  {
    name: "a record over its limit",
    request: post("application/octet-stream", () => new Uint8Array(2 * 1024 * 1024)),
    ...{ status: 413, code: "record_too_large" },
  },
  {
    name: "a body that says it has a terabyte",
    request: { raw: head("content-type: text/plain", "content-length: 1000000000000") + "x" },
    ...{ status: 413, code: "body_too_large" },
  },
  {
    name: "a chunk that says it has a gigabyte, and stops",
    request: {
      raw: head("content-type: text/plain", "transfer-encoding: chunked") + "40000000\r\nabc",
    },
    ...{ status: 408, code: "request_timeout", slow: true },
  },
  {
    name: "a body of a byte a second",
    request: {
      raw: [head("content-type: text/plain", "content-length: 100"), ..."x".repeat(45)],
      pauseMs: 1_000,
    },
    ...{ status: 408, code: "request_timeout", slow: true },
  },
];

const HEADS: readonly HostileCase[] = [
  {
    name: "no content type",
    request: { method: "POST", path: PATH, body: "x" },
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "a form",
    request: post("application/x-www-form-urlencoded", "a=1"),
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "text in UTF-16",
    request: post("text/plain; charset=utf-16", "x"),
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "an encoding nobody knows",
    request: encoded("br", () => new Uint8Array(3)),
    ...{ status: 415, code: "unsupported_media_type" },
  },
  {
    name: "a producer id without a sequence",
    request: {
      ...post("text/plain", "x"),
      headers: { "content-type": "text/plain", "logboom-producer-id": "p" },
    },
    ...{ status: 400, code: "invalid_argument" },
  },
  {
    name: "a sequence below zero",
    request: {
      ...post("text/plain", "x"),
      headers: {
        ...{ "content-type": "text/plain", "logboom-producer-id": "p" },
        "logboom-sequence": "-1",
      },
    },
    ...{ status: 400, code: "invalid_argument" },
  },
  {
    name: "two content lengths",
    request: { raw: head("content-length: 1", "content-length: 2") + "xx" },
    ...{ status: 400, code: null },
  },
  {
    name: "a header of a megabyte",
    request: { raw: head("content-length: 1", `x-large: ${"x".repeat(1_000_000)}`) + "x" },
    ...{ status: 400, code: null },
  },
];

const PLACES: readonly HostileCase[] = [
  ["a topic that climbs out", "/v1/topics/..%2f..%2fetc/records", 400, "invalid_topic"],
  ["a topic with a zero byte", "/v1/topics/a%00b/records", 400, "invalid_topic"],
  ["a topic of two dots", "/v1/topics/%2e%2e/records", 400, "invalid_topic"],
  ["a topic of 250 characters", `/v1/topics/${"t".repeat(250)}/records`, 400, "invalid_topic"],
  ["an internal topic", "/v1/topics/__books/records", 400, "invalid_topic"],
  ["a partition that is none", `${PATH}?partition=one`, 400, "invalid_argument"],
  ["a partition there is not", `${PATH}?partition=7`, 404, "unknown_partition"],
  ["a parameter nobody knows", `${PATH}?acks=0`, 400, "invalid_argument"],
  ["a parameter twice", `${PATH}?key=a&key=b`, 400, "invalid_argument"],
  ["a key that is no UTF-8", `${PATH}?key=%ff`, 400, "invalid_argument"],
].map(([name, path, status, code]) => ({
  request: { ...post("text/plain", "x"), path },
  ...{ name, status, code },
} as HostileCase));

export const PRODUCE: HostileTable = {
  title: "to produce",
  cases: [...BODIES, ...SIZES, ...HEADS, ...PLACES],
};

function RECORDS(): string {
  return "application/vnd.logboom.records+json";
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (digits) => parseInt(digits, 16));
}

/** The header of an empty batch, and a checksum of zeros. */
function batch(): Uint8Array {
  const header = new Uint8Array(61);
  header[11] = 49;
  header[16] = 2;
  return header;
}
