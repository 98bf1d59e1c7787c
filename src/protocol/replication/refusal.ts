/**
 * What a receiver refuses, inside an answer that may also hold good news: one log or one lane is
 * refused and the others go on. The answer's status is that of the first refusal, 200 without one;
 * the body is a problem document with these members beside it.
 *
 *     lane       string    "topic/partition" at the sender, in answers to append
 *     log_id     16 hex    where the trouble is with one log
 *     code       string    an error code
 *     detail     string    in a sentence
 *     retriable  boolean   whether the same can succeed later without anyone's help
 *     expected   integer   lane_out_of_order: the source offset the receiver expects next
 *     from, to   integers  batch_rejected: source offsets that will never be taken
 *
 * @module
 */
import { OFFSET_MAX } from "../../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../../base/types.ts";
import type { Fields } from "./fields.ts";
import { LANE_NAME_MAX } from "./lane_name.ts";

export interface Refusal {
  readonly lane: string | null;
  readonly logId: LogId | null;
  readonly code: string;
  readonly detail: string;
  readonly retriable: boolean;
  readonly expected: Offset | null;
  readonly range?: OffsetRange | null;
}

const CODE_MAX = 64;
const DETAIL_MAX = 2_048;

export function refusalToJson(refusal: Refusal): Record<string, unknown> {
  return {
    ...(refusal.lane === null ? undefined : { lane: refusal.lane }),
    ...(refusal.logId === null ? undefined : { log_id: refusal.logId }),
    code: refusal.code,
    detail: refusal.detail.slice(0, DETAIL_MAX),
    retriable: refusal.retriable,
    ...(refusal.expected === null ? undefined : { expected: refusal.expected }),
    ...(refusal.range ? { from: refusal.range.from, to: refusal.range.to } : undefined),
  };
}

export function refusalOf(fields: Fields): Refusal {
  return {
    lane: fields.has("lane") ? fields.text("lane", LANE_NAME_MAX) : null,
    logId: fields.has("log_id") ? fields.id("log_id") : null,
    code: fields.text("code", CODE_MAX),
    detail: fields.text("detail", DETAIL_MAX),
    retriable: fields.boolean("retriable"),
    expected: fields.has("expected") ? fields.integer("expected", 0, OFFSET_MAX) : null,
    range: fields.has("from") ? rangeOf(fields) : null,
  };
}

function rangeOf(fields: Fields): OffsetRange {
  const from = fields.integer("from", 0, OFFSET_MAX);
  return { from, to: fields.integer("to", from, OFFSET_MAX) };
}
