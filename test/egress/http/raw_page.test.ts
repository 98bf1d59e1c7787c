/** Batches as they lie: the rest is told of whole requests in fetch.test.ts. */
import { expect, it } from "vitest";
import { GAPS_PER_HEADER_MAX } from "../../../src/base/limits.ts";
import { rawPage } from "../../../src/egress/http/raw_page.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";
import { testCore } from "../../support/core.ts";
import { scannedLog } from "../../support/scanned_log.ts";

const core = testCore();

const page = (log: ReturnType<typeof scannedLog>, maxBytes = 1_000_000) =>
  rawPage(log as unknown as PartitionLog, 0, {
    maxBytes,
    lossesBefore: () => [],
    headersOf: (_, nextOffset, type) => ({ "content-type": type, next: String(nextOffset) }),
  });

it("joins what several reads gave, and names the gaps between them", async () => {
  const response = await page(scannedLog(core, [["a"], null, ["b", "c"]]));
  expect(response.headers.get("next")).toBe("4");
  expect(JSON.parse(response.headers.get("logboom-gaps")!))
    .toEqual([{ from: 1, to: 2, reason: "corrupt" }]);
  const bytes = await response.bytes();
  const size = core.verifyBatch(bytes);
  expect(core.decode(bytes.subarray(0, size)).map(({ offset }) => offset)).toEqual([0]);
  expect(core.decode(bytes.subarray(size)).map(({ offset }) => offset)).toEqual([2, 3]);
});

it("ends before a gap that its header cannot name", async () => {
  const pairs = Array.from({ length: GAPS_PER_HEADER_MAX + 5 }, () => [["a"], null]).flat();
  const response = await page(scannedLog(core, pairs));
  const gaps = JSON.parse(response.headers.get("logboom-gaps")!);
  expect(gaps).toHaveLength(GAPS_PER_HEADER_MAX);
  const next = 2 * GAPS_PER_HEADER_MAX + 1;
  expect(response.headers.get("next")).toBe(String(next));
  const bytes = await response.bytes();
  let last = -1;
  for (let at = 0; at < bytes.length;) {
    const size = core.verifyBatch(bytes.subarray(at));
    last = core.decode(bytes.subarray(at, at + size))[0]!.offset;
    at += size;
  }
  expect(last).toBe(next - 1);
});
