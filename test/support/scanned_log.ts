/** A log in memory, a batch to a segment, with damage where there is none. */
import { vi } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { Core } from "../../src/core/core.ts";
import type { ReadableLog } from "../../src/egress/record_page.ts";

interface Place {
  readonly from: number;
  readonly to: number;
  /** Null where it is damaged: one offset. */
  readonly bytes: Uint8Array | null;
  readonly timestamp: number;
}

type Read = Awaited<ReturnType<ReadableLog["read"]>>;

export function scannedLog(
  core: Core,
  batches: readonly (readonly string[] | null)[],
  { index = 0, timestamps = [] as readonly number[] } = {},
) {
  const records: { offset: number; value: string; timestamp: number }[] = [];
  const places: Place[] = [];
  let offset = 0;
  batches.forEach((values, nth) => {
    const timestamp = timestamps[nth] ?? 1;
    const from = offset;
    core.discard(0);
    for (const value of values ?? []) {
      core.append(0, { timestamp, value: utf8(value) });
      records.push({ offset: offset++, value, timestamp });
    }
    const stamp = { leaderEpoch: 1, logId: "00000000000000ff", compression: "none" } as const;
    const bytes = values === null ? null : core.seal(0, { baseOffset: from, ...stamp });
    if (values === null) offset++;
    places.push({ from, to: offset, bytes, timestamp: values === null ? -1 : timestamp });
  });
  const gaps = places.filter(({ bytes }) => bytes === null)
    .map(({ from, to }) => ({ from, to, reason: "corrupt" }));
  const read = (from: number): Promise<Read> => {
    const passed = [];
    for (let at = places.findIndex(({ to }) => to > from); at >= 0 && at < places.length; at++) {
      const { bytes, ...place } = places[at]!;
      if (bytes !== null) {
        return Promise.resolve({ batches: [bytes.slice()], nextOffset: place.to, gaps: passed });
      }
      passed.push({ from: Math.max(from, place.from), to: place.to, reason: "corrupt" });
    }
    return Promise.resolve({ batches: [], nextOffset: offset, gaps: passed });
  };
  return {
    ...{ topic: "t", index, logStartOffset: 0, highWatermark: offset, gaps, records },
    damaged: gaps.map(({ from }) => from),
    segments: () =>
      places.map(({ from, to, timestamp }) => ({
        ...{ baseOffset: from, endOffset: to, maxTimestamp: timestamp },
      })),
    read: vi.fn(read),
  };
}
