/**
 * Log lines that clients cause. A fleet of broken devices would fill the disk with them, so only so
 * many are written a second; how many were not is said in the next one.
 *
 * @module
 */
import { MQTT_LOG_LINES_PER_SWEEP } from "../../base/limits.ts";
import type { LogFields, Logger } from "../../base/log.ts";

export class ClientLog {
  readonly #logger: Logger;
  #lines = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Something a client did, or that happened to it. */
  info(event: string, fields: LogFields): void {
    if (this.#lines++ < MQTT_LOG_LINES_PER_SWEEP) this.#logger.info(event, fields);
  }

  warn(event: string, fields: LogFields): void {
    if (this.#lines++ < MQTT_LOG_LINES_PER_SWEEP) this.#logger.warn(event, fields);
  }

  /** Once a second. */
  sweep(): void {
    const suppressed = this.#lines - MQTT_LOG_LINES_PER_SWEEP;
    this.#lines = 0;
    if (suppressed > 0) this.#logger.warn("mqtt_log_suppressed", { lines: suppressed });
  }
}
