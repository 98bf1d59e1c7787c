/**
 * The client library: reads, writes, follows and administers a logboom node from Deno, Node 22 and
 * later, and browsers.
 *
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * await client.produce("logs", "hello");
 * for await (const record of client.read("logs", { onGap: console.warn })) {
 *   console.log(record.text());
 * }
 * ```
 *
 * @module
 */
export type { OnRetry, Retry } from "./backoff.ts";
export { BatchDecoder, type BatchInfo, type BatchPlace } from "./batch_decoder.ts";
export { Client, type ClientOptions, type ProduceOptions } from "./client.ts";
export { type ConsumeOptions, Consumer } from "./consumer.ts";
export type { Fetch } from "./environment.ts";
export type { BatchesFetch, MergedFetch, PartitionFetch } from "./fetch_page.ts";
export { Gap, type GapParts, type GapSource } from "./gap.ts";
export { type GroupInfo, type GroupOffset, Groups } from "./groups.ts";
export { LogboomError, type LogboomErrorParts } from "./logboom_error.ts";
export {
  type Bytes,
  LogRecord,
  type LogRecordParts,
  type RecordHeader,
  type RecordSource,
} from "./log_record.ts";
export { LogStream, type Position } from "./log_stream.ts";
export type { Account, LogAccount, Loss, Losses, LossesOptions } from "./losses.ts";
export type { OffsetToCommit, TopicPartition } from "./membership.ts";
export type { MergedPage, PageContents, PartitionPage } from "./page.ts";
export type { Landing } from "./produce_session.ts";
export { Producer, type ProducerOptions } from "./producer.ts";
export type { PageOptions, RecordFilter } from "./read_options.ts";
export type { ReadOptions } from "./read.ts";
export type { JsonValue, RecordInput, RecordParts } from "./record_input.ts";
export {
  type CallOptions,
  type GivenUp,
  type Topic,
  type TopicChange,
  type TopicCreation,
  type TopicPartitionInfo,
  Topics,
  type TopicSettings,
} from "./topics.ts";
export type { TailOptions } from "./tail.ts";
