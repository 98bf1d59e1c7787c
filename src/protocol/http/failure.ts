/**
 * What is done about a request that failed, whichever door it came to: counted, told to the log
 * where it is a bug of ours, and answered with a problem document.
 *
 * @module
 */
import { isOperatingError, messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import { problemCounter, problemResponse } from "./problem.ts";

export interface FailureOptions {
  readonly logger: Logger;
  /** Left out where problems are not counted. */
  readonly metrics?: Metrics | undefined;
  /** A bug was caught. */
  readonly onBug?: ((error: unknown) => void) | undefined;
}

export function failureResponse(error: unknown, options: FailureOptions): Response {
  const { logger, metrics, onBug } = options;
  if (metrics !== undefined) metrics.counter(...problemCounter(error)).value++;
  if (!isOperatingError(error)) {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error("http_request_failed", { error: messageOf(error), stack });
    onBug?.(error);
  }
  return problemResponse(error);
}
