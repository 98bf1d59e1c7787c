import { expect, it } from "vitest";
import { readBatchHeader } from "../../../src/format/record_batch.ts";
import { BatchDigest } from "../../../src/store/check/batch_digest.ts";
import { batchOf } from "../../support/batches.ts";
import { testCore } from "../../support/core.ts";

const LOG = "00000000000000ff";
const headers = (values: readonly string[]) =>
  values.map((value, at) => readBatchHeader(batchOf(testCore(), [value], { baseOffset: at })));

function digestOf(all: ReturnType<typeof headers>): BatchDigest {
  const digest = new BatchDigest();
  for (const header of all) digest.add(header);
  return digest;
}

it("agrees on the same batches in any order, and on no others", () => {
  const some = headers(["a", "b", "c"]);
  const digest = digestOf(some);
  expect(digest.agrees(digestOf(some.toReversed()), LOG)).toBe(true);
  expect(digest.agrees(digestOf(headers(["a", "x", "c"])), LOG)).toBe(false);
  expect(digest.agrees(digestOf(some.slice(1)), LOG)).toBe(false);
  expect(digest.agrees(digestOf([...some, some[0]!, some[0]!]), LOG)).toBe(false);
  expect(digest.agrees(digestOf([]), LOG)).toBe(false);
  expect(digest.agrees(digest, "0000000000000001")).toBeNull();
});
