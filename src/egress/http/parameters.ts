/**
 * What reads of records have in common: their parameters, and what is checked before anything else.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import {
  FETCH_BYTES_DEFAULT,
  FETCH_BYTES_MAX,
  FETCH_RECORDS_DEFAULT,
  FETCH_RECORDS_MAX,
  FETCH_WAIT_MS_MAX,
} from "../../base/limits.ts";
import type { Cursor, Standing } from "../../protocol/http/cursor.ts";
import type { Query } from "../../protocol/http/query.ts";
import type { Topic } from "../../store/topic.ts";
import { lossNamer } from "../ledgered_losses.ts";
import { FILTER_PARAMETERS, RecordFilter } from "../record_filter.ts";
import type { RecordPageOptions } from "../record_page.ts";
import { sourceNamer } from "../record_source.ts";
import type { EgressOptions } from "./options.ts";

/** Names of what {@linkcode fetchParameters} reads. */
export const FETCH_PARAMETERS = [
  "max_records",
  "max_bytes",
  "min_bytes",
  "max_wait_ms",
  "source",
  ...FILTER_PARAMETERS,
] as const;

/** What the parameters of both kinds of fetch say. */
export interface FetchParameters {
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly source: boolean;
  readonly filter: RecordFilter | undefined;
}

export function fetchParameters(query: Query): FetchParameters {
  const maxBytes = query.integer("max_bytes", { min: 1, max: FETCH_BYTES_MAX });
  return {
    maxRecords: query.integer("max_records", { min: 1, max: FETCH_RECORDS_MAX }) ??
      FETCH_RECORDS_DEFAULT,
    maxBytes: maxBytes ?? FETCH_BYTES_DEFAULT,
    minBytes: query.integer("min_bytes", { min: 1, max: FETCH_BYTES_MAX }) ?? 1,
    maxWaitMs: query.integer("max_wait_ms", { min: 0, max: FETCH_WAIT_MS_MAX }) ?? 0,
    source: query.flag("source"),
    filter: RecordFilter.ofQuery(query),
  };
}

/** How a page is to be made: as its reader asked for it, with what the node has. */
export function pageOptions(
  { store, inflate, nodeName }: EgressOptions,
  { maxRecords, maxBytes, source, filter }: FetchParameters,
): RecordPageOptions {
  const { core, logs, ranges } = store;
  const sourceOf = source ? sourceNamer({ nodeName, logs, ranges }) : undefined;
  const lossesBefore = lossNamer(ranges);
  return { core, inflate, maxRecords, maxBytes, sourceOf, lossesBefore, filter };
}

/** Whether the reader asked for the order of source, not of arrival. */
export function isInSourceOrder(query: Query): boolean {
  const order = query.text("order") ?? "arrival";
  if (order === "source" || order === "arrival") return order === "source";
  throw new OperatingError(
    "invalid_argument",
    'Cannot use parameter "order": it is neither "arrival" nor "source"',
    { parameter: "order" },
  );
}

/** Ends a wait when the reader has gone, or the node stops. */
export function waitSignal({ stopping }: EgressOptions, request: Request): AbortSignal {
  return stopping === undefined ? request.signal : AbortSignal.any([request.signal, stopping]);
}

/**
 * Where a cursor stands in each of so many partitions. Those that were added since are read from
 * their beginning.
 *
 * @throws {OperatingError} log_diverged when the cursor is of another topic of that name
 */
export function standingsOf(
  topic: Topic,
  { topicId, standings }: Cursor,
  partitions: number,
): Standing[] {
  if (topicId === topic.id && standings.length <= partitions) {
    return Array.from({ length: partitions }, (_, at) => standings[at] ?? ADDED);
  }
  throw new OperatingError(
    "log_diverged",
    `Cannot go on from the cursor: it is of another topic than today's ${topic.name}`,
    { topic: topic.name, topic_id: topic.id, cursor_topic_id: topicId },
  );
}

const ADDED: Standing = { epoch: -1, offset: 0 };
