/**
 * POST /v1/replication/append, the answer: sent once what was appended is synced.
 *
 * answer, JSON
 *     logs       of each log in the request: log_id, held, settled (see announce.ts)
 *     skips      of each skip that was not void, each
 *       log_id   16 hex
 *       from,to  integers     as skipped
 *       lacking  [{from, to}] the part of it the receiver does not hold: this part is lost
 *     refused    see refusal.ts
 *
 * @module
 */
import {
  REPLICATION_JSON_BYTES_MAX,
  REPLICATION_LANES_PER_REQUEST_MAX,
  REPLICATION_SKIPS_PER_REQUEST_MAX,
} from "../../base/link_limits.ts";
import type { LogId, OffsetRange } from "../../base/types.ts";
import { type LogStanding, standingOf, standingToJson } from "./announce.ts";
import { Fields } from "./fields.ts";
import { type Refusal, refusalOf, refusalToJson } from "./refusal.ts";

export interface SkipAnswer extends OffsetRange {
  readonly logId: LogId;
  readonly lacking: readonly OffsetRange[];
}

export interface AppendAnswer {
  readonly logs: readonly LogStanding[];
  readonly skips: readonly SkipAnswer[];
  readonly refused: readonly Refusal[];
}

/** Logs of one request: each lane carries a few, and the skips of a chain one each. */
const LOGS_MAX = 4 * REPLICATION_SKIPS_PER_REQUEST_MAX;
const LACKING_MAX = 1_024;

/** The members of the answer; the receiver puts a problem's beside them when it refused any. */
export function appendAnswerToJson(answer: AppendAnswer): Record<string, unknown> {
  return {
    logs: answer.logs.map(standingToJson),
    skips: answer.skips.map((skip) => ({
      log_id: skip.logId,
      from: skip.from,
      to: skip.to,
      lacking: skip.lacking.map(({ from, to }) => ({ from, to })),
    })),
    refused: answer.refused.map(refusalToJson),
  };
}

export function decodeAppendAnswer(body: Uint8Array): AppendAnswer {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "append answer", bytesMax });
  return {
    logs: fields.list("logs", LOGS_MAX).map(standingOf),
    skips: fields.list("skips", REPLICATION_SKIPS_PER_REQUEST_MAX).map((skip) => ({
      logId: skip.id("log_id"),
      ...rangeOf(skip),
      lacking: skip.list("lacking", LACKING_MAX).map(rangeOf),
    })),
    refused: fields.list("refused", REPLICATION_LANES_PER_REQUEST_MAX).map(refusalOf),
  };
}

function rangeOf(fields: Fields): OffsetRange {
  const from = fields.offset("from");
  return { from, to: fields.integer("to", from, Number.MAX_SAFE_INTEGER) };
}
