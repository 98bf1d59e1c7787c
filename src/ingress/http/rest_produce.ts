/**
 * POST /topics/{topic} and /topics/{topic}/partitions/{partition}, as Confluent's REST Proxy v2 and
 * Strimzi's bridge have them: records become durable, and each is answered with where it lies.
 *
 *   {"offsets": [{"partition": 0, "offset": 7, "error_code": null, "error": null}, ...],
 *    "key_schema_id": null, "value_schema_id": null}
 *
 * A request is read and checked whole before anything of it is appended. What a disk then refuses,
 * it refuses by partition: the records of that one have an error each, and the others their offset.
 * With `async=true` the answer is 204, and comes no sooner: nothing is acknowledged that a power
 * cut could take.
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import type { OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX, PRODUCE_ADMISSION_WAIT_MS } from "../../base/limits.ts";
import type { Counter } from "../../base/metrics.ts";
import type { Inflate } from "../../format/codec.ts";
import { Query } from "../../protocol/http/query.ts";
import { statusOf } from "../../protocol/http/problem.ts";
import { restError, restNumberOf } from "../../protocol/http/rest_error.ts";
import { type EmbeddedFormat, embeddedFormatOf } from "../../protocol/http/rest_media_type.ts";
import { plainTypeFor } from "../../protocol/http/rest_media_type.ts";
import { readRestRecords, type RestRecord } from "../../protocol/http/rest_records.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import { checkTopicName, type Topic } from "../../store/topic.ts";
import type { Admission } from "../admission.ts";
import { appendRecord } from "../record_appender.ts";
import { waitForRoom } from "./admission_wait.ts";
import type { BodyLimit } from "./body_limit.ts";
import type { IngressOptions, IngressStore } from "./options.ts";
import { partitionerOf } from "./partitioner.ts";
import { encodingOf, inflated } from "./produce_request.ts";
import { checkRecord, recordBytesMax } from "./record_size.ts";
import { RestLandings } from "./rest_landings.ts";

/** What is known of a request before its body is read. */
interface Head {
  readonly topic: string;
  readonly partition: number | null;
  readonly format: EmbeddedFormat;
  readonly encoding: "identity" | "gzip" | "zstd";
  readonly async: boolean;
  readonly answerType: string;
}

export class RestProduceHandler {
  readonly #store: IngressStore;
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #inflate: Inflate;
  readonly #bodyLimit: BodyLimit;
  readonly #admissionWaitMs: number;
  readonly #records: Counter;
  readonly #bytes: Counter;

  constructor(options: IngressOptions, bodyLimit: BodyLimit) {
    const { store, admission, clock, timers, inflate, limits, metrics } = options;
    this.#store = store;
    this.#admission = admission;
    this.#clock = clock;
    this.#timers = timers;
    this.#inflate = inflate;
    this.#bodyLimit = bodyLimit;
    this.#admissionWaitMs = limits?.admissionWaitMs ?? PRODUCE_ADMISSION_WAIT_MS;
    this.#records = metrics.counter("logboom_http_records_total", "Records produced over HTTP.");
    this.#bytes = metrics.counter(
      "logboom_http_received_bytes_total",
      "Bytes of bodies that became records.",
    );
  }

  /** @throws {OperatingError} whatever refuses the request; nothing of it was appended then. */
  async handle(
    request: Request,
    place: { readonly topic: string; readonly partition?: string },
  ): Promise<Response> {
    const head = readHead(request, place);
    await waitForRoom(this.#admission, this.#timers, this.#admissionWaitMs);
    const known = this.#store.topic(head.topic);
    if (known !== undefined) this.#store.checkRoom(known);
    const sent = await this.#bodyLimit.read(request);
    const records = this.#readRecords(head, sent);
    const topic = this.#store.topic(head.topic) ?? await this.#store.createTopic(head.topic);
    const logs = this.#placesOf(topic, head, records);

    const source = this.#admission.source(() => {});
    source.enter(sent.length);
    try {
      const landings = await this.#append(records, logs);
      landings.checkAny();
      this.#records.value += landings.taken;
      this.#bytes.value += sent.length;
      return answerOf(head, landings);
    } finally {
      source.close();
    }
  }

  #readRecords({ format, encoding }: Head, sent: Uint8Array): readonly RestRecord[] {
    const { bodyBytesMax } = this.#bodyLimit;
    const body = encoding === "identity"
      ? sent
      : inflated(encoding, sent, { inflate: this.#inflate, bodyBytesMax });
    return readRestRecords(body, format, this.#store.core);
  }

  /** Where each record goes; all of them are there, and fit. */
  #placesOf(topic: Topic, head: Head, records: readonly RestRecord[]): readonly PartitionLog[] {
    const { core, commits } = this.#store;
    const bytesMax = recordBytesMax(topic.settings);
    const placed = (partition?: number) =>
      partitionerOf(topic, { core, keyless: commits.cycle, partition });
    const byKey = placed(head.partition ?? undefined);
    return records.map((record, index) => {
      checkRecord(record, bytesMax, index);
      if (record.partition === null) return byKey(record.key);
      if (head.partition === null) return placed(record.partition)(record.key);
      throw restError(
        422,
        `Cannot take record ${index}: it has a partition, and so has the path`,
      );
    });
  }

  /** All in one turn: no commit can begin in between. */
  async #append(
    records: readonly RestRecord[],
    logs: readonly PartitionLog[],
  ): Promise<RestLandings> {
    const now = this.#clock.wallMs();
    records.forEach((record, index) => {
      appendRecord(this.#store, logs[index]!, { ...record, timestamp: record.timestamp ?? now });
    });
    const landings = new RestLandings(logs);
    await landings.done;
    return landings;
  }
}

/** @throws {OperatingError} whatever can be refused before the body is read. */
function readHead(
  request: Request,
  { topic, partition }: { readonly topic: string; readonly partition?: string },
): Head {
  const query = new Query(request.url, ["async"]);
  checkTopicName(topic);
  if (topic.startsWith("__")) {
    throw restError(40401, `Cannot append to ${topic}: "__" marks internal topics`);
  }
  const { headers } = request;
  if (headers.has("logboom-producer-id")) {
    throw restError(422, "Cannot take Logboom-Producer-Id here: /v1/topics/{topic}/records does");
  }
  return {
    topic,
    partition: partition === undefined ? null : partitionOf(topic, partition),
    format: embeddedFormatOf(headers.get("content-type")),
    encoding: encodingOf(headers.get("content-encoding")),
    async: query.flag("async"),
    answerType: plainTypeFor(headers.get("accept")),
  };
}

function partitionOf(topic: string, text: string): number {
  const partition = /^[0-9]{1,4}$/.test(text) ? Number(text) : PARTITIONS_MAX;
  if (partition < PARTITIONS_MAX) return partition;
  throw restError(40402, `Cannot append to ${topic}: it has no partition "${text.slice(0, 20)}"`);
}

function answerOf({ async, answerType }: Head, landings: RestLandings): Response {
  if (async) return new Response(null, { status: 204 });
  const offsets = landings.each((partition, offset, error) =>
    error === null
      ? { partition, offset, error_code: null, error: null }
      : { partition: null, offset: null, error_code: numberOf(error), error: error.message }
  );
  return new Response(
    JSON.stringify({ offsets, key_schema_id: null, value_schema_id: null }),
    { headers: { "content-type": answerType } },
  );
}

function numberOf(error: OperatingError): number {
  return restNumberOf(error, statusOf(error.code));
}
