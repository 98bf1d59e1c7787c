/**
 * `order=source`, of one partition or of all of a topic merged: from an opaque cursor on, or from a
 * local offset of one partition.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import type { Offset } from "../../base/types.ts";
import { decodeCursor, encodeCursor, type SourceScope } from "../../protocol/http/cursor.ts";
import type { PageType } from "../../protocol/http/fetch_body.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { SourceReading } from "../../store/source_order.ts";
import type { Topic } from "../../store/topic.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { type MergedPage, type MergedStream, readMergedPage } from "../merged_page.ts";
import { ScanBudget } from "../record_scan.ts";
import { isAtEnd, readSourcePage, type SourcePlace } from "../source_page.ts";
import { sourceWait } from "../source_wait.ts";
import { cursorPage } from "./cursor_page.ts";
import { checkAllReadable, checkReadable, readFrom } from "./out_of_range.ts";
import type { PullOptions } from "./options.ts";
import { pageResponse } from "./page_response.ts";
import { type FetchParameters, pageOptions, standingsOf, waitSignal } from "./parameters.ts";

export interface SourceRequest extends SourceScope {
  readonly topic: Topic;
  readonly type: PageType;
  readonly parameters: FetchParameters;
  readonly cursor: string | undefined;
  /** Where it begins without a cursor: an offset for each log. */
  readonly start: (log: PartitionLog) => Offset;
}

interface ReadLog {
  readonly log: PartitionLog;
  readonly order: SourceReading;
}

/**
 * @throws {OperatingError} log_diverged when the cursor is of another topic or history;
 *         invalid_argument when it is of another kind of read; offset_out_of_range
 */
export async function fetchInSourceOrder(
  options: PullOptions,
  request: Request,
  wanted: SourceRequest,
): Promise<Response> {
  const { topic, partition, type } = wanted;
  const { ranges } = options.store;
  const logs = topic.partitions.filter((log) => partition === null || log.index === partition)
    .map((log) => ({ log, order: ranges.inOrder(log.topic, log.index) }));
  const page = await readFrom(
    () => startPlaces(logs, wanted),
    (start) => awaitedPage(options, request, { logs, wanted, start }),
  );
  const { records, gaps, places } = page;
  const cursor = cursorAt(wanted, logs, places);
  const lag = logs.reduce(
    (sum, { log }, at) => sum + Math.max(0, log.highWatermark - places[at]!.offset),
    0,
  );
  const heldBack = logs.reduce((sum, { order }) => sum + order.heldBack(), 0);
  const body = cursorPage(type, { records, gaps, cursor, lag, heldBack });
  return await pageResponse(request, body, options.compress);
}

/** A page with something in it, or what there is when the time is up. */
async function awaitedPage(
  options: PullOptions,
  request: Request,
  { logs, wanted, start }: {
    readonly logs: readonly ReadLog[];
    readonly wanted: SourceRequest;
    readonly start: readonly SourcePlace[];
  },
): Promise<MergedPage<SourcePlace>> {
  const { clock, store } = options;
  const { maxWaitMs } = wanted.parameters;
  const untilMs = clock.monotonicMs() + maxWaitMs;
  const signal = maxWaitMs > 0 ? waitSignal(options, request) : undefined;
  const { parameters } = wanted;
  let places = start;
  for (;;) {
    const unread = logs.filter(({ log, order }, at) => !isAtEnd(log, order, places[at]!)).length;
    const budgets = logs.map(() => new ScanBudget(unread));
    const streams = logs.map((each, at) =>
      streamOf(options, each, { parameters, budget: budgets[at]! })
    );
    const page = await readMergedPage(streams, places, parameters);
    if (page.records.length > 0 || page.gaps.length > 0) return page;
    places = page.places;
    const timeoutMs = untilMs - clock.monotonicMs();
    if (timeoutMs <= 0 || signal?.aborted || budgets.some(({ isSpent }) => isSpent)) {
      return page;
    }
    if (!logs.every(({ log, order }, at) => isAtEnd(log, order, places[at]!))) continue;
    await sourceWait(logs.map(({ log }) => log), {
      timeoutMs,
      signal,
      onMerged: (wake) => store.ranges.onMerged(wake),
    });
  }
}

function streamOf(
  options: PullOptions,
  { log, order }: ReadLog,
  { parameters, budget }: { readonly parameters: FetchParameters; readonly budget: ScanBudget },
): MergedStream<SourcePlace> {
  const each = pageOptions(options, parameters);
  const { turns } = options;
  const scan = parameters.filter === undefined ? undefined : { budget, turns };
  return {
    partition: log.index,
    isAtEnd: (place) => isAtEnd(log, order, place),
    isSpent: () => budget.isSpent,
    async read(place, maxBytes) {
      const page = await readSourcePage(log, place, { ...each, maxBytes, order, scan });
      if (scan === undefined) return { ...page, before: undefined };
      // What a filter passed over is behind the reader as soon as it is read, gaps as well.
      const gaps = page.gaps.map((gap) => gap.before === 0 ? { ...gap, before: -1 } : gap);
      return { ...page, gaps };
    },
  };
}

function startPlaces(
  logs: readonly ReadLog[],
  wanted: SourceRequest,
): SourcePlace[] {
  const { topic, partition, cursor, start } = wanted;
  if (cursor === undefined) {
    return logs.map(({ log }) => {
      const offset = start(log);
      checkReadable(log, offset);
      return { offset, splice: null };
    });
  }
  const decoded = decodeCursor(cursor);
  if (decoded.source === undefined || decoded.source.partition !== partition) {
    throw new OperatingError(
      "invalid_argument",
      "Cannot go on from the cursor: it is of another order, or of other partitions",
      { parameter: "cursor" },
    );
  }
  const known = standingsOf(topic, decoded, logs.length);
  const standings = logs.map(({ log }, at) => {
    const { epoch, offset, splice } = known[at]!;
    checkEpoch(log, epoch, offset);
    return { log, offset, splice: splice ?? null };
  });
  checkAllReadable(standings, (offsets) =>
    cursorAt(
      wanted,
      logs,
      standings.map(({ offset, splice }, at) =>
        offset === offsets[at] ? { offset, splice } : { offset: offsets[at]!, splice: null }
      ),
    ));
  return standings.map(({ offset, splice }) => ({ offset, splice }));
}

function cursorAt(
  { topic, partition }: SourceRequest,
  logs: readonly ReadLog[],
  places: readonly SourcePlace[],
): string {
  const standings = logs.map(({ log }, at) => ({
    epoch: epochBefore(log, places[at]!.offset),
    ...places[at]!,
  }));
  return encodeCursor({ topicId: topic.id, source: { partition }, standings });
}
