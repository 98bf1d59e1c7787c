/**
 * Requests with an identity of their own: appended once, however often they come, across any crash.
 * What of a request is durable already is left out, and the rest goes where it was going.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import type { TimestampMs } from "../../base/types.ts";
import type { BodyRecord } from "../../protocol/http/produce_body.ts";
import type { HttpRequest } from "../../store/http_requests.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import { appendRecord } from "../record_appender.ts";
import { CommitWait } from "./commit_wait.ts";
import type { IngressStore } from "./options.ts";
import { keylessPartitionOf, partitionerOf } from "./partitioner.ts";
import { type LandingDocument, landingsOfParts } from "./produce_answer.ts";
import type { ProduceHead } from "./produce_request.ts";

export interface OnceOptions {
  readonly head: ProduceHead;
  readonly sent: Uint8Array;
  readonly records: readonly BodyRecord[];
  readonly timestamp: TimestampMs;
}

/** @throws {OperatingError} sequence_conflict, sequence_too_old, or what the commit failed with. */
export async function produceOnce(
  store: IngressStore,
  topic: Topic,
  options: OnceOptions,
): Promise<{ readonly landings: readonly LandingDocument[]; readonly replayed: boolean }> {
  const { producerId, sequence } = options.head.producer!;
  const fingerprint = fingerprintOf(store, options);
  for (;;) {
    const verdict = store.origins.http(producerId, sequence, fingerprint);
    if (verdict.kind === "wait") {
      await verdict.settled;
      continue;
    }
    const { request } = verdict;
    if (verdict.kind === "repeat") {
      return { landings: landingsOfParts(request.parts), replayed: true };
    }
    try {
      await appendMissing(store, topic, {
        ...options,
        request,
        resumed: verdict.kind === "resume",
      });
    } finally {
      request.finish();
    }
    return { landings: landingsOfParts(request.parts), replayed: false };
  }
}

interface MissingOptions extends OnceOptions {
  readonly request: HttpRequest;
  readonly resumed: boolean;
}

/** Appends what is not durable yet, in one turn, and waits for it. */
function appendMissing(
  store: IngressStore,
  topic: Topic,
  { head, records, timestamp, request, resumed }: MissingOptions,
): Promise<void> {
  const keyless = resumed && request.keylessPartition !== null
    ? request.keylessPartition
    : keylessPartitionOf(topic, store.core, head.producer!.producerId);
  const partitioner = partitionerOf(topic, {
    core: store.core,
    keyless,
    partition: head.partition,
  });
  const byLog = Map.groupBy(records, ({ key }) => partitioner(key));
  request.begin(records.length, keyless);
  const wait = new CommitWait();
  for (const [log, share] of byLog) appendRuns(store, { log, share, request, timestamp, wait });
  return wait.done;
}

/** Each run of records that are not durable yet is one entry of the journal. */
function appendRuns(
  store: IngressStore,
  { log, share, request, timestamp, wait }: {
    readonly log: PartitionLog;
    readonly share: readonly BodyRecord[];
    readonly request: HttpRequest;
    readonly timestamp: TimestampMs;
    readonly wait: CommitWait;
  },
): void {
  let from: number | null = null;
  const end = () => {
    if (from !== null) wait.add(log, [request.entry(from)]);
    from = null;
  };
  share.forEach((record, index) => {
    if (request.holds(log.topic, log.index, index)) return end();
    from ??= index;
    appendRecord(store, log, { ...record, timestamp: record.timestamp ?? timestamp });
  });
  end();
}

/** Tells a repeat from another request with the same sequence. */
function fingerprintOf({ core }: IngressStore, { head, sent }: OnceOptions): string {
  const { topic, type, encoding, partition, key } = head;
  const place = JSON.stringify([topic, type, encoding, partition ?? null, key?.toHex() ?? null]);
  const crc = core.crc32c(sent, core.crc32c(utf8(place)));
  return `${crc.toString(16).padStart(8, "0")}-${sent.length.toString(16)}`;
}
