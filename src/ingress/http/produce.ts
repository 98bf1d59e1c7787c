/**
 * POST /v1/topics/{topic}/records: a body becomes records, and is answered once they are durable.
 *
 *   1  the head: path, parameters, headers
 *   2  room: waits while too much is in flight; refused where the disk is full
 *   3  the body, within its limits; read and checked whole, so that all of it is taken or nothing
 *   4  the topic, made on first use
 *   5  all records appended in one turn, and one commit waited for
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { PRODUCE_ADMISSION_WAIT_MS } from "../../base/limits.ts";
import type { Counter } from "../../base/metrics.ts";
import type { Inflate } from "../../format/codec.ts";
import { negotiate } from "../../protocol/http/media_type.ts";
import type { Topic } from "../../store/topic.ts";
import type { Admission } from "../admission.ts";
import { appendRecord } from "../record_appender.ts";
import { waitForRoom } from "./admission_wait.ts";
import { appendLines } from "./append_lines.ts";
import { BodyLimit } from "./body_limit.ts";
import { CommitWait } from "./commit_wait.ts";
import { produceOnce } from "./idempotence.ts";
import type { IngressOptions, IngressStore } from "./options.ts";
import { partitionerOf } from "./partitioner.ts";
import { ANSWER_TYPES, type LandingDocument, landingsOf, produceAnswer } from "./produce_answer.ts";
import {
  type ProduceBody,
  type ProduceHead,
  readProduceBody,
  readProduceHead,
} from "./produce_request.ts";
import { checkRecord, checkRecordSize, plainRecordBytes, recordBytesMax } from "./record_size.ts";

export class ProduceHandler {
  readonly #store: IngressStore;
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #inflate: Inflate;
  /** For all doors that bodies of records come by. */
  readonly bodyLimit: BodyLimit;
  readonly #admissionWaitMs: number;
  readonly #records: Counter;
  readonly #bytes: Counter;

  constructor({ store, admission, clock, timers, inflate, limits, metrics }: IngressOptions) {
    this.#store = store;
    this.#admission = admission;
    this.#clock = clock;
    this.#timers = timers;
    this.#inflate = inflate;
    this.#admissionWaitMs = limits?.admissionWaitMs ?? PRODUCE_ADMISSION_WAIT_MS;
    this.bodyLimit = new BodyLimit({
      clock,
      timers,
      ...(limits?.bodyBytesMax === undefined ? {} : { bodyBytesMax: limits.bodyBytesMax }),
      ...(limits?.bodiesBytesMax === undefined ? {} : { bodiesBytesMax: limits.bodiesBytesMax }),
      ...(limits?.bodyTimeoutMs === undefined ? {} : { timeoutMs: limits.bodyTimeoutMs }),
    });
    metrics.gauge(
      "logboom_http_bodies_bytes",
      "Bytes of request bodies that are not whole yet.",
      () => this.bodyLimit.bytes,
    );
    this.#records = metrics.counter("logboom_http_records_total", "Records produced over HTTP.");
    this.#bytes = metrics.counter(
      "logboom_http_received_bytes_total",
      "Bytes of bodies that became records.",
    );
  }

  /** @throws {OperatingError} whatever refuses the request; nothing of it was appended then. */
  async handle(request: Request, topicName: string): Promise<Response> {
    const head = readProduceHead(request, topicName);
    const answerType = negotiate(request.headers.get("accept"), ANSWER_TYPES);
    await waitForRoom(this.#admission, this.#timers, this.#admissionWaitMs);
    this.#checkDisk(head);
    const sent = await this.bodyLimit.read(request);
    const body = readProduceBody(head, sent, {
      core: this.#store.core,
      inflate: this.#inflate,
      bodyBytesMax: this.bodyLimit.bodyBytesMax,
    });
    const topic = this.#store.topic(head.topic) ?? await this.#store.createTopic(head.topic);
    checkSizes(topic, head, body);

    const source = this.#admission.source(() => {});
    source.enter(sent.length);
    try {
      const { landings, replayed } = await this.#produce(topic, head, { body, sent });
      if (!replayed) {
        this.#bytes.value += sent.length;
        for (const { records } of landings) this.#records.value += records;
      }
      return produceAnswer(answerType, landings, replayed);
    } finally {
      source.close();
    }
  }

  /**
   * Refuses before the body is read what its commit would refuse. Not what has an identity of its
   * own: its answer may be known.
   */
  #checkDisk({ producer, topic: name }: ProduceHead): void {
    const topic = this.#store.topic(name);
    if (producer === null && topic !== undefined) this.#store.checkRoom(topic);
  }

  async #produce(
    topic: Topic,
    head: ProduceHead,
    { body, sent }: { readonly body: ProduceBody; readonly sent: Uint8Array },
  ): Promise<{ readonly landings: readonly LandingDocument[]; readonly replayed: boolean }> {
    const timestamp = this.#clock.wallMs();
    if (head.producer !== null && body.kind === "records") {
      const { records } = body;
      return await produceOnce(this.#store, topic, { head, sent, records, timestamp });
    }
    const wait = this.#append(topic, head, { body, timestamp });
    await wait.done;
    return { landings: landingsOf(wait.landings), replayed: false };
  }

  /** All in one turn: no commit can begin in between. */
  #append(
    topic: Topic,
    head: ProduceHead,
    { body, timestamp }: { readonly body: ProduceBody; readonly timestamp: number },
  ): CommitWait {
    const store = this.#store;
    const { cycle } = store.commits;
    const partitioner = partitionerOf(topic, {
      core: store.core,
      keyless: cycle,
      partition: head.partition,
    });
    const wait = new CommitWait();
    if (body.kind === "lines") {
      const log = partitioner(head.key);
      appendLines(store, log, { bytes: body.bytes, key: head.key, timestamp });
      wait.add(log);
      return wait;
    }
    const touched = new Set(body.records.map((record) => {
      const log = partitioner(record.key);
      appendRecord(store, log, { ...record, timestamp: record.timestamp ?? timestamp });
      return log;
    }));
    for (const log of touched) wait.add(log);
    return wait;
  }
}

/** @throws {OperatingError} record_too_large, before anything is appended. */
function checkSizes(topic: Topic, head: ProduceHead, body: ProduceBody): void {
  const bytesMax = recordBytesMax(topic.settings);
  if (body.kind === "lines") {
    const bytes = plainRecordBytes(body.longestLine, head.key?.length ?? 0);
    return checkRecordSize(bytes, bytesMax, "longest");
  }
  body.records.forEach((record, index) => checkRecord(record, bytesMax, index));
}
