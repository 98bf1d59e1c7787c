import { expect, it } from "vitest";
import { contentCoding } from "../../../src/protocol/http/content_coding.ts";

it.each([
  [null, null],
  ["", null],
  ["identity", null],
  ["br, deflate", null],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["GZIP;Q=0.5", "gzip"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip;q=1.0, zstd;q=0.5", "gzip"],
  ["gzip;q=0, *", "zstd"],
  ["*", "zstd"],
  ["*;q=0", null],
  ["zstd;q=0, gzip;q=0", null],
  ["gzip;q=0.5, identity;q=0.8", null],
  ["gzip;q=0.8, identity;q=0.5", "gzip"],
  ["gzip ; q = 0.3", "gzip"],
  ["gzip;q=lots", null],
  ["gzip;q=2", null],
  ["identity;q=0", null],
  [`gzip,${"x,".repeat(1_000)}`, null],
])("contentCoding() of %s is %s", (header, coding) => {
  expect(contentCoding(header)).toBe(coding);
});
