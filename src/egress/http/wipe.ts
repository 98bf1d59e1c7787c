/**
 * DELETE /v1/topics/{topic}/partitions/{p}/records?before=N: an operator gives records up. What was
 * not delivered stands in the ledger.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import { checkAnswerable } from "../../protocol/http/answer.ts";
import { Query } from "../../protocol/http/query.ts";
import type { EgressStore } from "./options.ts";
import { topicOf } from "./topics.ts";

/** @throws {OperatingError} unknown_topic, unknown_partition, invalid_argument, offset_out_of_range */
export async function wipeRecords(
  store: EgressStore,
  request: Request,
  place: { readonly topic: string; readonly partition: string },
): Promise<unknown> {
  const query = new Query(request.url, ["before"]);
  checkAnswerable(request);
  const before = query.integer("before", { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (before === undefined) {
    const message = "Cannot wipe records: expected before, the first offset to keep";
    throw new OperatingError("invalid_argument", message, { parameter: "before" });
  }
  const { partitions } = topicOf(store, place.topic);
  const index = /^\d{1,4}$/.test(place.partition) ? Number(place.partition) : PARTITIONS_MAX;
  const log = partitions[index];
  if (log === undefined) {
    throw new OperatingError(
      "unknown_partition",
      `Cannot find partition "${place.partition.slice(0, 20)}" of topic "${place.topic}"`,
      { topic: place.topic, partitions: partitions.length },
    );
  }
  const { records, ledgered, freedBytes } = await store.space.wipe(log, before);
  return {
    topic: log.topic,
    partition: log.index,
    log_start_offset: log.logStartOffset,
    records,
    ledgered,
    freed_bytes: freedBytes,
  };
}
