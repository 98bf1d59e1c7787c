/**
 * One page of records: of a partition, of a whole topic, or as batches.
 *
 * @module
 */
import { BatchDecoder } from "./batch_decoder.ts";
import { type Gap, gapOf, type WireGap } from "./gap.ts";
import { LogboomError } from "./logboom_error.ts";
import { type MergedPage, mergedPage, type PartitionPage, partitionPage } from "./page.ts";
import { type PageOptions, QueryText, segment } from "./read_options.ts";
import type { Transport } from "./transport.ts";

/**
 * A page of one partition, in the order of its offsets.
 *
 * @example Wait for a record, and check its checksum
 * ```ts
 * import { Client, type PartitionFetch } from "@logboom/client";
 *
 * const wanted: PartitionFetch = { partition: 0, offset: "latest", maxWaitMs: 20_000, verify: true };
 * const page = await new Client({ url: "http://localhost:8080" }).fetch("logs", wanted);
 * console.log(page.records.length, page.nextOffset);
 * ```
 */
export interface PartitionFetch extends PageOptions {
  /** Which one. */
  readonly partition: number;
  /** Where to begin; at the earliest record where neither this nor a timestamp is given. */
  readonly offset?: number | "earliest" | "latest";
  /** Instead of an offset: the first record of this time or later. */
  readonly timestamp?: Date | number;
  /** Leader epoch of the record before: refused where the log's history contradicts it. */
  readonly epoch?: number;
  /** Wait for so many bytes, rather than for one record. */
  readonly minBytes?: number;
  /** `arrival` is the order of offsets. */
  readonly order?: "arrival";
  /** Take the batches as they lie on the disk, and check their CRC-32C here. No filters then. */
  readonly verify?: boolean;
}

/**
 * A page of all partitions merged; or, in the order of source, of one.
 *
 * @example All partitions, by their timestamps
 * ```ts
 * import { Client, type MergedFetch } from "@logboom/client";
 *
 * const wanted: MergedFetch = { order: "source", source: true, maxRecords: 100 };
 * const page = await new Client({ url: "http://localhost:8080" }).fetch("logs", wanted);
 * console.log(page.cursor, page.heldBack);
 * ```
 */
export interface MergedFetch extends PageOptions {
  /** All, where left out; only with `order: "source"`. */
  readonly partition?: number;
  /** Of an earlier page; from the earliest records where left out. */
  readonly cursor?: string;
  /** `source`: each gateway's log in its own order, in one piece, every record once. */
  readonly order?: "arrival" | "source";
}

/**
 * Batches of one partition as they lie on the disk.
 *
 * @example Copy what lies on the disk
 * ```ts
 * import { type BatchesFetch, Client } from "@logboom/client";
 *
 * const wanted: BatchesFetch = { partition: 0, offset: "earliest", maxBytes: 1_000_000 };
 * const bytes = await new Client({ url: "http://localhost:8080" }).batches("logs", wanted);
 * console.log(bytes.length);
 * ```
 */
export interface BatchesFetch
  extends Pick<PartitionFetch, "partition" | "offset" | "timestamp" | "epoch" | "minBytes"> {
  /** Bytes at most; one batch at least. */
  readonly maxBytes?: number;
  /** Milliseconds to wait where there are no records yet. */
  readonly maxWaitMs?: number;
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

const JSON_TYPE = "application/json";
const BATCHES = "application/vnd.logboom.batches";

/** @throws {LogboomError} */
export async function fetchPartition(
  transport: Transport,
  topic: string,
  options: PartitionFetch,
): Promise<PartitionPage> {
  if (options.verify) return await fetchVerified(transport, topic, options);
  const { bytes } = await transport.ask({
    path: partitionPath(topic, options.partition) +
      placeQuery(options, new QueryText().page(options)),
    accept: JSON_TYPE,
    signal: options.signal,
    waitMs: options.maxWaitMs ?? 0,
  });
  return partitionPage(bytes, { topic, partition: options.partition });
}

/** @throws {LogboomError} */
export async function fetchMerged(
  transport: Transport,
  topic: string,
  options: MergedFetch,
): Promise<MergedPage> {
  const { partition, cursor, order } = options;
  const path = partition === undefined
    ? `/v1/topics/${segment(topic)}/records`
    : partitionPath(topic, partition);
  const { bytes } = await transport.ask({
    path: `${path}${new QueryText().page(options).add("cursor", cursor).add("order", order)}`,
    accept: JSON_TYPE,
    signal: options.signal,
    waitMs: options.maxWaitMs ?? 0,
  });
  return mergedPage(bytes, { topic, partition: partition ?? 0 });
}

/** Bytes, with what the node says beside them. */
export interface RawPage extends Omit<PartitionPage, "records"> {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @throws {LogboomError} */
export async function fetchBatches(
  transport: Transport,
  topic: string,
  options: BatchesFetch,
): Promise<RawPage> {
  const { partition, maxBytes, maxWaitMs, signal } = options;
  const query = new QueryText().add("max_bytes", maxBytes).add("max_wait_ms", maxWaitMs);
  const { bytes, headers } = await transport.ask({
    path: partitionPath(topic, partition) + placeQuery(options, query),
    accept: BATCHES,
    signal,
    waitMs: maxWaitMs ?? 0,
  });
  return {
    bytes,
    gaps: gapsOf(headers, { topic, partition }),
    nextOffset: numberOf(headers, "logboom-next-offset"),
    leaderEpoch: numberOf(headers, "logboom-leader-epoch"),
    highWatermark: numberOf(headers, "logboom-high-watermark"),
    logStartOffset: numberOf(headers, "logboom-log-start-offset"),
  };
}

async function fetchVerified(
  transport: Transport,
  topic: string,
  options: PartitionFetch,
): Promise<PartitionPage> {
  const { partition } = options;
  if (`${new QueryText().filter(options)}` !== "" || options.source) {
    const message = "Cannot filter batches, or tell their sources: read them without verify";
    throw new LogboomError("invalid_argument", message);
  }
  const { bytes, ...page } = await fetchBatches(transport, topic, options);
  const decoder = await BatchDecoder.load();
  const records = await decoder.decode(bytes, { topic, partition });
  // The first batch may begin before what was asked for.
  const from = typeof options.offset === "number" ? options.offset : page.logStartOffset;
  const since = options.timestamp === undefined ? -Infinity : Number(options.timestamp);
  const first = records.findIndex(({ offset, timestamp }) => offset >= from && timestamp >= since);
  return { ...page, records: first < 0 ? [] : records.slice(first) };
}

function placeQuery(
  { offset, timestamp, epoch, minBytes }: Omit<BatchesFetch, "partition">,
  query: QueryText,
): string {
  const time = timestamp === undefined ? undefined : Number(timestamp);
  query.add("offset", offset).add("timestamp", time);
  return `${query.add("epoch", epoch).add("min_bytes", minBytes)}`;
}

function partitionPath(topic: string, partition: number): string {
  return `/v1/topics/${segment(topic)}/partitions/${partition}/records`;
}

function gapsOf(headers: Headers, place: { topic: string; partition: number }): Gap[] {
  const text = headers.get("logboom-gaps");
  if (text === null) return [];
  return (JSON.parse(text) as WireGap[]).map((gap) => gapOf(gap, place));
}

function numberOf(headers: Headers, name: string): number {
  const text = headers.get(name);
  if (text !== null) return Number(text);
  // A browser shows a page of another origin only the headers that the node exposes.
  throw new LogboomError("invalid_answer", `Cannot read the page: it has no header ${name}`);
}
