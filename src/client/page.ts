/**
 * Pages of records, from the node's JSON: every engine reads it faster than anything that a library
 * could, and bytes that are no UTF-8 are in it as well, as base64.
 *
 * @module
 */
import { type Gap, gapOf, type WireGap } from "./gap.ts";
import type { LogRecord } from "./log_record.ts";
import { LogboomError } from "./logboom_error.ts";
import { recordOf, type WireRecord } from "./wire_record.ts";

/**
 * What pages have in common.
 *
 * @example Whether anything is missing
 * ```ts
 * import type { PageContents } from "@logboom/client";
 *
 * export function isWhole({ gaps }: PageContents): boolean {
 *   return gaps.length === 0;
 * }
 * ```
 */
export interface PageContents {
  /** The records, in their order. */
  readonly records: readonly LogRecord[];
  /** What is missing among them, and before and behind. */
  readonly gaps: readonly Gap[];
}

/**
 * A page of one partition.
 *
 * @example How far behind one is
 * ```ts
 * import { Client, type PartitionPage } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const page: PartitionPage = await client.fetch("logs", { partition: 0, offset: 0 });
 * console.log(page.highWatermark - page.nextOffset);
 * ```
 */
export interface PartitionPage extends PageContents {
  /** Where the next page begins. */
  readonly nextOffset: number;
  /** The leader epoch of the record before that; -1 where there is none. */
  readonly leaderEpoch: number;
  /** The first offset that cannot be read yet. */
  readonly highWatermark: number;
  /** The first offset that is kept. */
  readonly logStartOffset: number;
}

/**
 * A page of all partitions of a topic, or of one in the order of source.
 *
 * @example Page by page
 * ```ts
 * import { Client, type MergedPage } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * let page: MergedPage = await client.fetch("logs");
 * while (page.lag > 0) page = await client.fetch("logs", { cursor: page.cursor });
 * ```
 */
export interface MergedPage extends PageContents {
  /** Where the next page begins: opaque, and good for as long as the topic lives. */
  readonly cursor: string;
  /** Records behind the cursor. */
  readonly lag: number;
  /** With `order: "source"`: records that are here and wait for earlier ones; else 0. */
  readonly heldBack: number;
}

interface WirePage {
  readonly records: readonly WireRecord[];
  readonly gaps: readonly WireGap[];
  readonly [rest: string]: unknown;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** @throws {LogboomError} invalid_answer */
export function partitionPage(bytes: Uint8Array, place: Place): PartitionPage {
  const page = decode(bytes);
  return {
    ...contentsOf(page, place),
    nextOffset: number(page, "next_offset"),
    leaderEpoch: number(page, "leader_epoch"),
    highWatermark: number(page, "high_watermark"),
    logStartOffset: number(page, "log_start_offset"),
  };
}

/** @throws {LogboomError} invalid_answer */
export function mergedPage(bytes: Uint8Array, place: Place): MergedPage {
  const page = decode(bytes);
  if (typeof page["cursor"] !== "string") throw invalid("it has no cursor");
  return {
    ...contentsOf(page, place),
    cursor: page["cursor"],
    lag: number(page, "lag"),
    heldBack: page["held_back"] === undefined ? 0 : number(page, "held_back"),
  };
}

function contentsOf({ records, gaps }: WirePage, place: Place): PageContents {
  return { records: records.map(recordOf), gaps: gaps.map((gap) => gapOf(gap, place)) };
}

function decode(bytes: Uint8Array): WirePage {
  let page: Partial<WirePage> | null;
  try {
    page = JSON.parse(decoder.decode(bytes)) as Partial<WirePage> | null;
  } catch (error) {
    throw invalid("it is no JSON", error);
  }
  if (Array.isArray(page?.records) && Array.isArray(page.gaps)) return page as WirePage;
  throw invalid("it has no records");
}

function number(page: WirePage, name: string): number {
  const value = page[name];
  if (typeof value === "number") return value;
  throw invalid(`its ${name} is no number`);
}

function invalid(state: string, cause?: unknown): LogboomError {
  return new LogboomError("invalid_answer", `Cannot read the page: ${state}`, { cause });
}

/** Records and gaps in the order they lie: a gap stands before the first record behind it. */
export function* inOrder({ records, gaps }: PageContents): Generator<LogRecord | Gap, void, void> {
  let waiting = gaps;
  for (const record of records) {
    if (waiting.length > 0) {
      const before = (gap: Gap) => gap.partition === record.partition && gap.to <= record.offset;
      yield* waiting.filter(before);
      waiting = waiting.filter((gap) => !before(gap));
    }
    yield record;
  }
  yield* waiting;
}
