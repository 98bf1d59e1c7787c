/**
 * Records that were lost before they came here: another node's ledger names them, and in the local
 * log nothing is missing. A reader is told right before the record that follows them in their log,
 * by a gap that holds no local offsets.
 *
 * @module
 */
import type { LogId, Offset } from "../base/types.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { PageGap } from "../protocol/http/fetch_body.ts";
import type { ReceivedLog } from "../store/received_log.ts";

/** What it needs of the received ranges. */
export interface LossBook {
  get(
    logId: LogId,
  ): Pick<ReceivedLog, "lost" | "firstOffset" | "predecessor" | "predecessorEnd"> | undefined;
}

/** The gaps to be told of before a batch. */
export type LossesBefore = (
  header: Pick<BatchHeader, "logId" | "sourceOffset" | "baseOffset" | "lastOffset">,
) => readonly PageGap[];

/** Runs of one partition that it goes back through; each start of a gateway is one. */
const RUNS_MAX = 64;

/**
 * For one page: of each log it knows what stood before in the page, so that what is lost between two
 * batches is found whatever else lies there. Before the first one of a log it is what ends there.
 */
export function lossNamer(book: LossBook): LossesBefore {
  const ends = new Map<LogId, Offset>();
  const logs = new Map<LogId, ReturnType<LossBook["get"]>>();
  return ({ logId, sourceOffset, baseOffset, lastOffset }) => {
    const before = ends.get(logId);
    ends.set(logId, sourceOffset + lastOffset - baseOffset + 1);
    if (before === sourceOffset) return NONE;
    if (!logs.has(logId)) logs.set(logId, book.get(logId));
    if (logs.get(logId) === undefined) return NONE;
    const lost = before !== undefined && before < sourceOffset
      ? lostWithin(book, { logId, from: before, to: sourceOffset })
      : lostRightBefore(book, logId, sourceOffset);
    return lost.map(({ reason, ...source }) => ({
      ...{ from: baseOffset, to: baseOffset, reason },
      source: { log_id: source.logId, from: source.from, to: source.to },
    }));
  };
}

interface Lost {
  readonly logId: LogId;
  readonly from: Offset;
  readonly to: Offset;
  readonly reason: string;
}

const NONE: readonly PageGap[] = [];

function lostWithin(book: LossBook, { logId, from, to }: Omit<Lost, "reason">): Lost[] {
  return book.get(logId)!.lost
    .filter((range) => range.to > from && range.from < to)
    .map((range) => ({ ...range, logId }));
}

/** Back through what ends there, and through earlier runs of the same partition. */
function lostRightBefore(book: LossBook, logId: LogId, offset: Offset): Lost[] {
  const found: Lost[] = [];
  let [id, at] = [logId, offset];
  for (let runs = 0; runs < RUNS_MAX;) {
    const log = book.get(id);
    if (log === undefined) break;
    const range = log.lost.findLast(({ to }) => to === at);
    if (range !== undefined) {
      found.unshift({ ...range, logId: id });
      at = range.from;
    } else if (at === log.firstOffset && log.predecessor !== null) {
      [id, at] = [log.predecessor, log.predecessorEnd];
      runs += 1;
    } else {
      break;
    }
  }
  return found;
}
