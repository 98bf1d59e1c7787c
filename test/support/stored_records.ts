/** What stands in a partition, read back from its log and decoded. */
import type { DecodedRecord } from "../../src/core/record.ts";
import type { Store } from "../../src/store/store.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export async function recordsOf(
  store: Store,
  topic: string,
  partition = 0,
): Promise<DecodedRecord[]> {
  const log = store.topic(topic)!.partitions[partition]!;
  const records = [];
  for (let offset = log.logStartOffset; offset < log.highWatermark;) {
    const { batches, nextOffset } = await log.read(offset, { maxBytes: 1 << 20 });
    for (const batch of batches) records.push(...store.core.decode(batch));
    offset = nextOffset;
  }
  return records;
}

/** The values alone, as text. */
export async function textsOf(
  store: Store,
  topic: string,
  partition = 0,
): Promise<(string | null)[]> {
  const records = await recordsOf(store, topic, partition);
  return records.map(({ value }) => value === null ? null : decoder.decode(value));
}
