/**
 * How an append ends. "batch_full": seal that partition's batch, then again. "no_slot": seal any,
 * then again. "too_large": no batch could hold the record.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { Status } from "./status.ts";

export type AppendStatus = "ok" | "batch_full" | "no_slot" | "too_large";

export function appendStatus(status: number): AppendStatus {
  switch (status) {
    case Status.OK:
      return "ok";
    case Status.BATCH_FULL:
      return "batch_full";
    case Status.NO_SLOT:
      return "no_slot";
  }
  assert(status === Status.TOO_LARGE, "an append ends in one of four ways");
  return "too_large";
}
